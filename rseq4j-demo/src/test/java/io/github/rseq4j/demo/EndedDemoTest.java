package io.github.rseq4j.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.io.ExitStatus;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A demo that a signal ends. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class EndedDemoTest {
    private static final int SERVICES = 3;
    private static final long PAUSE_MILLIS = 50;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(90);

    @TempDir
    private Path folder = Path.of("");

    private static List<ProcessHandle> services(ProcessHandle of) {
        // The arguments of a long command line are not known.
        return of.descendants().filter(each -> each.info().command().orElse("").endsWith("java")).toList();
    }

    private List<Path> files(String name) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(each -> each.getFileName().toString().startsWith(name)).toList();
        }
    }

    private boolean isThere(String temporary) {
        File[] folders = folder.toFile().listFiles((_, name) -> name.startsWith("rseq4j-demo"));
        return folders != null && Stream.of(folders).anyMatch(each -> new File(each, temporary).exists());
    }

    /**
     * Starts a demo in a group of processes of its own, as a shell does. A build in the background ignores SIGINT, and
     * its children would, too.
     */
    private Process start(int seconds) throws IOException {
        Path tests = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-demo/target/test-classes");
        String classes = String.join(File.pathSeparator, System.getProperty("jdk.module.path", ""),
                tests.toAbsolutePath().toString(), System.getProperty("java.class.path", ""));
        return new ProcessBuilder("env", "--default-signal=INT", "setsid",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Djava.io.tmpdir=" + folder, "-cp", classes,
                LongDemo.class.getName(), folder.resolve("report.html").toString(), String.valueOf(seconds))
                .redirectError(ProcessBuilder.Redirect.INHERIT).redirectOutput(folder.resolve("out").toFile()).start();
    }

    private static void kill(String signal, String target) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("kill", "-s", signal, "--", target).start().waitFor());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void leavesNoProcessAndNoFile(String signal) throws IOException, InterruptedException {
        Process demo = start(600);
        List<ProcessHandle> services = List.of();
        try {
            // The log of a service is there before the service is.
            long end = System.nanoTime() + LIMIT_NANOS;
            while (files("metadata").isEmpty() || services.size() < SERVICES) {
                assertTrue(demo.isAlive() && System.nanoTime() < end, "the services start: " + services);
                Thread.sleep(PAUSE_MILLIS);
                services = services(demo.toHandle());
            }
            kill(signal, String.valueOf(demo.pid()));
            assertTrue(demo.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS));
            for (ProcessHandle each : services) {
                while (each.isAlive()) {
                    assertTrue(System.nanoTime() < end, "still there: " + each.info());
                    Thread.sleep(PAUSE_MILLIS);
                }
            }
            assertFalse(Files.exists(folder.resolve("report.html")));
            if (!signal.equals("KILL")) {
                assertEquals(List.of(), files("rseq4j-demo"));
            }
        } finally {
            demo.destroyForcibly();
            services.forEach(ProcessHandle::destroyForcibly);
        }
    }

    /** Ctrl-C on a terminal is a signal to the demo and to its services. */
    @Test
    void printsTheCompleteRoundsAtCtrlC() throws IOException, InterruptedException {
        Process demo = start(5);
        List<ProcessHandle> services = List.of();
        try {
            long end = System.nanoTime() + LIMIT_NANOS;
            // A slow request of the second round: the first one is complete.
            while (IntStream.rangeClosed(2, 5).noneMatch(round -> isThere("slow-RSEQ4J-" + round))) {
                assertTrue(demo.isAlive() && System.nanoTime() < end, "a round is complete");
                Thread.sleep(PAUSE_MILLIS);
                services = services(demo.toHandle());
            }
            kill("INT", "-" + demo.pid());
            assertTrue(demo.waitFor(LIMIT_NANOS, TimeUnit.NANOSECONDS));
            String text = Files.readString(folder.resolve("out"));
            assertEquals(ExitStatus.INTERRUPTED, demo.exitValue(), text);
            assertTrue(text.contains("capacity: 5 of 5 rounds were complete; latency: "), text);
            assertTrue(text.lines().anyMatch(line -> line.startsWith("p99.9, ms ")), text);
            assertTrue(text.contains("check: the counters, histograms, /metrics and recorders of all sides agree"),
                    text);
            assertFalse(Files.exists(folder.resolve("report.html")));
            assertEquals(List.of(), files("rseq4j-demo"));
            assertEquals(List.of(), services.stream().filter(ProcessHandle::isAlive).toList());
        } finally {
            demo.destroyForcibly();
            services.forEach(ProcessHandle::destroyForcibly);
        }
    }
}
