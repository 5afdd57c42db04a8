package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.sections.LoadLoadAddStore;

/**
 * The functions that add to several counters, whose addresses a table holds. Each function is a constant, is linked at
 * its first use, and returns a status. A negative status has to be completed: it has the number of counters that were
 * added to.
 */
public final class FusedFunctions {
    private FusedFunctions() {}

    /**
     * Links the function for a number of counters, unless it is linked.
     *
     * @param counters the number of counters, 2 to 8
     */
    public static void prepare(int counters) {
        switch (counters) {
            case 2 -> Engine.get(Two.class);
            case 3 -> Engine.get(Three.class);
            case 4 -> Engine.get(Four.class);
            case 5 -> Engine.get(Five.class);
            case 6 -> Engine.get(Six.class);
            case 7 -> Engine.get(Seven.class);
            default -> Engine.get(Eight.class);
        }
    }

    private static final class Two {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(2));
    }

    private static final class Three {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(3));
    }

    private static final class Four {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(4));
    }

    private static final class Five {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(5));
    }

    private static final class Six {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(6));
    }

    private static final class Seven {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(7));
    }

    private static final class Eight {
        static final Link ADD = Engine.linkAdditions(LoadLoadAddStore.of(8));
    }

    public static long call(long table, long d0, long d1) {
        return Two.ADD.call(table, d0, d1);
    }

    public static long call(long table, long d0, long d1, long d2) {
        return Three.ADD.call(table, d0, d1, d2);
    }

    public static long call(long table, long d0, long d1, long d2, long d3) {
        return Four.ADD.call(table, d0, d1, d2, d3);
    }

    public static long call(long table, long d0, long d1, long d2, long d3, long d4) {
        return Five.ADD.call(table, d0, d1, d2, d3, d4);
    }

    public static long call(long table, long d0, long d1, long d2, long d3, long d4, long d5) {
        return Six.ADD.call(table, d0, d1, d2, d3, d4, d5);
    }

    public static long call(long table, long d0, long d1, long d2, long d3, long d4, long d5, long d6) {
        return Seven.ADD.call(table, d0, d1, d2, d3, d4, d5, d6);
    }

    public static long call(long table, long d0, long d1, long d2, long d3, long d4, long d5, long d6, long d7) {
        return Eight.ADD.call(table, d0, d1, d2, d3, d4, d5, d6, d7);
    }
}
