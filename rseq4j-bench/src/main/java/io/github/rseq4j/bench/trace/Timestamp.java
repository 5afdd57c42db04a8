package io.github.rseq4j.bench.trace;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import java.lang.invoke.MethodHandle;

/** An emitted function that reads the time stamp counter: the lower bound of the cost of an event with a time. */
final class Timestamp {
    private static final MethodHandle FUNCTION = Engine.get().timestampHandle(true);

    private Timestamp() {}

    static long read() {
        try {
            return (long) FUNCTION.invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
