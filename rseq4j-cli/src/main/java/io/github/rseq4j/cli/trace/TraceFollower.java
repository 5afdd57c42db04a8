package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** Passes on the events of a trace that a tracer is writing, as they come, until the tracer ends. */
final class TraceFollower {
    /* How it works
     *
     * A tracer writes the events of a CPU when a sub-buffer is full, and those of incomplete sub-buffers once for each
     * flush interval. So at a time T all events up to T minus the flush interval are in the files, and can be passed on
     * in the order of time. An event that is written later than that is passed on when it is found.
     *
     * The age of an event is computed by CLOCK_REALTIME. If the clock was set since the tracer's start, or the trace is
     * of another machine, an event can seem too young for ever. So after twice the delay it passes, and its age
     * corrects those of the events after it.
     */
    private static final long PAUSE_MILLIS = 100;

    private final Trace trace;
    private final TraceInput input;
    private final Duration delay;
    private Duration correction = Duration.ZERO;
    private long lastProgress = System.nanoTime();

    /** Receives events. */
    interface Events {
        void take(TraceEvent event) throws IOException;
    }

    /**
     * Prepares to follow a trace.
     *
     * @param trace the trace
     * @param input the trace's input, which tells whether the tracer runs
     * @param delay the age at which an event is passed on
     * @throws InputException if the tracer is or was a flight recorder, which writes no stream
     */
    TraceFollower(Trace trace, TraceInput input, Duration delay) {
        this.trace = trace;
        this.input = input;
        this.delay = delay;
        input.follow();
    }

    /**
     * Passes on events until the tracer ends.
     *
     * @param to receives the events
     * @param out the output, which is flushed before each pause
     * @throws IOException if the output is lost
     */
    void run(Events to, OutputWriter out) throws IOException {
        boolean isRunning = true;
        while (isRunning && !trace.isStopped()) {
            // The state before the files: what a tracer writes before its end is found.
            isRunning = input.isStillRunning();
            trace.refresh();
            while (isDue(isRunning)) {
                TraceEvent event = trace.next();
                lastProgress = System.nanoTime();
                if (event != null) {
                    to.take(event);
                }
            }
            out.flush();
            if (isRunning) {
                try {
                    TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
                } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                    return;
                }
            }
        }
    }

    /** Tells whether there is an event that is old enough, or whose tracer has ended. */
    private boolean isDue(boolean isRunning) {
        Instant next = trace.nextTime();
        if (next == null) {
            lastProgress = System.nanoTime();
            return false;
        }
        Instant limit = Instant.now().minus(delay).plus(correction);
        if (!isRunning || !next.isAfter(limit)) {
            return true;
        }
        if (System.nanoTime() - lastProgress > 2 * delay.toNanos()) {
            correction = correction.plus(Duration.between(limit, next));
            return true;
        }
        return false;
    }
}
