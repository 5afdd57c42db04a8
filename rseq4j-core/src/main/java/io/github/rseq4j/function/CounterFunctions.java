package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.sections.LoadAddStore;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/** The functions of the counters as constants, each linked at its first use. */
public final class CounterFunctions {
    public static final Cells CELLS = Cells.get();
    /** An element of an array of longs. */
    public static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);
    private static final Link ADD = Engine.linkAdditions(LoadAddStore.ONE);

    private CounterFunctions() {}

    /** Links an addition to a pair of words at the first use; two additions where no instruction stores a pair. */
    public static final class Pair {
        private static final boolean IS_ONE_STORE = Engine.get().storesPairs();
        private static final Link ADD = Engine.linkAdditions(IS_ONE_STORE ? LoadAddStore.PAIR : LoadAddStore.TWO);
    }

    public static void add(long cell, long delta) {
        long _ = ADD.run(cell, delta);
    }

    /** Adds to the two cells of a pair, whose address is a multiple of 16. */
    public static void addPair(long pair, long d0, long d1) {
        long _ = Pair.IS_ONE_STORE ? Pair.ADD.run(pair, d0, d1) : Pair.ADD.run(pair, d0, pair + Long.BYTES, d1);
    }
}
