package io.github.rseq4j.trace;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What a tracer counts besides what its rings count. */
final class TracerCounts {
    final LongAdder packets = new LongAdder();
    final LongAdder bytes = new LongAdder();
    final LongAdder droppedFiles = new LongAdder();
    final LongAdder failures = new LongAdder();
    final LongAdder lost = new LongAdder();
    private final AtomicReference<@Nullable Throwable> lastFailure = new AtomicReference<>();

    /**
     * Counts something that could not be done, and keeps it.
     *
     * @param failure what was thrown
     */
    void failed(Throwable failure) {
        failures.increment();
        lastFailure.set(failure);
    }

    /** Returns what was kept last, or null. */
    @Nullable Throwable lastFailure() {
        return lastFailure.get();
    }
}
