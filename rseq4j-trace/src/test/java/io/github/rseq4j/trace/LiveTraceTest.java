package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.Babeltrace;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.ring.RingView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Babeltrace 2 prints exactly the records that the threads made. */
final class LiveTraceTest {
    private static final int PLATFORM = 8;
    private static final int VIRTUAL = 1000;
    private static final int EVENTS = 2000;
    private static final int EVENTS_OF_VIRTUAL = 40;
    private static final int SNAPSHOTS = 6;
    private static final long PAUSE_NANOS = 2_000_000;
    private static final String[] OPTIONS = {"--no-delta", "--clock-cycles"};
    private static final Pattern CPU = Pattern.compile("cpu_id = (\\d+)");

    /** The work of a thread. */
    private interface Body {
        void run(int thread) throws InterruptedException;
    }

    /** Runs bodies on 8 platform threads and on 1,000 virtual threads, which start together. */
    private static void onAllThreads(Body body, Body ofVirtual) throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService platform = Executors.newFixedThreadPool(PLATFORM);
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < PLATFORM + VIRTUAL; i++) {
                int thread = i;
                running.add((i < PLATFORM ? platform : virtual).submit(() -> {
                    start.await();
                    (thread < PLATFORM ? body : ofVirtual).run(thread);
                    return null;
                }));
            }
            start.countDown();
        }
        for (Future<?> each : running) {
            each.get();
        }
    }

    /** Our reader reads the same events of each CPU, in the same order, as what was printed. */
    private static void requireSame(Path folder, List<String> lines) {
        Map<Integer, List<String>> printed = new TreeMap<>();
        for (String line : lines) {
            Matcher cpu = CPU.matcher(line);
            assertTrue(cpu.find(), line);
            printed.computeIfAbsent(Integer.parseInt(cpu.group(1)), _ -> new ArrayList<>()).add(line);
        }
        Map<Integer, List<String>> read = new TreeMap<>();
        try (TraceReader reader = new TraceReader(folder)) {
            String hostName = String.valueOf(reader.description() == null ? null
                    : reader.description().environment().get("hostname"));
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                read.computeIfAbsent(event.cpu(), _ -> new ArrayList<>()).add(Babeltrace.line(hostName, event,
                        reader.format()));
            }
            assertEquals(List.of(), reader.problems());
            assertEquals(0, reader.counts().stream().mapToLong(TraceReader.StreamCounts::lostPackets).sum());
        }
        assertEquals(printed.keySet(), read.keySet());
        printed.forEach((cpu, each) -> assertEquals(each, read.get(cpu), "cpu " + cpu));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsStreamedIsPrintedRecordForRecord(TraceFormat format, @TempDir Path folder) throws Exception {
        LiveCalls calls;
        TracerStats stats;
        // Flushed so often that packets begin and end behind records of any length.
        Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withSubBuffers(1 << 16, 256)
                .withFormat(format).withFlushInterval(Duration.ofMillis(1)));
        try (tracer) {
            calls = new LiveCalls(tracer);
            onAllThreads(thread -> record(calls, thread, EVENTS), thread -> record(calls, thread, EVENTS_OF_VIRTUAL));
        }
        stats = tracer.stats();
        assertEquals(0, stats.discarded() + stats.lost() + stats.failures(), stats::toString);
        LiveCalls.Lines written = calls.new Lines(format, false);
        List<String> lines = Babeltrace.lines(folder, OPTIONS);
        lines.forEach(written::accept);
        assertEquals(PLATFORM * EVENTS + VIRTUAL * EVENTS_OF_VIRTUAL, written.count());
        requireSame(folder, lines);
    }

    private static void record(LiveCalls calls, int thread, int events) {
        for (int n = 0; n < events; n++) {
            calls.record(thread, n);
            if (n % 16 == 15) {
                // So that the others run, too, also where there are few CPUs.
                LockSupport.parkNanos(1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void snapshotsArePrintedRecordForRecordWhileThreadsRecord(TraceFormat format, @TempDir Path folder)
            throws Exception {
        AtomicBoolean isStopping = new AtomicBoolean();
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 14, 8).withFormat(format);
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("recorder"), options);
                ExecutorService executor = Executors.newSingleThreadExecutor()) {
            LiveCalls calls = new LiveCalls(tracer);
            Future<?> recording = executor.submit(() -> {
                onAllThreads(thread -> recordUntil(calls, thread, isStopping, 8),
                        thread -> recordUntil(calls, thread, isStopping, 1));
                return null;
            });
            List<Path> snapshots = new ArrayList<>();
            try {
                for (int i = 0; i < SNAPSHOTS; i++) {
                    long written = written(tracer);
                    // Each time so much that all of it has been written over.
                    while (written(tracer) - written
                            < options.sizes().ringBytes() * tracer.recording.rings.opened().size()
                            && !recording.isDone()) {
                        Thread.sleep(5);
                    }
                    Path snapshot = folder.resolve("snapshot" + i);
                    tracer.snapshot(snapshot);
                    snapshots.add(snapshot);
                }
            } finally {
                isStopping.set(true);
            }
            recording.get();
            long count = 0;
            for (Path snapshot : snapshots) {
                LiveCalls.Lines written = calls.new Lines(format, true);
                List<String> lines = Babeltrace.lines(snapshot, OPTIONS);
                lines.forEach(written::accept);
                requireSame(snapshot, lines);
                count += written.count();
            }
            assertTrue(count > 100 * SNAPSHOTS, count + " events in the snapshots");
        }
    }

    private static long written(Tracer tracer) {
        return tracer.recording.rings.opened().stream().mapToLong(RingView::position).sum();
    }

    private static void recordUntil(LiveCalls calls, int thread, AtomicBoolean isStopping, int burst) {
        for (int n = 0; !isStopping.get(); n++) {
            calls.record(thread, n);
            if (n % burst == 0) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
