package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings, files and snapshots: what was recorded is read, all of it, in order, and once. */
public final class TracerTest {
    private static final int SMALL = 1 << 12;
    private static final int SNAPSHOTS = 30;
    private static final int TURNS = 10;
    /** Rings that hold all events of a test, however late the thread comes that drains them. */
    private static final TracerOptions LARGE = TracerOptions.defaults().withSubBuffers(1 << 20, 16);
    /** A number of the thread, and a number of its event. */
    public static final EventType TWO = new EventType("test:two", 7, 6, List.of(
            new EventType.Field("thread", FieldType.Basic.LONG), new EventType.Field("number", FieldType.Basic.LONG)));

    TracerTest() {}

    public static void record(Tracer tracer, long thread, long number) {
        tracer.recording.channel().record2(TWO.minimumBytes(), TWO.id(), thread, number);
    }

    /**
     * Records numbers from 0 until one has been discarded, and returns the next one. The tracer's thread needs the
     * monitor, so that a full ring stays full.
     */
    static long fill(Tracer tracer, long thread) {
        long number = 0;
        synchronized (tracer.recording.monitor()) {
            while (tracer.stats().discarded() == 0) {
                record(tracer, thread, number++);
            }
        }
        return number;
    }

    /** Reads a trace that must be without fault, and returns its events. */
    public static List<TraceEvent> read(Path folder, long discarded) {
        List<TraceEvent> events = new ArrayList<>();
        try (TraceReader reader = new TraceReader(folder)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                events.add(event);
            }
            assertEquals(List.of(), reader.problems());
            assertEquals(0, reader.counts().stream().mapToLong(TraceReader.StreamCounts::lostPackets).sum());
            assertEquals(discarded, reader.counts().stream().mapToLong(TraceReader.StreamCounts::discarded).sum());
        }
        return events;
    }

    /** Each thread's numbers go up, and are without a gap where none may be. */
    static void requireNumbers(List<TraceEvent> events, boolean mayMiss) {
        Map<Object, Long> next = new HashMap<>();
        for (TraceEvent event : events) {
            long number = (long) event.values().get(1);
            long expected = next.getOrDefault(event.values().get(0), mayMiss ? number : 0);
            assertTrue(mayMiss ? number >= expected : number == expected, event + " instead of " + expected);
            next.put(event.values().get(0), number + 1);
        }
    }

    private static void record(Tracer tracer, int threads, int events, ExecutorService executor) throws Exception {
        List<Future<?>> running = new ArrayList<>();
        try (executor) {
            for (int thread = 0; thread < threads; thread++) {
                int number = thread;
                running.add(executor.submit(() -> {
                    for (int i = 0; i < events; i++) {
                        record(tracer, number, i);
                    }
                }));
            }
        }
        for (Future<?> each : running) {
            each.get();
        }
    }

    @Test
    void streamsEveryEvent(@TempDir Path folder) throws Exception {
        int threads = 8;
        int events = 20_000;
        TracerStats stats;
        try (Tracer tracer = Tracer.streaming(folder, LARGE)) {
            tracer.recording.add(List.of(TWO));
            record(tracer, threads, events, Executors.newFixedThreadPool(threads));
            tracer.flush();
            assertEquals(threads * events, read(folder, 0).size());
            record(tracer, threads, 1);
            stats = tracer.stats();
        }
        assertEquals(0, stats.failures(), stats::toString);
        assertEquals(0, stats.lost(), stats::toString);
        List<TraceEvent> found = read(folder, 0);
        assertEquals(threads * events + 1, found.size());
        requireNumbers(found.subList(0, threads * events), false);
        assertEquals(Thread.currentThread().threadId(), found.getLast().threadId());
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)), "the rings are gone");
    }

    @Test
    void countsWhatFindsNoRoom(@TempDir Path folder) throws Exception {
        int threads = 4;
        int events = 200_000;
        TracerOptions options = TracerOptions.defaults().withSubBuffers(SMALL, 2);
        Tracer tracer = Tracer.streaming(folder, options);
        long first;
        try (tracer) {
            tracer.recording.add(List.of(TWO));
            first = fill(tracer, threads);
            record(tracer, threads, events, Executors.newFixedThreadPool(threads));
        }
        long discarded = tracer.stats().discarded();
        List<TraceEvent> found = read(folder, discarded);
        assertEquals(first + (long) threads * events, found.size() + discarded);
        requireNumbers(found, true);
    }

    @Test
    void snapshotsAreWholeWhileThreadsRecord(@TempDir Path folder) throws Exception {
        AtomicBoolean isStopping = new AtomicBoolean();
        TracerOptions options = TracerOptions.defaults().withSubBuffers(SMALL, 8);
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("recorder"), options);
                ExecutorService executor = Executors.newFixedThreadPool(4)) {
            tracer.recording.add(List.of(TWO));
            List<Future<?>> recording = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int number = thread;
                recording.add(executor.submit(() -> {
                    for (long i = 0; !isStopping.get(); i++) {
                        record(tracer, number, i);
                    }
                }));
            }
            try {
                for (int i = 0; i < SNAPSHOTS; i++) {
                    Path snapshot = folder.resolve("snapshot" + i);
                    tracer.snapshot(snapshot);
                    requireNumbers(read(snapshot, 0), true);
                }
            } finally {
                isStopping.set(true);
            }
            for (Future<?> each : recording) {
                each.get();
            }
            Path last = folder.resolve("last");
            tracer.snapshot(last);
            List<TraceEvent> found = read(last, 0);
            assertTrue(found.size() >= 6 * (SMALL - 200) / 32, found.size() + " events are kept");
            assertThrows(FileAlreadyExistsException.class, () -> tracer.snapshot(last));
        }
        assertFalse(Files.exists(folder.resolve("recorder").resolve(TracerFolder.RINGS)), "the rings are gone");
    }

    /** A tracer is closed while threads record: what they recorded up to a moment is there, or is counted. */
    @Test
    void closingLeavesNoGap(@TempDir Path folder) throws Exception {
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 16, 16);
        for (int turn = 0; turn < TURNS; turn++) {
            AtomicBoolean isStopping = new AtomicBoolean();
            Path trace = folder.resolve("trace" + turn);
            Tracer tracer = Tracer.streaming(trace, options);
            try (ExecutorService executor = Executors.newFixedThreadPool(4); tracer) {
                tracer.recording.add(List.of(TWO));
                for (int thread = 0; thread < 4; thread++) {
                    int number = thread;
                    Future<?> _ = executor.submit(() -> {
                        for (long i = 0; !isStopping.get(); i++) {
                            record(tracer, number, i);
                        }
                    });
                }
                tracer.close();
                isStopping.set(true);
            }
            TracerStats stats = tracer.stats();
            assertEquals(0, stats.lost() + stats.failures(), stats::toString);
            // The counts of the packets include every discarded event.
            requireNumbers(read(trace, stats.discarded()), stats.discarded() > 0);
        }
    }

    @Test
    void virtualThreadsHaveTheirOwnNumbers(@TempDir Path folder) throws Exception {
        int threads = 1000;
        try (Tracer tracer = Tracer.streaming(folder, LARGE)) {
            tracer.recording.add(List.of(TWO));
            record(tracer, threads, 100, Executors.newVirtualThreadPerTaskExecutor());
        }
        List<TraceEvent> found = read(folder, 0);
        assertEquals(threads * 100, found.size());
        requireNumbers(found, false);
        assertEquals(threads, found.stream().map(TraceEvent::threadId).distinct().count());
    }

    @Test
    void aClosedTracerRecordsNothingMore(@TempDir Path folder) throws IOException {
        Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults());
        tracer.recording.add(List.of(TWO));
        record(tracer, 0, 0);
        tracer.close();
        record(tracer, 0, 1);
        tracer.close();
        assertEquals(1, read(folder, 0).size());
        assertEquals(0, tracer.stats().lost());
        assertThrows(FileAlreadyExistsException.class, () -> Tracer.streaming(folder, TracerOptions.defaults()
                .withExistingTrace(TracerOptions.ExistingTrace.REFUSE)));
    }

    /**
     * Pauses are shorter and longer than a compact header can tell, and packets begin anywhere. Each event has the time
     * before it as its number.
     */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyTimeIsWithinTheCallHoweverLongThePauses(boolean isStreaming, @TempDir Path folder) throws Exception {
        long seed = System.nanoTime();
        ConcurrentMap<Long, Long> ends = new ConcurrentHashMap<>();
        List<Future<?>> running = new ArrayList<>();
        Path trace = folder.resolve("trace");
        try (Tracer tracer = isStreaming ? Tracer.streaming(trace, LARGE)
                : Tracer.flightRecorder(folder.resolve("recorder"), LARGE)) {
            tracer.recording.add(List.of(TWO));
            try (ExecutorService executor = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
                for (int thread = 0; thread < 3; thread++) {
                    SplittableRandom random = new SplittableRandom(seed + thread);
                    int number = thread;
                    running.add(executor.submit(() -> {
                        for (int i = 0; i < 1000; i++) {
                            long before = TraceTime.now();
                            record(tracer, number, before);
                            ends.put(before, TraceTime.now());
                            LockSupport.parkNanos(random.nextInt(10) == 0 ? random.nextInt(12_000_000) : 0);
                            if (isStreaming && random.nextInt(50) == 0) {
                                tracer.flush();
                            }
                        }
                        return null;
                    }));
                }
            }
            for (Future<?> each : running) {
                each.get();
            }
            if (!isStreaming) {
                tracer.snapshot(trace);
            }
        }
        List<TraceEvent> events = read(trace, 0);
        assertTrue(events.size() > 2900, events.size() + " events, which have times of their own, seed=" + seed);
        for (TraceEvent event : events) {
            long before = (long) event.values().get(1);
            long end = ends.getOrDefault(before, 0L);
            assertTrue(event.timestamp() >= before && event.timestamp() <= end,
                    () -> event + " of " + before + " to " + end + ", seed=" + seed);
        }
    }
}
