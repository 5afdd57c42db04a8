package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.bench.trace.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/** Measures how many of a peer's records reach files, and the CPU time of the threads that write them. */
public final class PeerStream {
    private static final int BATCH = 1000;
    private static final int WARM_UP_MILLIS = 700;

    private PeerStream() {}

    /**
     * The outcome.
     *
     * @param emitted the number of operations
     * @param arrived the number of operations whose records arrived
     * @param seconds the duration
     * @param cpuSeconds the CPU time of the consumer
     * @param bytes the size of the files
     */
    record Streamed(long emitted, long arrived, double seconds, double cpuSeconds, long bytes) {
        static Streamed of(String line) {
            double[] values = Arrays.stream(line.strip().split(" ")).mapToDouble(Double::parseDouble).toArray();
            return new Streamed((long) values[0], (long) values[1], values[2], values[3], (long) values[4]);
        }

        /** Returns the values, as {@link #of} reads them. */
        String line() {
            return emitted + " " + arrived + " " + seconds + " " + cpuSeconds + " " + bytes;
        }
    }

    /** A recording thread. */
    private static final class Worker extends Thread {
        private final Peer peer;
        private final Peer.Kind kind;
        private final long batchNanos;
        private final AtomicBoolean isOver;
        private long emitted;

        Worker(Peer peer, Peer.Kind kind, long batchNanos, AtomicBoolean isOver) {
            this.peer = peer;
            this.kind = kind;
            this.batchNanos = batchNanos;
            this.isOver = isOver;
        }

        @Override
        public void run() {
            long start = System.nanoTime();
            while (!isOver.get()) {
                emit(emitted);
                emitted += BATCH;
                if (batchNanos > 0) {
                    LockSupport.parkNanos(start + emitted / BATCH * batchNanos - System.nanoTime());
                }
            }
        }

        private void emit(long first) {
            switch (kind) {
                case LONGS -> {
                    for (long i = first; i < first + BATCH; i++) {
                        peer.longs(i, -i);
                    }
                }
                case SPAN -> {
                    for (long i = first; i < first + BATCH; i++) {
                        peer.span(i);
                    }
                }
                case TEXT -> {
                    for (long i = first; i < first + BATCH; i++) {
                        peer.text(Peer.TEXT);
                    }
                }
            }
        }
    }

    /**
     * Streams in a JVM of its own.
     *
     * @param name the name of the peer
     * @param kind the kind of operation
     * @param threads the number of recording threads
     * @param millis the duration, in milliseconds
     * @param aSecond the operations a second of all threads, or 0 for as many as possible
     */
    static Streamed run(String name, Peer.Kind kind, int threads, int millis, int aSecond)
            throws IOException, InterruptedException {
        return Streamed.of(Commands.java(PeerStream.class, name, kind.name(), Integer.toString(threads),
                Integer.toString(millis), Integer.toString(aSecond)));
    }

    /**
     * Streams operations, some to warm up and then to a new target, and prints the outcome.
     *
     * @param arguments peer, kind, threads, milliseconds, operations a second
     * @throws IOException if a file cannot be written or read
     * @throws InterruptedException if the calling thread is interrupted
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Peer.Kind kind = Peer.Kind.valueOf(arguments[1]);
        int threads = Integer.parseInt(arguments[2]);
        int millis = Integer.parseInt(arguments[3]);
        int aSecond = Integer.parseInt(arguments[4]);
        stream(arguments[0], kind, threads, Math.min(millis, WARM_UP_MILLIS), aSecond);
        System.out.println(stream(arguments[0], kind, threads, millis, aSecond).line());
    }

    private static Streamed stream(String name, Peer.Kind kind, int threads, int millis, int aSecond)
            throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("rseq4j-stream");
        try {
            return stream(Peer.of(name), folder, kind, threads, millis, aSecond);
        } finally {
            Folders.delete(folder);
        }
    }

    private static Streamed stream(Peer peer, Path folder, Peer.Kind kind, int threads, int millis, int aSecond)
            throws IOException, InterruptedException {
        peer.start(folder, true);
        AtomicBoolean isOver = new AtomicBoolean();
        List<Worker> workers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            workers.add(new Worker(peer, kind, aSecond == 0 ? 0 : 1_000_000_000L * BATCH * threads / aSecond, isOver));
        }
        double before = CpuTime.seconds("self", peer.consumer());
        long start = System.nanoTime();
        workers.forEach(Thread::start);
        Thread.sleep(millis);
        isOver.set(true);
        long emitted = 0;
        for (Worker worker : workers) {
            worker.join();
            emitted += worker.emitted;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        // Some of these threads end in stop().
        double cpuSeconds = CpuTime.seconds("self", peer.consumer()) - before;
        peer.stop();
        return new Streamed(emitted, peer.arrived(kind, emitted), seconds, cpuSeconds, Folders.bytes(folder));
    }
}
