package io.github.rseq4j.trace.common;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The counts of a tracer that are not counts of its rings. */
public final class TracerCounts {
    public final LongAdder packets = new LongAdder();
    public final LongAdder bytes = new LongAdder();
    public final LongAdder droppedFiles = new LongAdder();
    /** These two are atomic, because a LongAdder may allocate: they also count when there is no memory. */
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> lastFailure = new AtomicReference<>();

    /**
     * Counts a failure and keeps it as the last one.
     *
     * @param failure the Throwable
     */
    public void failed(Throwable failure) {
        failures.getAndIncrement();
        lastFailure.set(failure);
    }

    /** Counts a lost event: one that no ring counts. */
    public void lost() {
        lost.getAndIncrement();
    }

    /** Counts events that were recorded in a ring and are lost with it. */
    public void lost(long events) {
        lost.getAndAdd(events);
    }

    /** Returns how many events were lost. */
    public long lostEvents() {
        return lost.get();
    }

    /** Returns the number of failures. */
    public long failures() {
        return failures.get();
    }

    /** Returns the last failure, or null. */
    public @Nullable Throwable lastFailure() {
        return lastFailure.get();
    }
}
