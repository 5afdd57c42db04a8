package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.MadeRing;
import io.github.rseq4j.trace.ring.TraceRing;
import io.github.rseq4j.trace.stream.Drainer;
import io.github.rseq4j.trace.stream.RingDrain;
import io.github.rseq4j.trace.stream.StreamOutput;
import io.github.rseq4j.trace.stream.TraceMetadata;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The drainer goes on after failures. */
final class DrainerTest {
    private static final long NEVER = Long.MAX_VALUE / 4;
    private static final long LONGEST_NANOS = 60_000_000_000L;

    private final UUID uuid = UUID.randomUUID();
    private final TracerCounts counts = new TracerCounts();

    @TempDir
    private Path folder = Path.of("");

    private final List<SafeFolder> opened = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (SafeFolder each : opened) {
            each.close();
        }
    }

    private SafeFolder opened(Path path) throws IOException {
        SafeFolder made = SafeFolder.open(path);
        opened.add(made);
        return made;
    }

    private Drainer drainer(long failurePauseNanos) throws IOException {
        TraceMetadata metadata = new TraceMetadata(opened(folder), opened(folder), uuid, TraceFormat.CTF_1_8, false,
                new TracedThreads(counts), counts);
        metadata.add(List.of(TracerTest.TWO));
        return new Drainer(metadata, counts, 1_000_000, failurePauseNanos, List.of());
    }

    private RingDrain drain(MadeRing made, Path to) throws IOException {
        return new RingDrain(made.ring, new StreamOutput(opened(to), uuid, 0, FileLimits.NONE), counts);
    }

    @Test
    void drainsOtherRingsWhileOneCannotBeWritten() throws IOException {
        Drainer drainer = drainer(NEVER);
        MadeRing broken = new MadeRing();
        MadeRing good = new MadeRing();
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Path inTheWay = Files.createDirectory(elsewhere.resolve("channel_0"));
        drainer.add(drain(broken, elsewhere));
        drainer.add(drain(good, folder));
        broken.fill(0, 2);
        good.fill(0, 1);
        assertTrue(drainer.drainDue(false));
        assertEquals(1, counts.failures());
        good.fill(2, 3);
        assertTrue(drainer.drainDue(false), "the other ring is due at once");
        counts.failed(new IllegalStateException("of another part"));
        good.fill(4, 5);
        assertTrue(drainer.drainDue(false));
        assertEquals(2, counts.failures(), "the ring that failed was not tried again during the pause");
        assertTrue(drainer.drainAll() instanceof IOException, "drainAll returns the failure");
        Files.delete(inTheWay);
        assertNull(drainer.drainAll());
        assertTrue(drainer.drainDue(false) || Files.size(elsewhere.resolve("channel_0")) > 0);
        drainer.close();
        assertEquals(6, TracerTest.read(folder, 0).size());
    }

    /** The share decides how soon the thread polls again. */
    @Test
    void sharesOfRingsThatCannotBeWrittenDoNotCount() throws IOException {
        Drainer drainer = drainer(NEVER);
        MadeRing broken = new MadeRing();
        MadeRing good = new MadeRing();
        Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
        Files.createDirectory(elsewhere.resolve("channel_0"));
        drainer.add(drain(broken, elsewhere));
        drainer.add(drain(good, folder));
        broken.fill(0, MadeRing.COUNT - 2);
        good.fill(0, MadeRing.COUNT / 4);
        for (double share : new double[] {0.25, 0, 0}) {
            boolean _ = drainer.drainDue(false);
            assertEquals(share, drainer.waitingShare());
        }
        assertEquals(1, counts.failures());
        drainer.close();
    }

    @ParameterizedTest
    @ValueSource(classes = {OutOfMemoryError.class, StackOverflowError.class, IllegalStateException.class,
        AssertionError.class})
    void threadSurvivesAnyThrowableAndKeepsIt(Class<? extends Throwable> kind) throws Exception {
        Throwable thrown = kind.getConstructor().newInstance();
        Drainer drainer = drainer(1_000_000);
        MadeRing made = new MadeRing();
        drainer.add(drain(made, folder));
        made.fill(0, 3);
        made.whenStateRead(TraceRing.POSITION, () -> DrainerTest.<RuntimeException>sneak(thrown));
        drainer.start(() -> {});
        long until = System.nanoTime() + LONGEST_NANOS;
        while (counts.packets.sum() < 3) {
            assertTrue(System.nanoTime() < until, () -> counts.failures() + " failures");
            Thread.onSpinWait();
        }
        drainer.stop();
        assertEquals(1, counts.failures());
        assertSame(thrown, counts.lastFailure());
        drainer.close();
        assertEquals(4, TracerTest.read(folder, 0).size());
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT4800000H", "PT2562047788015215H30M7S", "PT2540400H"})
    void acceptsAFlushIntervalOfCenturies(String interval) throws IOException {
        Path trace = folder.resolve("trace");
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 12, 4)
                .withFlushInterval(Duration.parse(interval));
        assertEquals(Duration.parse(interval), options.flushInterval());
        try (Tracer tracer = Tracer.streaming(trace, options)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            long until = System.nanoTime() + LONGEST_NANOS;
            for (long i = 0; tracer.stats().packets() < 8; i++) {
                TracerTest.record(tracer, 0, i);
                assertTrue(System.nanoTime() < until, () -> tracer.stats().toString());
            }
            assertEquals(0, tracer.stats().failures(), () -> tracer.stats().toString());
        }
        assertFalse(Files.exists(trace.resolve(TracerFolder.RINGS)));
    }

    @Test
    void refusesOptionsOutOfRangeWithTheirValue() {
        TracerOptions options = TracerOptions.defaults();
        assertEquals("flushInterval=PT0.000999999S, must be at least PT0.001S",
                assertThrows(IllegalArgumentException.class,
                        () -> options.withFlushInterval(Duration.ofNanos(999_999))).getMessage());
        assertThrows(IllegalArgumentException.class,
                () -> options.withFlushInterval(Duration.ofSeconds(Long.MIN_VALUE)));
        assertEquals("fieldBytes=255, must be 256 to 32768", assertThrows(IllegalArgumentException.class,
                () -> options.withFieldBytes(255)).getMessage());
        assertEquals("maxFiles=0, must be 1 to 2147483647", assertThrows(IllegalArgumentException.class,
                () -> options.withFiles(1 << 20, 0)).getMessage());
        assertEquals("maxFileBytes=-1, must be 4096 to 9223372036854775806",
                assertThrows(IllegalArgumentException.class, () -> options.withFiles(-1, 1)).getMessage());
        assertEquals("subBuffers=1, must be 2 to 1024", assertThrows(IllegalArgumentException.class,
                () -> options.withSubBuffers(4096, 1)).getMessage());
    }
}
