package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.rule.AgentOptions;
import io.github.rseq4j.agent.rule.RuleSet;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code detach}: restores the classes that the agent has changed. */
@Command(name = "detach", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Ends the tracing of methods in a running JVM, and restores its classes.",
        footer = {"", "Exit status: 0 detached, 1 the agent refused, 2 the process is wrong, "
            + "5 the JVM cannot be attached to."})
public final class DetachCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "PID", description = "The process.")
    private int pid;

    @Override
    public Integer call() throws IOException {
        return AgentCall.run(Objects.requireNonNull(spec).commandLine(), pid,
                new RuleSet(List.of(), AgentOptions.of(Map.of("detach", ""))));
    }
}
