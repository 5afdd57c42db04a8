package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.bench.trace.TracerBenchmark;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** Measures how many of rseq4j's events reach files, and the CPU time of the thread that writes them. */
final class TracerStream {
    private static final int BATCH = 1000;
    private static final int WARM_UP_MILLIS = 1000;
    private static final double NANOS_PER_SECOND = 1e9;

    private TracerStream() {}

    /**
     * The outcome.
     *
     * @param emitted the number of events
     * @param discarded the number of events that found no room
     * @param seconds the duration
     * @param cpuSeconds the CPU time of the writing thread
     * @param bytes the size of the files
     */
    record Streamed(long emitted, long discarded, double seconds, double cpuSeconds, long bytes) {
        long arrived() {
            return emitted - discarded;
        }
    }

    /** A recording thread. */
    private static final class Worker extends Thread {
        private final TracerBenchmark.Events events;
        private final long batchNanos;
        private final AtomicBoolean isOver;
        private long emitted;

        Worker(TracerBenchmark.Events events, long batchNanos, AtomicBoolean isOver) {
            this.events = events;
            this.batchNanos = batchNanos;
            this.isOver = isOver;
        }

        @Override
        public void run() {
            long start = System.nanoTime();
            while (!isOver.get()) {
                for (int i = 0; i < BATCH; i++) {
                    events.longs(emitted, -emitted);
                    emitted++;
                }
                if (batchNanos > 0) {
                    LockSupport.parkNanos(start + emitted / BATCH * batchNanos - System.nanoTime());
                }
            }
        }
    }

    /**
     * Streams events with two longs, some to warm up and then to a new trace.
     *
     * @param folder the folder for the traces, which are removed again
     * @param threads the number of recording threads
     * @param millis the duration, in milliseconds
     * @param eventsASecond the rate of each thread, or 0 for as many as possible
     * @throws IOException if a trace cannot be written
     * @throws InterruptedException if the calling thread is interrupted
     */
    static Streamed run(Path folder, int threads, int millis, int eventsASecond)
            throws IOException, InterruptedException {
        stream(folder.resolve("rseq4j-warm"), threads, Math.min(millis, WARM_UP_MILLIS), eventsASecond);
        return stream(folder.resolve("rseq4j-trace"), threads, millis, eventsASecond);
    }

    private static Streamed stream(Path folder, int threads, int millis, int eventsASecond)
            throws IOException, InterruptedException {
        Tracer tracer = Tracer.streaming(folder);
        long emitted = 0;
        long start = System.nanoTime();
        long cpuNanos;
        double seconds;
        try (tracer) {
            TracerBenchmark.Events events = tracer.probes(TracerBenchmark.Events.class);
            AtomicBoolean isOver = new AtomicBoolean();
            List<Worker> workers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                workers.add(new Worker(events, eventsASecond == 0 ? 0
                        : (long) (NANOS_PER_SECOND * BATCH / eventsASecond), isOver));
            }
            workers.forEach(Thread::start);
            Thread.sleep(millis);
            isOver.set(true);
            for (Worker worker : workers) {
                worker.join();
                emitted += worker.emitted;
            }
            seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
            cpuNanos = writerNanos();
        }
        long bytes = Folders.bytes(folder);
        Folders.delete(folder);
        return new Streamed(emitted, tracer.stats().discarded(), seconds, cpuNanos / NANOS_PER_SECOND, bytes);
    }

    private static long writerNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals("rseq4j-tracer")) {
                return threads.getThreadCpuTime(thread.threadId());
            }
        }
        throw new IllegalStateException("no thread writes");
    }
}
