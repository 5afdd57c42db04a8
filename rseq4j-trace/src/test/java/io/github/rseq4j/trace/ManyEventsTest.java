package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.ctf.Babeltrace;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The sum of written and discarded events equals the number of emitted ones, counted by this library's reader and by
 * Babeltrace 2. {@code -Drseq4j.trace.events} sets the number of events.
 */
final class ManyEventsTest {
    private static final int THREADS = 8;
    private static final String PROPERTY = "rseq4j.trace.events";
    private static final long EVENTS = Long.getLong(PROPERTY,
            Rseq.availability().available() ? 5_000_000 : 400_000);
    private static final Pattern COUNTED = Pattern.compile("\\s*(\\d+) Event messages");
    private static final Pattern DISCARDED = Pattern.compile("Tracer discarded (\\d+) events? between");

    /** Emits events until a ring is full, and then the others on all threads. Returns the number of events. */
    private static long emit(Tracer tracer) throws Exception {
        long first = TracerTest.fill(tracer, 0);
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(THREADS)) {
            for (int thread = 0; thread < THREADS; thread++) {
                int number = thread;
                long start = thread == 0 ? first : 0;
                running.add(executor.submit(() -> {
                    for (long i = start; i < start + EVENTS / THREADS; i++) {
                        TracerTest.record(tracer, number, i);
                    }
                }));
            }
        }
        for (Future<?> each : running) {
            each.get();
        }
        return first + EVENTS / THREADS * THREADS;
    }

    private record Count(long events, long discarded) {}

    /** Counts with this library's reader; the numbers of each thread must increase. */
    private static Count read(Path folder) {
        long events = 0;
        long[] next = new long[THREADS];
        try (TraceReader reader = new TraceReader(folder)) {
            for (var event = reader.next(); event != null; event = reader.next()) {
                int thread = (int) (long) event.values().get(0);
                long number = (long) event.values().get(1);
                assertTrue(number >= next[thread], event::toString);
                next[thread] = number + 1;
                events++;
            }
            assertEquals(List.of(), reader.problems());
            assertEquals(0, reader.counts().stream().mapToLong(TraceReader.StreamCounts::lostPackets).sum());
            return new Count(events, reader.counts().stream().mapToLong(TraceReader.StreamCounts::discarded).sum());
        }
    }

    /** Counts with Babeltrace 2: the one component counts events, the other tells of those that were discarded. */
    private static Count babeltrace(Path folder) throws Exception {
        List<String> lines = Babeltrace.lines(folder, "--component=sink.utils.counter", "--params=step=+0");
        Matcher counted = COUNTED.matcher(String.join("\n", lines));
        assertTrue(counted.find(), lines::toString);
        String warnings = Babeltrace.read(folder, line -> assertEquals("", line),
                "--component=sink.text.pretty", "--params=path=\"/dev/null\"");
        Matcher told = DISCARDED.matcher(warnings);
        long discarded = 0;
        while (told.find()) {
            discarded += Long.parseLong(told.group(1));
        }
        return new Count(Long.parseLong(counted.group(1)), discarded);
    }

    @Test
    void writtenAndDiscardedAreWhatWasEmitted(@TempDir Path folder) throws Exception {
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 17, 8);
        long emitted;
        Tracer tracer = Tracer.streaming(folder, options);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            emitted = emit(tracer);
        }
        TracerStats stats = tracer.stats();
        assertEquals(0, stats.lost() + stats.failures(), stats::toString);
        Count read = read(folder);
        if (Long.getLong(PROPERTY) != null) {
            System.out.println(read + " of " + emitted + ", " + stats);
        }
        assertEquals(emitted, read.events() + read.discarded());
        assertEquals(stats.discarded(), read.discarded());
        assertTrue(read.events() > read.discarded() / 100, read::toString);
        assertEquals(read, babeltrace(folder));
    }
}
