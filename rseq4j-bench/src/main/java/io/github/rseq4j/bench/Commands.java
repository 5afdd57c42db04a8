package io.github.rseq4j.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Runs programs, each for a bounded time. */
final class Commands {
    private static final long LIMIT_SECONDS = 180;

    private Commands() {}

    /** Tells whether the PATH has a program. */
    static boolean has(String program) {
        return Arrays.stream(Objects.requireNonNullElse(System.getenv("PATH"), "").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** Runs a program to its end, and returns its output and error output; a failure is an exception that has them. */
    static String output(String... command) throws IOException, InterruptedException {
        Path said = Files.createTempFile("rseq4j-command", ".txt");
        Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true)
                .redirectInput(new File("/dev/null")).redirectOutput(said.toFile()).start();
        try {
            boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            String output = Files.readString(said);
            if (!ended || process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + (ended ? " ended with status " + process.exitValue()
                        : " has not ended after " + LIMIT_SECONDS + " s") + " and says:\n" + output);
            }
            return output;
        } finally {
            process.destroyForcibly();
            Files.delete(said);
        }
    }

    /** Tells whether a program can be run and ends well. */
    static boolean succeeds(String... command) throws InterruptedException {
        try {
            output(command);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
