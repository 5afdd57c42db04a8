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

/** Writes the content of a tracer's rings to its files, on a thread of its own: the tracer's thread. */
public final class Drainer {
    /* How it works
     *
     * The thread polls. It doubles its pause each time that no sub-buffer was complete, and halves it each time that a
     * quarter of a ring or more was. It also keeps the metadata's clock and names of threads up to date. Recording
     * threads wait for it only in a tracer that blocks; they wake it then. It keeps neither the tracer nor the tracer's
     * class loader reachable (LooseThread).
     *
     * A packet that cannot be written stays in its ring. The thread tries that ring again after a pause. A failure of
     * one ring does not change when the other rings are drained.
     *
     * The thread survives any Throwable, for example an OutOfMemoryError between any two steps. It keeps a ring's
     * progress after each write, and begins the next write at the progress that it kept last. Counting a failure
     * allocates nothing.
     */
    private static final long SHORTEST_PAUSE_NANOS = 250_000;
    private static final long LONGEST_PAUSE_NANOS = 8_000_000;
    private static final double MUCH = 0.25;
    public static final long FAILURE_PAUSE_NANOS = 100_000_000;

    private final List<RingDrain> drains = new CopyOnWriteArrayList<>();
    private final TraceMetadata metadata;
    private final TracerCounts counts;
    private final long flushNanos;
    private final long failurePauseNanos;
    private final LongSupplier step = this::step;
    private final Thread thread;
    private Runnable first = () -> {};
    /** The greatest share of a ring that waited in complete sub-buffers and was written in the last turn. */
    private double waitingShare;
    private long pause = SHORTEST_PAUSE_NANOS;
    private long flushAt;
    private volatile boolean isClosing;
    /** Whether the last write to a ring's file failed. */
    private volatile boolean isFailing;

    /**
     * Makes a drainer; it writes nothing until it is started.
     *
     * @param metadata the metadata that the thread keeps up to date
     * @param counts counts failures
     * @param flushNanos the longest time until an event is written to a file
     * @param failurePauseNanos the pause before a write that failed is tried again
     * @param left the descriptors that the thread closes when the tracer has become unreachable
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
     * @param first the action that begins each of its turns
     */
    public void start(Runnable first) {
        this.first = first;
        this.flushAt = System.nanoTime() + flushNanos;
        thread.start();
    }

    /** Adds a ring. The caller may hold any lock. */
    public void add(RingDrain drain) {
        drains.add(drain);
    }

    /** One turn of the thread; returns the nanoseconds until the next one, or 0 to end the thread. */
    private long step() {
        if (isClosing) {
            return 0;
        }
        try {
            first.run();
            metadata.refreshThreads();
            boolean isDue = System.nanoTime() - flushAt >= 0;
            if (isDue) {
                flushAt = System.nanoTime() + flushNanos;
                metadata.refresh();
            }
            boolean _ = drainDue(isDue);
            pause = waitingShare >= MUCH ? pause / 2 : waitingShare == 0 ? 2 * pause : pause;
            pause = Math.clamp(pause, SHORTEST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
        } catch (Throwable t) {
            counts.failed(t);
            pause = failurePauseNanos;
        }
        // A pause of 0 would end the thread.
        return Math.max(1, Math.min(pause, flushNanos));
    }

    /**
     * Drains the rings that are due: their complete sub-buffers, or all their records. Returns whether it wrote any
     * packet.
     */
    public synchronized boolean drainDue(boolean isWhole) {
        boolean hasMoved = false;
        boolean hasFailed = false;
        double share = 0;
        for (RingDrain drain : drains) {
            if (!drain.isDue()) {
                hasFailed = true;
            } else {
                try {
                    hasMoved |= Uninterrupted.run(() -> drain.drain(isWhole));
                    share = Math.max(share, drain.waitingShare());
                } catch (Throwable t) {
                    counts.failed(t);
                    drain.postpone(failurePauseNanos);
                    hasFailed = true;
                }
            }
        }
        isFailing = hasFailed;
        waitingShare = share;
        return hasMoved;
    }

    /** Returns the greatest share of a ring that {@link #drainDue} found in complete sub-buffers, and wrote. */
    public synchronized double waitingShare() {
        return waitingShare;
    }

    /**
     * Writes all records of all rings, also of those whose last write failed a moment ago. Returns the last failure, or
     * null.
     */
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
     * Counts the records that were not written and whose ring does not outlive the process.
     *
     * @param events the trace's events, by their numbers
     * @param isKept tells whether a ring can be recovered after the process has ended
     */
    public synchronized long unwritten(Map<Integer, EventType> events, Predicate<RingView> isKept) {
        return drains.stream().filter(drain -> !isKept.test(drain.ring())).mapToLong(drain -> drain.unwritten(events))
                .sum();
    }

    /** Tells whether the thread frees sub-buffers: it runs, and its last writes succeeded. */
    public boolean isServing() {
        return !isClosing && !isFailing && thread.isAlive();
    }

    /** Begins the thread's next turn now. */
    public void wake() {
        LockSupport.unpark(thread);
    }

    /** Ends the thread and waits for its end. */
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
