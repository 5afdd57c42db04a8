package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Runs programs of the tests in JVMs of their own. */
public final class Child {
    private Child() {}

    /**
     * Returns the command that runs a program.
     *
     * @param options of the JVM
     * @param program its class
     * @param arguments its arguments
     */
    public static List<String> java(List<String> options, Class<?> program, String... arguments) {
        Path root = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
        List<String> classes = new ArrayList<>();
        for (String each : List.of("rseq4j-core/target/classes", "rseq4j-trace/target/classes",
                "rseq4j-trace/target/test-classes")) {
            classes.add(root.resolve(each).toString());
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        String clock = System.getProperty("rseq4j.trace.clock");
        if (clock != null) {
            command.add("-Drseq4j.trace.clock=" + clock);
        }
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", String.join(":", classes),
                program.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /**
     * Runs a command that must succeed, and returns what it printed.
     *
     * @param environment variables that are set besides the test's own
     * @param command the command
     */
    public static String output(Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    /**
     * Returns a command that runs another one with a small file system of its own.
     *
     * @param mount where it is mounted: an empty folder
     * @param megabytes how large it is
     * @param command the other one
     */
    static List<String> onSmallDisk(Path mount, int megabytes, List<String> command)
            throws IOException, InterruptedException {
        return unshared("--mount", "mount -t tmpfs -o size=" + megabytes + "m tmpfs '" + mount + "' && exec \"$@\"",
                command);
    }

    /**
     * Returns a command that runs another one in a namespace of its own.
     *
     * @param namespace unshare's option
     * @param script what a shell does there, that has the other command as its arguments
     * @param command the other one
     */
    static List<String> unshared(String namespace, String script, List<String> command)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("unshare", namespace, "sh", "-c", script, "sh"));
        List<String> tried = new ArrayList<>(all);
        tried.add("true");
        require("a namespace of one's own needs unshare(1) of util-linux, and root", succeeds(tried));
        all.addAll(command);
        return all;
    }

    /** Skips the test with a reason unless something holds; where nothing may be skipped it fails. */
    static void require(String reason, boolean holds) {
        if (!holds) {
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail(reason);
            }
            abort(reason);
        }
    }

    static boolean succeeds(List<String> command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException _) {
            return false;
        }
    }
}
