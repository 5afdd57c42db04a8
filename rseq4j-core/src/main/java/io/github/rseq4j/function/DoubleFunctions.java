package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.sections.LoadFaddStore;

/** The functions that add doubles, as constants, each linked at its first use. */
public final class DoubleFunctions {
    private static final Link ADD = Engine.link(LoadFaddStore.ONE);

    private DoubleFunctions() {}

    /** Links an addition to a word and one to a double, in one call, at the first use. */
    public static final class Counted {
        private static final Link ADD = Engine.link(LoadFaddStore.COUNTED);
    }

    public static void add(long cell, double delta) {
        long _ = ADD.run(cell, Double.doubleToRawLongBits(delta));
    }

    public static void add(long count, long times, long sum, double delta) {
        long _ = Counted.ADD.run(count, times, sum, Double.doubleToRawLongBits(delta));
    }
}
