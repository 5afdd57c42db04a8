package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Samples of JFR, with their stacks, in the page of a trace. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class TraceStacksTest {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    @TempDir
    private Path folder = Path.of("");
    private volatile long burnt;

    private void burn(AtomicBoolean isEnough) {
        while (!isEnough.get()) {
            burnt = burnt * 31 + 7;
        }
    }

    private static boolean hasSamples(Path recording) throws IOException {
        return RecordingFile.readAllEvents(recording).stream().anyMatch(event -> event.getEventType().getName()
                .equals("jdk.ExecutionSample") && event.getStackTrace() != null
                && event.getStackTrace().getFrames().stream().anyMatch(f -> f.getMethod().getName().equals("burn")));
    }

    /** Writes a trace with one span of a thread, from one time to another. */
    private Path trace(long threadId, Instant from, Instant to) throws IOException {
        EventType begin = new EventType("work:burn_begin", 0, 6, List.of());
        EventType end = new EventType("work:burn_end", 1, 6, List.of());
        Path trace = folder.resolve("trace");
        TraceClock clock = new TraceClock(new UUID(3, 4), NANOS_PER_SECOND, from.getEpochSecond(), from.getNano());
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2), clock, 1,
                Map.of("pid", 1L), List.of(new TraceThread(threadId, TraceThread.NONE, false, 0, TraceThread.OPEN,
                        "burner")), List.of(begin, end)), 4096)) {
            writer.append(0, 0, threadId, begin);
            writer.append(0, Duration.between(from, to).toNanos(), threadId, end);
        }
        return trace;
    }

    @Test
    void mergesTheStacksOfARecording() throws IOException, InterruptedException {
        AtomicBoolean isEnough = new AtomicBoolean();
        Path recording = folder.resolve("recording.jfr");
        Instant from = Instant.now();
        Thread burner = Thread.ofPlatform().name("burner").start(() -> burn(isEnough));
        try (Recording jfr = new Recording()) {
            jfr.enable("jdk.ExecutionSample").withPeriod(Duration.ofMillis(10));
            jfr.start();
            do {
                Thread.sleep(100);
                jfr.dump(recording);
            } while (!hasSamples(recording));
        } finally {
            isEnough.set(true);
            burner.join();
        }
        Path page = folder.resolve("page.html");
        Path trace = trace(burner.threadId(), from, Instant.now());
        Run run = Run.of("trace", "report", trace.toString(), "--html=" + page, "--jfr=" + recording);
        assertEquals(0, run.exit(), run.err());
        String html = Files.readString(page);
        assertTrue(html.contains("\"" + TraceStacksTest.class.getName() + ".burn\""), "the frame is in the page");
        assertTrue(html.matches("(?s).*[1-9]\\d* CPU samples of [^\"]*recording.jfr are merged.*"), "the note");
        try (Browser browser = new Browser(page, folder)) {
            browser.tab("samples");
            assertTrue(browser.text("panel-samples").contains("TraceStacksTest.burn"), browser.text("panel-samples"));
            browser.clickMark("report.model.nanos.findIndex(n => n > 0)");
            assertTrue(browser.text("details").matches("(?s).*CPU samples in it: \\d+.*TraceStacksTest.burn.*"),
                    browser.text("details"));
        }
    }

    @Test
    void refusesARecordingThatDoesNotExist() {
        Path trace = SampleTrace.write(folder.resolve("trace"), 1);
        Run missing = Run.of("trace", "report", trace.toString(), "--html=" + folder.resolve("page.html"), "--jfr="
                + folder.resolve("none"));
        assertTrue(missing.onlyError().contains("is not a file that can be read"), missing.err());
    }
}
