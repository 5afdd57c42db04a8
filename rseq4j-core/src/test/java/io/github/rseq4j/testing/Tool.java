package io.github.rseq4j.testing;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Runs programs that tests need. Where one is missing, the test is skipped; in CI it fails. */
public final class Tool {
    /**
     * The result of a program.
     *
     * @param exit its exit status
     * @param output its output and error output
     */
    public record Outcome(int exit, String output) {}

    private Tool() {}

    /**
     * Skips a test where a requirement is missing; in CI the test fails.
     *
     * @param isThere whether the requirement is met
     * @param reason the missing requirement, and how to install it
     */
    public static void require(boolean isThere, String reason) {
        if (!isThere && Boolean.getBoolean("rseq4j.ci")) {
            fail(reason);
        }
        assumeTrue(isThere, reason);
    }

    /**
     * Runs a program.
     *
     * @param from the package that has it
     * @param environment variables to add to the test's own
     * @param command its name and arguments
     */
    public static Outcome run(String from, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            String reason = command.getFirst() + " is missing: install " + from;
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail(reason, e);
            }
            abort(reason);
            throw new IllegalStateException(e);
        }
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Runs a program that must succeed, and returns its output.
     *
     * @param from the package that has it
     * @param command its name and arguments
     */
    public static String output(String from, List<String> command) {
        Outcome outcome = run(from, Map.of(), command);
        if (outcome.exit() != 0) {
            fail(command + " ended with " + outcome.exit() + " and says:\n" + outcome.output());
        }
        return outcome.output();
    }
}
