package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The command line in a process of its own, on a terminal that script(1) makes. Used by one thread. A build in the
 * background of a shell ignores SIGINT; the command does not.
 */
public final class Terminal implements AutoCloseable {
    private static final Path SCRIPT = Path.of("/usr/bin/script");
    /** The sequences by which the line editor moves the cursor and sets modes. */
    private static final Pattern CONTROL = Pattern.compile("\u001b(?:\\[[0-9;?]*[a-zA-Z]|[=>])");
    private static final long PAUSE_MILLIS = 20;
    private static final int SHOWN_CHARS = 2000;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Process process;
    private final OutputStream keys;
    private final StringBuilder printed = new StringBuilder();
    private int read;

    /**
     * Starts a command.
     *
     * @param temporary the folder of its temporary files
     * @param arguments the arguments of the command line
     */
    public Terminal(Path temporary, String... arguments) throws IOException {
        boolean isThere = Files.isExecutable(SCRIPT);
        String reason = "script(1) is missing: install bsdutils";
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), reason);
        assumeTrue(isThere, reason);
        String command = Stream.concat(Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", Run.classPath(), Main.class.getName()),
                Stream.of(arguments)).map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        ProcessBuilder builder = new ProcessBuilder(List.of(SCRIPT.toString(), "--quiet", "--return", "--command",
                "stty rows 50 cols 150; exec env --default-signal=INT " + command, "/dev/null"))
                .redirectErrorStream(true);
        builder.environment().put("TERM", "xterm");
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("TMPDIR", temporary.toString());
        process = builder.start();
        keys = process.getOutputStream();
        Reader output = process.inputReader(StandardCharsets.UTF_8);
        Thread.ofPlatform().daemon().start(() -> {
            try {
                for (int c = output.read(); c >= 0; c = output.read()) {
                    print(String.valueOf((char) c));
                }
            } catch (IOException e) {
                print(e.toString());
            }
        });
    }

    private void print(String text) {
        synchronized (printed) {
            printed.append(text);
        }
    }

    private String printed() {
        synchronized (printed) {
            return printed.toString();
        }
    }

    /** Presses keys. */
    public void type(String text) throws IOException {
        keys.write(text.getBytes(StandardCharsets.UTF_8));
        keys.flush();
    }

    /** Returns the output after the part that was awaited last, without the control sequences. */
    public String rest() {
        return CONTROL.matcher(printed()).replaceAll("").substring(read);
    }

    /** Tells whether the output has a text after the part that was awaited last; that part then ends after the text. */
    public boolean has(String text) {
        Matcher found = Pattern.compile(text, Pattern.LITERAL).matcher(rest());
        boolean isThere = found.find();
        read += isThere ? found.end() : 0;
        return isThere;
    }

    /** Waits until the output has a text, and returns what came before it. */
    public String await(String text) throws InterruptedException {
        long start = System.nanoTime();
        String before = rest();
        while (!before.contains(text)) {
            assertTrue(System.nanoTime() - start < LIMIT_NANOS, () -> "no " + text + " in: "
                    + rest().substring(Math.max(rest().length() - SHOWN_CHARS, 0)));
            Thread.sleep(PAUSE_MILLIS);
            before = rest();
        }
        assertTrue(has(text), text);
        return before.substring(0, before.indexOf(text));
    }

    /** Waits for the end of the command, and returns its exit status. */
    public int exit() throws InterruptedException {
        assertTrue(process.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS), "the command has not ended");
        return process.exitValue();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
