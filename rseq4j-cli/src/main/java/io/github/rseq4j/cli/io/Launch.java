package io.github.rseq4j.cli.io;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import picocli.CommandLine;

/** Runs a command line. Each failure becomes one line of the error output, and an exit status. */
public final class Launch {
    private static final int MAX_MESSAGE_CHARS = 4_000;
    /** The least width of picocli's help. */
    private static final int LEAST_COLUMNS = 55;
    /** The system property that turns on stack traces of failures. */
    private static final String DEBUG_PROPERTY = "rseq4j.debug";

    private Launch() {}

    /**
     * Prepares a command line. All subcommands get its version, its handling of errors and the width of the terminal.
     *
     * @param line the command line with its subcommands
     * @return the same command line, ready to execute
     */
    public static CommandLine prepared(CommandLine line) {
        String[] version = line.getCommandSpec().version();
        setVersion(line, version);
        setWidth(line, System.getenv("COLUMNS"));
        line.setParameterExceptionHandler((e, _) -> {
            String name = e.getCommandLine().getCommandSpec().qualifiedName();
            return fail(e.getCommandLine(), e, ExitStatus.USAGE, "; see " + name + " --help");
        });
        line.setExecutionExceptionHandler((e, command, _) -> e instanceof InputException input
                ? fail(command, e, input.status(), "") : fail(command, e, ExitStatus.BAD, ""));
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
            exit = fail(line, InputException.cannot("there is not enough memory: give the JVM more (RSEQ4J_JAVA_OPTS="
                    + "-Xmx...); it has " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB"), ExitStatus.CANNOT, "");
        } catch (Error e) {
            exit = fail(line, e, ExitStatus.BAD, "");
        }
        boolean isErrorLost = line.getErr().checkError();
        if (line.getOut().checkError()) {
            IOException failure = out == null ? null : out.failure();
            if (failure != null && "Broken pipe".equals(failure.getMessage())) {
                return ExitStatus.PIPE;
            }
            int lost = fail(line, InputException.cannot("the output cannot be written"
                    + (failure == null ? "" : ": " + RegularFile.why(failure))), ExitStatus.CANNOT, "");
            return exit == 0 ? lost : exit;
        }
        return exit == 0 && isErrorLost ? ExitStatus.CANNOT : exit;
    }

    /** Fits the help to the terminal: its width is the variable COLUMNS, or what the terminal says. */
    private static void setWidth(CommandLine line, @Nullable String columns) {
        if (columns != null && columns.matches("[1-9][0-9]{0,3}")) {
            line.setUsageHelpWidth(Math.max(LEAST_COLUMNS, Integer.parseInt(columns)));
        } else {
            // picocli asks stty or tput when help is printed. Without a terminal the width is 80.
            line.setUsageHelpAutoWidth(true);
        }
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
        if (e instanceof UnmatchedArgumentException unmatched) {
            String word = unmatched.getUnmatched().getFirst();
            if (unmatched.isUnknownOption()) {
                return e.getMessage() + meant(word.replaceFirst("=.*", ""), command.getCommandSpec().optionsMap()
                        .keySet());
            }
            if (!command.getSubcommands().isEmpty()) {
                return unknown(word, command);
            }
        }
        String message = Objects.requireNonNullElse(e.getMessage(), e.getClass().getName());
        return e instanceof ParameterException ? message.replaceFirst("^Error: ", "") : message;
    }

    private static String unknown(String word, CommandLine line) {
        String meant = meant(word, line.getSubcommands().keySet());
        return "command=" + word + " is unknown" + (meant.isEmpty() ? ", must be one of " + commands(line) : meant);
    }

    /** Asks whether one of the nearest names was meant; empty if no name is near. */
    private static String meant(String word, Set<String> names) {
        List<String> near = Suggestions.of(word, names);
        return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
    }

    private static String commands(CommandLine line) {
        return String.join(", ", line.getSubcommands().keySet());
    }

    /**
     * Returns the exception of a command that does not exist.
     *
     * @param line the command whose subcommand it would be
     * @param name its name
     * @return the exception, whose message lists similar commands, or all
     */
    public static ParameterException unknown(CommandLine line, String name) {
        return new ParameterException(line, unknown(name, line));
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
