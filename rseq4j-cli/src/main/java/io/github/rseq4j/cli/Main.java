package io.github.rseq4j.cli;

import io.github.rseq4j.cli.agent.AttachCommand;
import io.github.rseq4j.cli.agent.DetachCommand;
import io.github.rseq4j.cli.agent.TopCommand;
import io.github.rseq4j.cli.demo.DemoCommand;
import io.github.rseq4j.cli.doctor.DoctorCommand;
import io.github.rseq4j.cli.inspect.InspectCommand;
import io.github.rseq4j.cli.io.CheckedOutput;
import io.github.rseq4j.cli.io.Launch;
import io.github.rseq4j.cli.listing.ListingCommand;
import io.github.rseq4j.cli.provider.ProviderCommand;
import io.github.rseq4j.cli.selftest.SelftestCommand;
import io.github.rseq4j.cli.trace.TraceCommand;
import java.io.FileDescriptor;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code rseq4j}. */
@Command(name = "rseq4j", mixinStandardHelpOptions = true, version = "rseq4j 0.1.0-SNAPSHOT",
        description = "Linux restartable sequences for the JVM.",
        subcommands = {DoctorCommand.class, SelftestCommand.class, ListingCommand.class, DemoCommand.class,
            ProviderCommand.class, InspectCommand.class, TraceCommand.class, AttachCommand.class,
            DetachCommand.class, TopCommand.class, LauncherCommands.Sample.class, LauncherCommands.Bench.class,
            HelpCommand.class, CompletionCommand.class},
        synopsisSubcommandLabel = "COMMAND", footer = {"", "rseq4j help COMMAND describes a command."})
public final class Main implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    /** Creates the command. Called by picocli. */
    Main() {}

    /**
     * Runs the command line, and ends the JVM with its exit status.
     *
     * @param arguments the arguments of the command line
     */
    public static void main(String[] arguments) {
        CheckedOutput out = CheckedOutput.of(FileDescriptor.out);
        CheckedOutput err = CheckedOutput.of(FileDescriptor.err);
        CommandLine line = commandLine().setOut(out.writer("stdout.encoding")).setErr(err.writer("stderr.encoding"));
        System.exit(Launch.execute(line, out, arguments));
    }

    /** Returns the command line, ready to execute. */
    static CommandLine commandLine() {
        return Launch.prepared(new CommandLine(new Main()));
    }

    /** Throws: a subcommand is required. */
    @Override
    public Integer call() {
        throw Launch.noCommand(Objects.requireNonNull(spec));
    }
}
