package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.file.Uninterrupted;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.thread.LooseThread;
import java.io.Closeable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Writes what the rings of a tracer hold to its files, on a thread of its own. */
public final class Drainer {
    /* How it works
     *
     * The thread polls: each time that nothing has moved it waits twice as long. It also keeps the metadata's clock
     * good, and the names of threads. It never does anything that a producer waits for. It keeps neither the tracer
     * nor its class loader alive
     * (LooseThread).
     *
     * What cannot be written stays in its ring. That ring's turn comes again after a pause, and no other ring, nor any
     * failure elsewhere, changes when another one's comes.
     *
     * The thread outlives whatever is thrown, also an OutOfMemoryError wherever it comes: a ring's progress is kept
     * behind each write, and a write begins where the last one that was kept has ended. Counting allocates nothing.
     */
    private static final long SHORTEST_PAUSE_NANOS = 250_000;
    private static final long LONGEST_PAUSE_NANOS = 4_000_000;
    public static final long FAILURE_PAUSE_NANOS = 100_000_000;

    private final List<RingDrain> drains = new CopyOnWriteArrayList<>();
    private final TraceMetadata metadata;
    private final TracerCounts counts;
    private final long flushNanos;
    private final long failurePauseNanos;
    private final LongSupplier step = this::step;
    private final Thread thread;
    private Runnable ahead = () -> {};
    private long pause = SHORTEST_PAUSE_NANOS;
    private long flushAt;
    private volatile boolean isClosing;

    /**
     * Makes it; nothing is written before it is started.
     *
     * @param metadata what is kept good
     * @param counts counts failures
     * @param flushNanos how long an event may wait until it is in a file
     * @param failurePauseNanos how long what failed is not tried again
     * @param left the descriptors that are closed when nobody refers to the tracer any more
     */
    public Drainer(TraceMetadata metadata, TracerCounts counts, long flushNanos, long failurePauseNanos,
            List<? extends Closeable> left) {
        this.metadata = metadata;
        this.counts = counts;
        this.flushNanos = flushNanos;
        this.failurePauseNanos = failurePauseNanos;
        this.thread = LooseThread.repeating("rseq4j-tracer", step, left);
    }

    /**
     * Starts the thread.
     *
     * @param ahead what it also does each time
     */
    public void start(Runnable ahead) {
        this.ahead = ahead;
        this.flushAt = System.nanoTime() + flushNanos;
        thread.start();
    }

    /** Adds a ring. Its maker may hold any lock. */
    public void add(RingDrain drain) {
        drains.add(drain);
    }

    /** Does what is to be done now; returns how long there is nothing to do, or 0 for ever. */
    private long step() {
        if (isClosing) {
            return 0;
        }
        try {
            ahead.run();
            metadata.refreshThreads();
            boolean isDue = System.nanoTime() - flushAt >= 0;
            if (isDue) {
                flushAt = System.nanoTime() + flushNanos;
                metadata.refresh();
            }
            pause = drainDue(isDue) ? SHORTEST_PAUSE_NANOS : Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        } catch (Throwable t) {
            counts.failed(t);
            pause = failurePauseNanos;
        }
        // A pause of 0 would be the end.
        return Math.max(1, Math.min(pause, flushNanos));
    }

    /** Writes what is finished, or all, of rings whose turn it is; returns whether something was written. */
    public synchronized boolean drainDue(boolean isWhole) {
        boolean hasMoved = false;
        for (RingDrain drain : drains) {
            if (drain.isDue()) {
                try {
                    hasMoved |= Uninterrupted.run(() -> drain.drain(isWhole));
                } catch (Throwable t) {
                    counts.failed(t);
                    drain.postpone(failurePauseNanos);
                }
            }
        }
        return hasMoved;
    }

    /** Writes all there is, also of rings whose files failed a moment ago; returns what failed, or null. */
    public synchronized @Nullable Throwable drainAll() {
        Throwable failure = null;
        for (RingDrain drain : drains) {
            try {
                boolean _ = Uninterrupted.run(() -> drain.drain(true));
            } catch (Throwable t) {
                counts.failed(t);
                failure = t;
            }
        }
        return failure;
    }

    /**
     * Counts the records that were not written and are in no memory that outlives the process.
     *
     * @param events the trace's, by their numbers
     * @param isKept tells whether what a ring holds is found behind the process
     */
    public synchronized long unwritten(Map<Integer, EventType> events, Predicate<RingView> isKept) {
        return drains.stream().filter(drain -> !isKept.test(drain.ring())).mapToLong(drain -> drain.unwritten(events))
                .sum();
    }

    /** Ends the thread, and waits for that. */
    public void stop() {
        isClosing = true;
        LockSupport.unpark(thread);
        LooseThread.join(thread);
    }

    /** Closes the files. */
    public synchronized void close() {
        for (RingDrain drain : drains) {
            try {
                drain.close();
            } catch (Throwable t) {
                counts.failed(t);
            }
        }
        drains.clear();
    }
}
