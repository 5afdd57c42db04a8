package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.sections.LoadAddStore;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** The functions of the counters as constants, each linked when it is first used. */
final class CounterFunctions {
    static final Cells CELLS = Cells.get();
    /** An element of an array of longs. */
    static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);
    private static final @Nullable MethodHandle ADD = Engine.link(LoadAddStore.ONE);

    private CounterFunctions() {}

    /** Links two additions in one call when they are first asked for. */
    static final class Two {
        private static final @Nullable MethodHandle ADD;

        static {
            MethodHandle add = null;
            try {
                add = Engine.get().handle(LoadAddStore.TWO);
            } catch (Throwable _) {
                // No stack or no memory: see Engine.UNLINKED.
            }
            ADD = add;
        }
    }

    /** Links four additions in one call when they are first asked for. */
    static final class Four {
        private static final @Nullable MethodHandle ADD;

        static {
            MethodHandle add = null;
            try {
                add = Engine.get().handle(LoadAddStore.FOUR);
            } catch (Throwable _) {
                // No stack or no memory: see Engine.UNLINKED.
            }
            ADD = add;
        }
    }

    /** Links eight additions in one call when they are first asked for. */
    static final class Eight {
        private static final @Nullable MethodHandle ADD;

        static {
            MethodHandle add = null;
            try {
                add = Engine.get().handle(LoadAddStore.EIGHT);
            } catch (Throwable _) {
                // No stack or no memory: see Engine.UNLINKED.
            }
            ADD = add;
        }
    }

    static void add(long cell, long delta) {
        MethodHandle add = ADD;
        long status;
        try {
            status = add == null ? Engine.UNLINKED : (long) add.invokeExact(cell, delta);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
        if (status < 0) {
            complete(LoadAddStore.ONE, status, cell, delta);
        }
    }

    static void add(long c0, long d0, long c1, long d1) {
        MethodHandle add = Two.ADD;
        long status;
        try {
            status = add == null ? Engine.UNLINKED
                    : (long) add.invokeExact(c0, d0, c1, d1);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
        if (status < 0) {
            complete(LoadAddStore.TWO, status, c0, d0, c1, d1);
        }
    }

    /** Adds to four cells and returns the status; a negative one has to be completed. */
    static long call(long c0, long d0, long c1, long d1, long c2, long d2, long c3, long d3) {
        MethodHandle add = Four.ADD;
        try {
            return add == null ? Engine.UNLINKED
                    : (long) add.invokeExact(c0, d0, c1, d1, c2, d2, c3, d3);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Adds to eight cells and returns the status; a negative one has to be completed. */
    static long call(long c0, long d0, long c1, long d1, long c2, long d2, long c3, long d3,
                     long c4, long d4, long c5, long d5, long c6, long d6, long c7, long d7) {
        MethodHandle add = Eight.ADD;
        try {
            return add == null ? Engine.UNLINKED
                    : (long) add.invokeExact(c0, d0, c1, d1, c2, d2, c3, d3, c4, d4, c5, d5, c6, d6, c7, d7);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static void complete(Chain chain, long status, long... arguments) {
        Engine.get().complete(chain, status, arguments);
    }
}
