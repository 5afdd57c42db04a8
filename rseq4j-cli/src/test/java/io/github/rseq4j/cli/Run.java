package io.github.rseq4j.cli;

import io.github.rseq4j.cli.io.CheckedOutput;
import io.github.rseq4j.cli.io.Launch;
import java.io.File;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;

/**
 * The result of a command that ran in this JVM.
 *
 * @param exit its exit status
 * @param out its output
 * @param err its error output
 */
public record Run(int exit, String out, String err) {
    /** Returns the class path for a child JVM, also if this JVM uses a module path. */
    public static String classPath() {
        Path tests = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-cli/target/test-classes");
        return Stream.of(System.getProperty("jdk.module.path", ""), tests.toAbsolutePath().toString(),
                System.getProperty("java.class.path", "")).filter(each -> !each.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
    }

    /** Runs the whole command line, as a user does. */
    public static Run of(String... arguments) {
        return of(Main.commandLine(), arguments);
    }

    /** Runs a command line that the test has made. */
    public static Run of(CommandLine line, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Run(Launch.execute(line, null, arguments), out.toString(), err.toString());
    }

    /** Runs the whole command line with the test's output. */
    public static Run into(OutputStream target, String... arguments) {
        CheckedOutput out = new CheckedOutput(target);
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine().setOut(out.writer("stdout.encoding")).setErr(new PrintWriter(err));
        return new Run(Launch.execute(line, out, arguments), "", err.toString());
    }

    /** Returns the error output, which must be a single line of rseq4j; the output must be empty. */
    public String onlyError() {
        List<String> lines = err.lines().toList();
        if (lines.size() != 1 || !lines.getFirst().startsWith("rseq4j: ") || !out.isEmpty()) {
            throw new AssertionError("expected one line of error output and no output: " + this);
        }
        return lines.getFirst();
    }
}
