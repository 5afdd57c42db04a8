package io.github.rseq4j.bench;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.machine.Assembled;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** An emitted function that only returns. Its critical downcall is the lower bound of the cost of every section. */
public final class Empty {
    private static final MethodHandle FUNCTION = link();

    private Empty() {}

    private static MethodHandle link() {
        if (!(Engine.get() instanceof NativeEngine engine)) {
            throw new UnsupportedOperationException("an empty downcall needs rseq, and the fallback runs: "
                    + Engine.get().registration().reason());
        }
        Assembled empty = engine.compiler().routine("empty", engine.target(), List.of(), a -> a.leave(Operand.imm(0)));
        return Native.critical(engine.code().install(List.of(empty)).getFirst().entry(), 2);
    }

    /**
     * Calls the function.
     *
     * @param a passed and ignored
     * @param b passed and ignored
     * @return 0
     */
    public static long call(long a, long b) {
        try {
            return (long) FUNCTION.invokeExact(a, b);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
