package io.github.rseq4j.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Programs that benchmarks run. */
public final class Commands {
    private static final long LIMIT_SECONDS = 180;
    /** Agrona reads and writes memory by a class of the JDK's own. */
    private static final String AGRONA = "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED";

    private Commands() {}

    /**
     * Tells whether the PATH has a program.
     *
     * @param program its name
     * @return whether a folder of the PATH has an executable file of this name
     */
    public static boolean has(String program) {
        return Arrays.stream(Objects.requireNonNullElse(System.getenv("PATH"), "").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /**
     * Runs a program to its end, for at most three minutes.
     *
     * @param command its name and arguments
     * @return its output and error output
     * @throws IOException if the program cannot be started, ends with another status than 0, or takes too long; the
     *     message has its output
     * @throws InterruptedException if this thread is interrupted; the program is ended
     */
    public static String output(String... command) throws IOException, InterruptedException {
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

    /**
     * Tells whether a program starts and ends with status 0.
     *
     * @param command its name and arguments
     * @return whether it does
     * @throws InterruptedException if this thread is interrupted; the program is ended
     */
    public static boolean succeeds(String... command) throws InterruptedException {
        try {
            output(command);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Runs a main class in a JVM of its own, with the class path of this one. The error output goes to this process's.
     *
     * @param main the class
     * @param arguments its arguments
     * @return its output
     * @throws IOException if the JVM cannot be started
     * @throws InterruptedException if this thread is interrupted
     * @throws IllegalStateException if the JVM ends with another status than 0
     */
    public static String java(Class<?> main, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", AGRONA, "-cp", System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(main.getSimpleName() + " " + String.join(" ", arguments)
                    + " ended with status " + process.exitValue());
        }
        return output;
    }
}
