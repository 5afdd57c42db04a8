package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.RegularFile;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code rseq4j}. */
@Command(name = "rseq4j", mixinStandardHelpOptions = true, version = "rseq4j 0.1.0-SNAPSHOT",
        description = "Linux restartable sequences for the JVM.",
        subcommands = {DoctorCommand.class, SelftestCommand.class, ListingCommand.class, DemoCommand.class,
            ProviderCommand.class, InspectCommand.class, TraceCommand.class},
        synopsisSubcommandLabel = "COMMAND", footer = {"", "rseq4j COMMAND --help tells more of each."})
public final class Main implements Callable<Integer> {
    private static final int EXIT_FAILED = 1;
    private static final int EXIT_USAGE = 2;
    /** What a shell says of a process that SIGPIPE ended: whoever read the output wanted no more. */
    private static final int EXIT_PIPE = 128 + 13;
    private static final int MAX_MESSAGE_CHARS = 2_000;
    /** The system property that makes an unexpected failure print its stack trace. */
    private static final String DEBUG_PROPERTY = "rseq4j.debug";

    @Spec
    private @Nullable CommandSpec spec;

    /** Makes the command; picocli calls this. */
    Main() {}

    /**
     * Runs the command line and ends the JVM with its exit status.
     *
     * @param arguments the command's words
     */
    public static void main(String[] arguments) {
        CheckedOutput out = CheckedOutput.of(FileDescriptor.out);
        CheckedOutput err = CheckedOutput.of(FileDescriptor.err);
        CommandLine line = commandLine().setOut(out.writer("stdout.encoding")).setErr(err.writer("stderr.encoding"));
        System.exit(execute(line, out, arguments));
    }

    /**
     * Runs a command line; an error is one line too, which picocli, that knows exceptions alone, would let through. So
     * is output that was lost.
     *
     * @param line the command line
     * @param out what its output goes to, if it is known
     * @param arguments the command's words
     * @return the exit status
     */
    static int execute(CommandLine line, @Nullable CheckedOutput out, String... arguments) {
        int exit;
        try {
            exit = line.execute(arguments);
        } catch (OutOfMemoryError e) {
            exit = fail(line, new InputException("there is not enough memory: give the JVM more (RSEQ4J_JAVA_OPTS="
                    + "-Xmx...), it has " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB"), EXIT_FAILED, "");
        } catch (Error e) {
            exit = fail(line, e, EXIT_FAILED, "");
        }
        boolean isErrorLost = line.getErr().checkError();
        if (line.getOut().checkError()) {
            IOException failure = out == null ? null : out.failure();
            if (failure != null && "Broken pipe".equals(failure.getMessage())) {
                return EXIT_PIPE;
            }
            int lost = fail(line, new InputException("the output cannot be written"
                    + (failure == null ? "" : ": " + RegularFile.why(failure))), EXIT_USAGE, "");
            return exit == 0 ? lost : exit;
        }
        return exit == 0 && isErrorLost ? EXIT_USAGE : exit;
    }

    /** Returns the command line, ready to execute. */
    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Main());
        String[] version = line.getCommandSpec().version();
        setVersion(line, version);
        line.setParameterExceptionHandler((e, _) -> {
            String name = e.getCommandLine().getCommandSpec().qualifiedName();
            return fail(e.getCommandLine(), e, EXIT_USAGE, "; see " + name + " --help");
        });
        line.setExecutionExceptionHandler((e, command, _) -> e instanceof InputException
                ? fail(command, e, EXIT_USAGE, "") : fail(command, e, EXIT_FAILED, ""));
        return line;
    }

    private static void setVersion(CommandLine line, String[] version) {
        line.getCommandSpec().version(version);
        line.getSubcommands().values().forEach(command -> setVersion(command, version));
    }

    private static int fail(CommandLine command, Throwable e, int exit, String hint) {
        PrintWriter err = command.getErr();
        String message = message(command, e);
        String prefix = e instanceof InputException || e instanceof ParameterException ? ""
                : e.getClass().getSimpleName() + ": ";
        err.println("rseq4j: " + Printable.text(Printable.cut(prefix + message.lines().findFirst().orElse(""),
                MAX_MESSAGE_CHARS)) + hint);
        if (Boolean.getBoolean(DEBUG_PROPERTY)) {
            e.printStackTrace(err);
        }
        err.flush();
        return exit;
    }

    private static String message(CommandLine command, Throwable e) {
        if (e instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()
                && !command.getSubcommands().isEmpty()) {
            return "command=" + unmatched.getUnmatched().getFirst() + " is unknown, there are " + commands(command);
        }
        return Objects.requireNonNullElse(e.getMessage(), e.getClass().getName());
    }

    private static String commands(CommandLine line) {
        return String.join(", ", line.getSubcommands().keySet());
    }

    /** Without a command there is nothing to do. */
    @Override
    public Integer call() {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        throw new ParameterException(line, "no command given, there are " + commands(line));
    }
}
