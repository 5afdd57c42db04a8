package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.sections.LoadCbaeLoadLoadAddStore;
import io.github.rseq4j.sections.LoadLoadLoadAddStore;
import java.lang.foreign.MemorySegment;

/**
 * The functions that add the numbers of an array to several counters in one call. Each function is a constant, is
 * linked at its first use, and returns a status. If it is negative, the caller adds to the other counters: the status
 * has the number of those that were added to. On the fallback it is always negative.
 */
public final class ArrayFunctions {
    /** The arguments that are arrays. */
    private static final int[] DELTAS = {1};
    private static final int[] NUMBERS_AND_DELTAS = {1, 2};

    private ArrayFunctions() {}

    /**
     * Links the function of {@link #add} for a number of counters, unless it is linked.
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

    /**
     * Links the function of {@link #addBound} for a number of counters, unless it is linked.
     *
     * @param counters the number of counters, 2 to 8
     */
    public static void prepareBound(int counters) {
        switch (counters) {
            case 2 -> Engine.get(TwoBound.class);
            case 3 -> Engine.get(ThreeBound.class);
            case 4 -> Engine.get(FourBound.class);
            case 5 -> Engine.get(FiveBound.class);
            case 6 -> Engine.get(SixBound.class);
            case 7 -> Engine.get(SevenBound.class);
            default -> Engine.get(EightBound.class);
        }
    }

    private static final class Two {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(2), NUMBERS_AND_DELTAS);
    }

    private static final class TwoBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(2), DELTAS);
    }

    private static final class Three {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(3), NUMBERS_AND_DELTAS);
    }

    private static final class ThreeBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(3), DELTAS);
    }

    private static final class Four {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(4), NUMBERS_AND_DELTAS);
    }

    private static final class FourBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(4), DELTAS);
    }

    private static final class Five {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(5), NUMBERS_AND_DELTAS);
    }

    private static final class FiveBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(5), DELTAS);
    }

    private static final class Six {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(6), NUMBERS_AND_DELTAS);
    }

    private static final class SixBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(6), DELTAS);
    }

    private static final class Seven {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(7), NUMBERS_AND_DELTAS);
    }

    private static final class SevenBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(7), DELTAS);
    }

    private static final class Eight {
        static final Link ADD = Engine.linkArrays(LoadCbaeLoadLoadAddStore.of(8), NUMBERS_AND_DELTAS);
    }

    private static final class EightBound {
        static final Link ADD = Engine.linkArrays(LoadLoadLoadAddStore.of(8), DELTAS);
    }

    /**
     * Adds to as many counters of a block as the arrays have elements, 2 to 8. Nothing is added if a number is not
     * below the limit.
     *
     * @param cells the first counter's cell at index 0
     * @param numbers the counters' numbers in the block
     * @param deltas the number that is added to each, as many
     * @param limit the number of counters in the block
     */
    public static long add(long cells, int[] numbers, long[] deltas, int limit) {
        MemorySegment first = MemorySegment.ofArray(numbers);
        MemorySegment second = MemorySegment.ofArray(deltas);
        return switch (numbers.length) {
            case 2 -> Two.ADD.call(cells, first, second, limit);
            case 3 -> Three.ADD.call(cells, first, second, limit);
            case 4 -> Four.ADD.call(cells, first, second, limit);
            case 5 -> Five.ADD.call(cells, first, second, limit);
            case 6 -> Six.ADD.call(cells, first, second, limit);
            case 7 -> Seven.ADD.call(cells, first, second, limit);
            default -> Eight.ADD.call(cells, first, second, limit);
        };
    }

    /**
     * Adds to as many counters as the array has elements, 2 to 8.
     *
     * @param table the counters' cells
     * @param deltas the number that is added to each
     */
    public static long addBound(long table, long[] deltas) {
        MemorySegment data = MemorySegment.ofArray(deltas);
        return switch (deltas.length) {
            case 2 -> TwoBound.ADD.call(table, data);
            case 3 -> ThreeBound.ADD.call(table, data);
            case 4 -> FourBound.ADD.call(table, data);
            case 5 -> FiveBound.ADD.call(table, data);
            case 6 -> SixBound.ADD.call(table, data);
            case 7 -> SevenBound.ADD.call(table, data);
            default -> EightBound.ADD.call(table, data);
        };
    }
}
