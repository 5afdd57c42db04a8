package io.github.rseq4j.agent.site;

import io.github.rseq4j.agent.table.Histogram;
import io.github.rseq4j.trace.common.TraceTime;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/**
 * Records one event at the end of each call that took longer than a limit.
 *
 * @param limitTicks the limit, in ticks of the trace's clock; -1 records every call
 * @param event records the event
 * @param histogram the times of the method, if it is timed too
 * @param sample the calls that are looked at
 */
public record Slow(long limitTicks, SlowEvent event, @Nullable Histogram histogram, Sample sample) implements Recorder {
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();
    private static final MethodHandle IS_SLOW = Handles.find(OWN, "isSlow", MethodType.methodType(boolean.class,
            long.class, long.class));
    private static final MethodHandle IS_SLOW_TIMED = Handles.find(OWN, "isSlow", MethodType.methodType(boolean.class,
            Histogram.class, long.class, long.class));

    /** Tells whether a call is slow that ends now. */
    static boolean isSlow(long limitTicks, long start) {
        return start > 0 && TraceTime.unordered() - start > limitTicks;
    }

    /** Times a call that ends now, and tells whether it is slow. */
    static boolean isSlow(Histogram histogram, long limitTicks, long start) {
        return start > 0 && histogram.recordSince(start) > limitTicks;
    }

    @Override
    public MethodHandle enter() {
        return sample.enter(Timing.START);
    }

    @Override
    public MethodHandle exit() {
        return exit(End.EXIT, EXIT);
    }

    @Override
    public MethodHandle exit(End end, MethodType type) {
        MethodHandle isSlow = histogram == null ? MethodHandles.insertArguments(IS_SLOW, 0, limitTicks)
                : MethodHandles.insertArguments(IS_SLOW_TIMED, 0, histogram, limitTicks);
        return MethodHandles.guardWithTest(
                MethodHandles.dropArguments(isSlow, 0, type.parameterList().subList(0, end.start())),
                event.handle(end, type), MethodHandles.empty(type));
    }

    @Override
    public void end(End end, Object[] values, long stop) {
        long start = end.start(values);
        if (start > 0) {
            long ticks = Math.max(stop - start, 0);
            if (histogram != null) {
                histogram.record(ticks);
            }
            if (ticks > limitTicks) {
                event.record(end, values, ticks);
            }
        }
    }
}
