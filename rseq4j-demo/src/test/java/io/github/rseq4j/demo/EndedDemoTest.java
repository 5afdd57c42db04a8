package io.github.rseq4j.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void leavesNoProcessAndNoFile(String signal) throws IOException, InterruptedException {
        Path tests = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-demo/target/test-classes");
        String classes = String.join(File.pathSeparator, System.getProperty("jdk.module.path", ""),
                tests.toAbsolutePath().toString(), System.getProperty("java.class.path", ""));
        Process demo = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Djava.io.tmpdir=" + folder, "-cp", classes,
                LongDemo.class.getName(), folder.resolve("report.html").toString()).inheritIO().start();
        List<ProcessHandle> services = List.of();
        try {
            // The log of a service is there before the service is.
            long end = System.nanoTime() + LIMIT_NANOS;
            while (files("metadata").isEmpty() || services.size() < SERVICES) {
                assertTrue(demo.isAlive() && System.nanoTime() < end, "the services start: " + services);
                Thread.sleep(PAUSE_MILLIS);
                services = services(demo.toHandle());
            }
            assertEquals(0, new ProcessBuilder("kill", "-" + signal, String.valueOf(demo.pid())).start().waitFor());
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
}
