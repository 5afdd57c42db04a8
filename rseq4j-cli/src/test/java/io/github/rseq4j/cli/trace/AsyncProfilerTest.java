package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stacks of async-profiler, an agent of the traced process, in the page of its trace. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class AsyncProfilerTest {
    @TempDir
    private Path folder = Path.of("");

    /** The spans of the child. */
    @Provider("work")
    interface Work {
        Span spin(@Field("n") long n);
    }

    /** Records spans that take CPU time. */
    static final class Child {
        private static final long SPAN_NANOS = 100_000_000;
        private static final int SPANS = 20;
        private static volatile long spun;

        private Child() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            try (Tracer tracer = Tracer.streaming(Path.of(arguments[0]))) {
                Work work = tracer.probes(MethodHandles.lookup(), Work.class);
                // The samples of the main thread have the number of the thread that it becomes when the JVM ends.
                Thread worker = new Thread(() -> {
                    for (int i = 0; i < SPANS; i++) {
                        try (Span _ = work.spin(i)) {
                            spin(System.nanoTime() + SPAN_NANOS);
                        }
                    }
                }, "worker");
                worker.start();
                worker.join();
            }
        }

        private static void spin(long until) {
            while (System.nanoTime() < until) {
                for (int i = 0; i < 1000; i++) {
                    spun = spun * 31 + i;
                }
            }
        }
    }

    /** Copies the agent for this machine from async-profiler's jar. */
    private Path agent() throws IOException {
        String platform = System.getProperty("os.arch").equals("aarch64") ? "linux-arm64" : "linux-x64";
        Path agent = folder.resolve("libasyncProfiler.so");
        try (InputStream in = ClassLoader.getSystemResourceAsStream(platform + "/libasyncProfiler.so")) {
            Files.copy(Objects.requireNonNull(in, "async-profiler's jar has no agent for " + platform), agent);
        }
        return agent;
    }

    private static boolean isOfSpin(RecordedEvent event) {
        return event.getEventType().getName().equals("jdk.ExecutionSample") && event.getStackTrace() != null
                && event.getStackTrace().getFrames().stream().anyMatch(f -> f.getMethod().getName().equals("spin"));
    }

    @Test
    void thePageHasTheFramesOfItsSamples() throws IOException, InterruptedException {
        Path trace = folder.resolve("trace");
        Path recording = folder.resolve("run.jfr");
        // As docs/tracing.md says it.
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-agentpath:" + agent() + "=start,event=cpu,file=" + recording,
                "-cp", Run.classPath(), Child.class.getName(), trace.toString()).redirectErrorStream(true).start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor(), output);
        long samples = RecordingFile.readAllEvents(recording).stream().filter(AsyncProfilerTest::isOfSpin).count();
        assertTrue(samples > 10, samples + " samples: " + output);
        Path page = folder.resolve("page.html");
        Run run = Run.of("trace", "report", trace.toString(), "--html=" + page, "--jfr=" + recording);
        assertEquals(0, run.exit(), run.err());
        String html = Files.readString(page);
        assertTrue(html.contains("\"" + Child.class.getName() + ".spin\""), "the frame is in the page");
        assertTrue(html.matches("(?s).*[1-9]\\d* CPU samples of [^\"]*run.jfr are merged.*"), "the note");
        try (Browser browser = new Browser(page, folder)) {
            browser.tab("samples");
            assertTrue(browser.text("panel-samples").contains("AsyncProfilerTest$Child.spin"),
                    browser.text("panel-samples"));
            browser.clickMark("report.model.nanos.findIndex(n => n > 0)");
            assertTrue(browser.text("details").matches("(?s).*CPU samples in it: \\d+.*AsyncProfilerTest\\$Child.spin"
                    + ".*"), browser.text("details"));
        }
    }
}
