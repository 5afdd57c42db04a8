package io.github.rseq4j.trace.common;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What a tracer counts besides what its rings count. */
public final class TracerCounts {
    public final LongAdder packets = new LongAdder();
    public final LongAdder bytes = new LongAdder();
    public final LongAdder droppedFiles = new LongAdder();
    /** These two allocate nothing: they also count when there is no memory. */
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> lastFailure = new AtomicReference<>();

    /**
     * Counts something that could not be done, and keeps it.
     *
     * @param failure what was thrown
     */
    public void failed(Throwable failure) {
        failures.getAndIncrement();
        lastFailure.set(failure);
    }

    /** Counts an event that is in no ring's count. */
    public void lost() {
        lost.getAndIncrement();
    }

    /** Counts events that were in a ring, and are nowhere now. */
    public void lost(long events) {
        lost.getAndAdd(events);
    }

    /** Returns how many events were lost. */
    public long lostEvents() {
        return lost.get();
    }

    /** Returns how much could not be done. */
    public long failures() {
        return failures.get();
    }

    /** Returns what was kept last, or null. */
    public @Nullable Throwable lastFailure() {
        return lastFailure.get();
    }
}
