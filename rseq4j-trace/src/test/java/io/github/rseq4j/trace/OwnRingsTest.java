package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.Babeltrace;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Providers with rings of their own: their events take no room from those of others, and all are in one trace. */
final class OwnRingsTest {
    private static final int QUIET = 50;
    private static final int NOISE = 20_000;
    private static final TracerOptions SMALL = TracerOptions.defaults().withSubBuffers(1 << 12, 4);
    private static final TracerOptions OWN = SMALL.withOwnRings("noi*", 1 << 12, 2);

    @TempDir
    private Path folder = Path.of("");

    /** Few events. */
    @Provider("quiet")
    interface Quiet {
        void rare(int n);
    }

    /** Many events. */
    @Provider("noise")
    interface Noise {
        void often(int n);

        Span work(String text);
    }

    private static long count(List<TraceEvent> events, String provider) {
        return events.stream().filter(event -> event.type().provider().equals(provider)).count();
    }

    private List<TraceEvent> recorded(TracerOptions options) throws IOException {
        Path snapshot = folder.resolve("s" + options.ownRings().size());
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("t" + options.ownRings().size()), options)) {
            Quiet quiet = tracer.probes(MethodHandles.lookup(), Quiet.class);
            Noise noise = tracer.probes(MethodHandles.lookup(), Noise.class);
            for (int i = 0; i < QUIET; i++) {
                quiet.rare(i);
            }
            for (int i = 0; i < NOISE; i++) {
                noise.often(i);
            }
            tracer.snapshot(snapshot);
        }
        return TracerTest.read(snapshot, 0);
    }

    @Test
    void aChattyProviderFlushesItsOwnRingsOnly() throws IOException {
        List<TraceEvent> events = recorded(OWN);
        assertEquals(QUIET, count(events, "quiet"));
        assertTrue(count(events, "noise") > 0 && count(events, "noise") < NOISE, count(events, "noise") + " events");
        assertEquals(NOISE - 1, events.getLast().values().getFirst());
        assertEquals(0, count(recorded(SMALL), "quiet"), "one set of rings is flushed");
    }

    @ParameterizedTest
    @EnumSource
    void aStreamHasAllOfThemAndBabeltraceReadsIt(TraceFormat format) throws Exception {
        Path trace = folder.resolve("trace");
        Tracer tracer = Tracer.streaming(trace, TracerOptions.defaults().withOwnRings("noise", 1 << 19, 8)
                .withFormat(format));
        try (tracer) {
            Quiet quiet = tracer.probes(MethodHandles.lookup(), Quiet.class);
            Noise noise = tracer.probes(MethodHandles.lookup(), Noise.class);
            for (int i = 0; i < NOISE; i++) {
                try (Span _ = noise.work("x" + i)) {
                    quiet.rare(i);
                }
                if (i % 1000 == 0) {
                    tracer.flush();
                }
            }
        }
        assertEquals(0, tracer.stats().discarded() + tracer.stats().lost(), tracer.stats()::toString);
        List<TraceEvent> events = TracerTest.read(trace, 0);
        assertEquals(3 * NOISE, events.size());
        long last = 0;
        for (TraceEvent event : events) {
            assertTrue(event.timestamp() >= last, "in the order of time");
            assertTrue(event.cpu() < 1 << 16, event::toString);
            last = event.timestamp();
        }
        try (Stream<Path> files = Files.list(trace)) {
            assertTrue(files.anyMatch(file -> file.getFileName().toString().matches("channel_(6553[6-9]|655\\d\\d)")));
        }
        try (TraceReader reader = new TraceReader(trace)) {
            assertEquals("noise", Objects.requireNonNull(reader.description()).environment().get("rings_1"));
        }
        assertEquals(3 * NOISE, Babeltrace.lines(trace).size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatFindsNoRoomIsCountedForBothSets(boolean isOwn) throws Exception {
        Path trace = folder.resolve("trace");
        Tracer tracer = Tracer.streaming(trace, isOwn ? OWN : SMALL);
        try (tracer) {
            Noise noise = tracer.probes(MethodHandles.lookup(), Noise.class);
            // The tracer's thread needs the monitor, so the rings stay full.
            synchronized (tracer.recording.monitor()) {
                for (int i = 0; i < NOISE; i++) {
                    noise.often(i);
                }
            }
            assertTrue(tracer.stats().discarded() > 0, tracer.stats()::toString);
        }
        long discarded = tracer.stats().discarded();
        assertEquals(NOISE - discarded, TracerTest.read(trace, discarded).size());
    }

    @Test
    void limitsOfFilesHoldForEachStream() throws IOException {
        Path trace = folder.resolve("trace");
        Tracer tracer = Tracer.streaming(trace, OWN.withFiles(TracerOptions.MIN_FILE_BYTES, 2));
        try (tracer) {
            Quiet quiet = tracer.probes(MethodHandles.lookup(), Quiet.class);
            Noise noise = tracer.probes(MethodHandles.lookup(), Noise.class);
            for (int i = 0; i < QUIET; i++) {
                quiet.rare(i);
            }
            for (int i = 0; i < 50; i++) {
                for (int n = 0; n < 100; n++) {
                    noise.often(n);
                }
                tracer.flush();
            }
        }
        assertTrue(tracer.stats().droppedFiles() > 0, tracer.stats()::toString);
        try (TraceReader reader = new TraceReader(trace)) {
            List<TraceEvent> events = reader.events().toList();
            assertEquals(QUIET, count(events, "quiet"));
            assertEquals(List.of(), reader.problems());
        }
    }

    @Test
    void refusesWhatIsNoProvider() {
        assertThrows(IllegalArgumentException.class, () -> SMALL.withOwnRings("", 1 << 12, 2));
        assertThrows(IllegalArgumentException.class, () -> SMALL.withOwnRings("a:b", 1 << 12, 2));
        assertThrows(IllegalArgumentException.class, () -> SMALL.withOwnRings("a", 1 << 11, 2));
        TracerOptions most = SMALL;
        for (int i = 1; i < 64; i++) {
            most = most.withOwnRings("p" + i, 1 << 12, 2);
        }
        TracerOptions full = most;
        assertThrows(IllegalArgumentException.class, () -> full.withOwnRings("one more", 1 << 12, 2));
    }
}
