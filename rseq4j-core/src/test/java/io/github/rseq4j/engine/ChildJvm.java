package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.testing.Tool;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The result of a child JVM that runs a program of the tests. The program prints lines of the form key=value.
 *
 * @param exit its exit status
 * @param output the text that it printed
 */
public record ChildJvm(int exit, String output) {
    /** The option that native access needs on the class path. */
    public static final List<String> NATIVE = List.of("--enable-native-access=ALL-UNNAMED");
    /** Tells glibc 2.35 and later not to register. */
    public static final Map<String, String> NOT_BY_LIBC = Map.of("GLIBC_TUNABLES", "glibc.pthread.rseq=0");

    /** Returns the folders of the classes: the library's and the tests'. */
    public static List<Path> classes() {
        Path target = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-core", "target");
        return List.of(target.resolve("classes"), target.resolve("test-classes"));
    }

    /**
     * Returns the command that runs a program of the tests.
     *
     * @param options of the JVM
     * @param program its class
     * @param arguments its arguments
     */
    public static List<String> java(List<String> options, Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", classes().get(0) + ":" + classes().get(1), program.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    /**
     * Runs a command.
     *
     * @param command the command
     * @param environment variables to add to the test's own
     */
    public static ChildJvm start(List<String> command, Map<String, String> environment) {
        Tool.Outcome outcome = Tool.run("a JDK", environment, command);
        return new ChildJvm(outcome.exit(), outcome.output());
    }

    /**
     * Returns a value.
     *
     * @param key its key
     * @return the value, or empty
     */
    public String get(String key) {
        return output.lines().filter(line -> line.startsWith(key + "=")).findFirst().orElse("")
                .replaceFirst("^[^=]*=", "");
    }

    /** Requires that the child counted exactly. */
    public void requireExact() {
        assertEquals(0, exit, output);
        assertEquals(get("expected"), get("counted"), output);
        assertFalse(get("expected").isEmpty(), output);
    }

    /**
     * Requires that the child fell back and counted exactly.
     *
     * @param part of the reason
     */
    public void requireFallback(String part) {
        assertEquals("false", get("available"), output);
        assertEquals("NONE", get("owner"), output);
        assertTrue(get("reason").contains(part), output);
        assertFalse(get("remedy").isEmpty(), output);
        requireExact();
    }

    /**
     * Requires that the child ran on rseq and counted exactly.
     *
     * @param owner the expected owner
     */
    public void requireOwner(String owner) {
        assertEquals(owner, get("owner"), output);
        assertEquals("true", get("available"), output);
        requireExact();
    }
}
