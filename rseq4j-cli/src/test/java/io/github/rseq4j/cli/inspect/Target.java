package io.github.rseq4j.cli.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.SystemCall;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A process to inspect. It is a child of a shell, not of this JVM: the JDK waits for its children, and would mistake
 * the stop of a child that this JVM traces for its end.
 */
final class Target implements AutoCloseable {
    private static final Path SOURCE =
            Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-cli/src/test/c/inspected.c");
    private static final String TELL_PID = "echo $$; exec \"$@\"";
    private static final String SHELL = "exec 3<&0; sh -c '" + TELL_PID + "' sh \"$@\" <&3 & exec 3<&-; wait $!";
    private static final long SECONDS = 20;

    private final Process shell;
    private final BufferedReader output;
    private final int pid;

    /**
     * Starts a process.
     *
     * @param environment additional variables of the environment
     * @param command the command
     */
    Target(Map<String, String> environment, List<String> command) {
        List<String> words = new ArrayList<>(List.of("sh", "-c", SHELL, "sh"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        try {
            shell = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        output = shell.inputReader(StandardCharsets.UTF_8);
        pid = Integer.parseInt(line());
    }

    /** Starts a process that prints "ready". */
    static Target ready(Map<String, String> environment, List<String> command) {
        Target target = new Target(environment, command);
        try {
            assertEquals("ready", target.line());
            return target;
        } catch (Throwable e) {
            target.close();
            throw e;
        }
    }

    /** Starts a process that sleeps, and waits until it sleeps. */
    static Target sleeping(Map<String, String> environment) {
        Target target = new Target(environment, List.of("sleep", "1000"));
        target.await("it sleeps", () -> target.status("Name").equals("sleep") && target.isIn('S'));
        return target;
    }

    /** Compiles the C fixture. Without a compiler the test is skipped; in CI it fails. */
    static Path compile(Path folder, String name, String... options) throws IOException, InterruptedException {
        Architecture host = Objects.requireNonNull(Architecture.host());
        Path program = folder.resolve(name);
        List<String> command = new ArrayList<>(List.of("gcc", "-O1", "-pthread", "-DRSEQ=" + SystemCall.RSEQ.number(),
                "-DSIGNATURE=0x" + Integer.toHexString(host.signature()), "-o", program.toString(),
                SOURCE.toString()));
        command.addAll(List.of(options));
        try {
            Process gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, gcc.waitFor(), said);
        } catch (IOException e) {
            String reason = "gcc is missing: install gcc and libc6-dev";
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail(reason, e);
            }
            abort(reason);
        }
        return program;
    }

    int pid() {
        return pid;
    }

    /** Returns the next line of the process's output. */
    String line() {
        try {
            return Objects.requireNonNull(output.readLine(), "the process has ended");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a line to the process, and returns its answer. */
    String ask(String text) throws IOException {
        shell.getOutputStream().write((text + "\n").getBytes(StandardCharsets.UTF_8));
        shell.getOutputStream().flush();
        return line();
    }

    /** Returns a field of the process's status, or an empty text. */
    String status(String field) {
        try {
            return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                    .filter(line -> line.startsWith(field + ":"))
                    .map(line -> line.substring(field.length() + 1).strip()).findFirst().orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    boolean isIn(char state) {
        return status("State").startsWith(String.valueOf(state));
    }

    /** Waits until a condition holds. */
    void await(String what, BooleanSupplier isSo) {
        long start = System.nanoTime();
        while (!isSo.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(SECONDS),
                    what + ": not reached after " + SECONDS + " s: " + status("State"));
            Thread.onSpinWait();
        }
    }

    /** Sends the process a signal. */
    void signal(String name) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid).start().waitFor());
    }

    /** Ends the process. */
    @Override
    public void close() {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        try {
            shell.getOutputStream().close();
            assertTrue(shell.waitFor(SECONDS, TimeUnit.SECONDS), "the shell ends after the process");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            shell.destroyForcibly();
        }
    }
}
