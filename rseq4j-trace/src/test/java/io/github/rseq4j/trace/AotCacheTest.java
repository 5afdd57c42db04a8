package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that counts and traces runs from an AOT cache of itself. Each JVM still chooses its own engine. */
final class AotCacheTest {
    private static final String FALLBACK = "-Drseq4j.registration=never";
    /** The line of a class of the core in the JVM's log, when the class came from the cache. */
    private static final String CACHED =
            ".*io\\.github\\.rseq4j\\.percpu\\.PerCpuCounter source: shared objects file.*";

    @Test
    void countsAndTracesFromACache(@TempDir Path temporary) throws Exception {
        Path jar = jar(temporary);
        Path cache = temporary.resolve("app.aot");
        String given = System.getProperty("rseq4j.registration");
        List<String> own = given == null ? List.of() : List.of("-Drseq4j.registration=" + given);
        List<String> training = run(jar, temporary.resolve("training"), own, "-XX:AOTCacheOutput=" + cache);
        String trained = Child.output(Map.of(), training);
        Child.require("this JVM writes no AOT cache: " + trained, Files.exists(cache));

        String[] use = {"-XX:AOTMode=on", "-XX:AOTCache=" + cache, "-Xlog:class+load"};
        String run = Child.output(Map.of(), run(jar, temporary.resolve("run"), own, use));
        assertTrue(run.lines().anyMatch(line -> line.matches(CACHED)), run);
        requireExact(run, value(trained, "engine"));
        String other = Child.output(Map.of(), run(jar, temporary.resolve("other"), List.of(FALLBACK), use));
        assertTrue(other.lines().anyMatch(line -> line.matches(CACHED)), other);
        requireExact(other, "false");
    }

    private static void requireExact(String output, String engine) {
        assertEquals(engine, value(output, "engine"), output);
        assertEquals("1000", value(output, "counted"), output);
        assertEquals("1000", value(output, "read"), output);
    }

    private static String value(String output, String key) {
        return output.lines().filter(line -> line.startsWith(key + "=")).findFirst().orElse("")
                .replaceFirst("^[^=]*=", "");
    }

    private static List<String> run(Path jar, Path trace, List<String> own, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(own);
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", jar.toString(), AotChild.class.getName(), trace.toString()));
        return command;
    }

    /** A cache takes classes from jars only, so the folders of the build are put into one. */
    private static Path jar(Path folder) throws IOException {
        Path root = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
        Path jar = folder.resolve("app.jar");
        List<String> arguments = new ArrayList<>(List.of("--create", "--file", jar.toString()));
        for (String each : List.of("rseq4j-core", "rseq4j-trace")) {
            String classes = root.resolve(each).resolve("target/classes").toString();
            arguments.addAll(List.of("-C", classes, "io"));
        }
        String tests = root.resolve("rseq4j-trace/target/test-classes").toString();
        String name = AotChild.class.getName().replace('.', '/');
        arguments.addAll(List.of("-C", tests, name + ".class", "-C", tests, name + "$Events.class"));
        int status = ToolProvider.findFirst("jar").orElseThrow().run(System.out, System.err,
                arguments.toArray(String[]::new));
        assertEquals(0, status, "jar ended with that status");
        return jar;
    }
}
