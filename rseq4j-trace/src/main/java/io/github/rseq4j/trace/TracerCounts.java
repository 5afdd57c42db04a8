package io.github.rseq4j.trace;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What a tracer counts besides what its rings count. */
final class TracerCounts {
    final LongAdder packets = new LongAdder();
    final LongAdder bytes = new LongAdder();
    final LongAdder droppedFiles = new LongAdder();
    /** These two allocate nothing: they also count when there is no memory. */
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> lastFailure = new AtomicReference<>();

    /**
     * Counts something that could not be done, and keeps it.
     *
     * @param failure what was thrown
     */
    void failed(Throwable failure) {
        failures.getAndIncrement();
        lastFailure.set(failure);
    }

    /** Counts an event that is in no ring's count. */
    void lost() {
        lost.getAndIncrement();
    }

    /** Counts events that were in a ring, and are nowhere now. */
    void lost(long events) {
        lost.getAndAdd(events);
    }

    /** Returns how many events were lost. */
    long lostEvents() {
        return lost.get();
    }

    /** Returns how much could not be done. */
    long failures() {
        return failures.get();
    }

    /** Returns what was kept last, or null. */
    @Nullable Throwable lastFailure() {
        return lastFailure.get();
    }
}
