package io.github.rseq4j.cli.io;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import picocli.CommandLine;

/** Runs a command line. Each failure becomes one line of the error output, and an exit status. */
public final class Launch {
    private static final int EXIT_FAILED = 1;
    private static final int EXIT_USAGE = 2;
    /** The status that a shell reports for a process that SIGPIPE ended: the reader has closed the pipe. */
    private static final int EXIT_PIPE = 128 + 13;
    private static final int MAX_MESSAGE_CHARS = 4_000;
    /** The system property that turns on stack traces of failures. */
    private static final String DEBUG_PROPERTY = "rseq4j.debug";

    private Launch() {}

    /**
     * Returns the command line of a command. All subcommands get its version and its handling of errors.
     *
     * @param main the command
     * @return the command line, ready to execute
     */
    public static CommandLine prepared(Object main) {
        CommandLine line = new CommandLine(main);
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

    /**
     * Runs a command line. An {@link Error}, which picocli does not handle, and lost output become one line of the
     * error output, as exceptions do.
     *
     * @param line the command line
     * @param out the target of its output, or null if it is not known
     * @param arguments the arguments of the command line
     * @return the exit status
     */
    public static int execute(CommandLine line, @Nullable CheckedOutput out, String... arguments) {
        int exit;
        try {
            exit = line.execute(arguments);
        } catch (OutOfMemoryError e) {
            exit = fail(line, new InputException("there is not enough memory: give the JVM more (RSEQ4J_JAVA_OPTS="
                    + "-Xmx...); it has " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB"), EXIT_FAILED, "");
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
            return "command=" + unmatched.getUnmatched().getFirst() + " is unknown, must be one of "
                    + commands(command);
        }
        return Objects.requireNonNullElse(e.getMessage(), e.getClass().getName());
    }

    private static String commands(CommandLine line) {
        return String.join(", ", line.getSubcommands().keySet());
    }

    /**
     * Returns the exception of a command that was called without a subcommand.
     *
     * @param spec the command
     * @return the exception, whose message lists the subcommands
     */
    public static ParameterException noCommand(CommandSpec spec) {
        CommandLine line = spec.commandLine();
        return new ParameterException(line, "no command given, must be one of " + commands(line));
    }
}
