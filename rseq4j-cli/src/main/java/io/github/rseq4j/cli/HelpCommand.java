package io.github.rseq4j.cli;

import io.github.rseq4j.cli.io.Launch;
import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code help}: describes the command line, or one of its commands. */
@Command(name = "help", helpCommand = true, description = "Describes rseq4j, or one of its commands.")
final class HelpCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "COMMAND",
            description = "The command, such as doctor, or a command with its subcommand, such as trace view.")
    private List<String> names = List.of();

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        CommandLine described = command.root().commandLine();
        for (String name : names) {
            CommandLine next = described.getSubcommands().get(name);
            if (next == null) {
                throw Launch.unknown(described, name);
            }
            described = next;
        }
        PrintWriter out = command.commandLine().getOut();
        described.usage(out);
        out.flush();
        return 0;
    }
}
