package io.github.rseq4j.agent.site;

import io.github.rseq4j.agent.table.Histogram;
import io.github.rseq4j.trace.common.TraceTime;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Counts and times calls.
 *
 * @param histogram the times of the method
 * @param sample the calls that are timed
 */
public record Timing(Histogram histogram, Sample sample) implements Recorder {
    /* How it works
     *
     * One downcall at the entry reads the clock, and one at the end reads it again and records. Both readings are
     * unordered (TraceTime.unordered): the processor may take each of them some nanoseconds before or after its place
     * in the program, so a duration is wrong by so much. It needs no order between threads, because one thread takes
     * both.
     */
    /** Returns the time at the entry of a call. */
    static final MethodHandle START = Handles.find(MethodHandles.lookup(), "start", ENTER);
    private static final MethodHandle STOP = Handles.find(MethodHandles.lookup(), "stop",
            MethodType.methodType(void.class, Histogram.class, long.class));

    /** Returns the time, or 0 if it is none that an end knows as a time. */
    static long start() {
        return Math.max(TraceTime.unordered(), 0);
    }

    /** Times a call that ends now. */
    static void stop(Histogram histogram, long start) {
        if (start > 0) {
            long _ = histogram.recordSince(start);
        }
    }

    @Override
    public MethodHandle enter() {
        return sample.enter(START);
    }

    @Override
    public MethodHandle exit() {
        return MethodHandles.insertArguments(STOP, 0, histogram);
    }

    @Override
    public void end(End end, Object[] values, long stop) {
        long start = end.start(values);
        if (start > 0) {
            histogram.record(Math.max(stop - start, 0));
        }
    }
}
