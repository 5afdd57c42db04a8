package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.sections.LoadLoadAddStore;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The functions that add to several counters which a table names, as constants; each is linked when it is first used,
 * and returns a status. A negative status has to be completed.
 */
final class FusedFunctions {
    private FusedFunctions() {}

    /**
     * Links the function for so many counters, unless it is linked.
     *
     * @param counters the number of counters, 2 to 8
     */
    static void prepare(int counters) {
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
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(2));
    }

    private static final class Three {
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(3));
    }

    private static final class Four {
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(4));
    }

    private static final class Five {
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(5));
    }

    private static final class Six {
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(6));
    }

    private static final class Seven {
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(7));
    }

    private static final class Eight {
        static final @Nullable MethodHandle ADD = Engine.link(LoadLoadAddStore.of(8));
    }

    static long call(long table, long d0, long d1) {
        MethodHandle add = Two.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long call(long table, long d0, long d1, long d2) {
        MethodHandle add = Three.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1, d2);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long call(long table, long d0, long d1, long d2, long d3) {
        MethodHandle add = Four.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1, d2, d3);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long call(long table, long d0, long d1, long d2, long d3, long d4) {
        MethodHandle add = Five.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1, d2, d3, d4);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long call(long table, long d0, long d1, long d2, long d3, long d4, long d5) {
        MethodHandle add = Six.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1, d2, d3, d4, d5);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long call(long table, long d0, long d1, long d2, long d3, long d4, long d5, long d6) {
        MethodHandle add = Seven.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1, d2, d3, d4, d5, d6);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long call(long table, long d0, long d1, long d2, long d3, long d4, long d5, long d6, long d7) {
        MethodHandle add = Eight.ADD;
        try {
            return add == null ? Engine.UNLINKED : (long) add.invokeExact(table, d0, d1, d2, d3, d4, d5, d6, d7);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /**
     * Finishes a call.
     *
     * @param status the negative status that it returned
     * @param table the table
     * @param deltas a number for each counter
     */
    static void complete(long status, long table, long[] deltas) {
        long[] arguments = new long[1 + deltas.length];
        arguments[0] = table;
        System.arraycopy(deltas, 0, arguments, 1, deltas.length);
        Engine.get().complete(LoadLoadAddStore.of(deltas.length), status, arguments);
    }
}
