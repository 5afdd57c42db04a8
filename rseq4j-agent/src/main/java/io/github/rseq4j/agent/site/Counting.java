package io.github.rseq4j.agent.site;

import io.github.rseq4j.function.CounterFunctions;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Counts calls.
 *
 * @param cell the address of the count of CPU index 0
 */
public record Counting(long cell) implements Recorder {
    private static final MethodHandle COUNT = Handles.find(MethodHandles.lookup(), "count",
            MethodType.methodType(long.class, long.class));

    /** Counts a call. */
    static long count(long cell) {
        CounterFunctions.add(cell, 1);
        return 0;
    }

    @Override
    public MethodHandle enter() {
        return MethodHandles.insertArguments(COUNT, 0, cell);
    }

    @Override
    public MethodHandle exit() {
        return OFF.exit();
    }

    @Override
    public void end(End end, Object[] values, long stop) {}
}
