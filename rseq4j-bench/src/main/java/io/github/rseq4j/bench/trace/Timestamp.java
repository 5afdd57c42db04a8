package io.github.rseq4j.bench.trace;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import java.lang.invoke.MethodHandle;

/** A function that reads the time stamp counter, called critically: what every event with a time pays at least. */
final class Timestamp {
    private static final MethodHandle FUNCTION = Engine.get().timestampHandle();

    private Timestamp() {}

    static long read() {
        try {
            return (long) FUNCTION.invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
