package io.github.rseq4j.agent.site;

import io.github.rseq4j.trace.Tracer;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The trace of the agent's events, and what is done after an event of a slow call. Any thread. */
public final class EventContext {
    private final Tracer tracer;
    private final double nanosPerTick;
    private final Runnable afterSlow;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    /**
     * Makes a context.
     *
     * @param tracer records the events
     * @param ticksPerSecond the frequency of the trace's clock
     * @param afterSlow runs after each event of a slow call, on the thread of the call; it must be fast
     */
    public EventContext(Tracer tracer, long ticksPerSecond, Runnable afterSlow) {
        this.tracer = tracer;
        this.nanosPerTick = 1e9 / ticksPerSecond;
        this.afterSlow = afterSlow;
    }

    Tracer tracer() {
        return tracer;
    }

    /** Converts a duration to nanoseconds. */
    long nanos(long ticks) {
        return Math.round(ticks * nanosPerTick);
    }

    /** Converts a duration to ticks. */
    public long ticks(long nanos) {
        return Math.round(nanos / nanosPerTick);
    }

    void recordedSlow() {
        afterSlow.run();
    }

    /** Counts an event that was not recorded, because something was thrown. */
    void lost(Throwable thrown) {
        tracer.countLost();
        failure.compareAndSet(null, thrown);
    }

    /** Returns what the first lost event threw, or null. */
    public @Nullable Throwable failure() {
        return failure.get();
    }
}
