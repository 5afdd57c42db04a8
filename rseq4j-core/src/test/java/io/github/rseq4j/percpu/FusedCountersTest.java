package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.memory.Cells;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Counters that are bound once are updated together, on restartable sequences and on the fallback. */
final class FusedCountersTest {
    private static final int SIZE = 20;
    private static final long D = 1_000_000_007L;

    private static void addTyped(FusedCounters fused) {
        switch (fused.size()) {
            case 1 -> fused.add(D);
            case 2 -> fused.add(D, 2 * D);
            case 3 -> fused.add(D, 2 * D, 3 * D);
            case 4 -> fused.add(D, 2 * D, 3 * D, 4 * D);
            case 5 -> fused.add(D, 2 * D, 3 * D, 4 * D, 5 * D);
            case 6 -> fused.add(D, 2 * D, 3 * D, 4 * D, 5 * D, 6 * D);
            case 7 -> fused.add(D, 2 * D, 3 * D, 4 * D, 5 * D, 6 * D, 7 * D);
            default -> fused.add(D, 2 * D, 3 * D, 4 * D, 5 * D, 6 * D, 7 * D, 8 * D);
        }
    }

    private static int[] spread(int count) {
        return IntStream.range(0, count).map(i -> (i * 3 + 1) % SIZE).toArray();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void addsEachNumberToItsCounter(int count) {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        int[] indices = spread(count);
        FusedCounters fused = counters.fused(indices);
        long[] expected = new long[SIZE];
        long[] deltas = new long[count];
        for (int i = 0; i < count; i++) {
            deltas[i] = -i;
            expected[indices[i]] = (i + 1) * D - i;
        }
        addTyped(fused);
        fused.add(deltas);
        assertArrayEquals(expected, counters.sums());
        assertEquals(count, fused.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void refusesAnotherNumberOfDeltas(int count) {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        FusedCounters fused = counters.fused(spread(count));
        for (int other = 1; other <= PerCpuCounters.MAX_FUSED; other++) {
            if (other != count) {
                FusedCounters bound = counters.fused(spread(other));
                long[] deltas = new long[other];
                deltas[0] = 1;
                assertMessage(other, count, assertThrows(IllegalArgumentException.class, () -> fused.add(deltas)));
                assertMessage(count, other,
                        assertThrows(IllegalArgumentException.class, () -> addTypedTo(bound, fused)));
            }
        }
        assertMessage(0, count, assertThrows(IllegalArgumentException.class, fused::add));
        assertMessage(9, count, assertThrows(IllegalArgumentException.class, () -> fused.add(new long[9])));
        assertArrayEquals(new long[SIZE], counters.sums(), "no delta was added");
    }

    /** Calls the method of as many numbers as {@code like} has counters. */
    private static void addTypedTo(FusedCounters bound, FusedCounters like) {
        switch (like.size()) {
            case 1 -> bound.add(D);
            case 2 -> bound.add(D, 1);
            case 3 -> bound.add(D, 1, 1);
            case 4 -> bound.add(D, 1, 1, 1);
            case 5 -> bound.add(D, 1, 1, 1, 1);
            case 6 -> bound.add(D, 1, 1, 1, 1, 1);
            case 7 -> bound.add(D, 1, 1, 1, 1, 1, 1);
            default -> bound.add(D, 1, 1, 1, 1, 1, 1, 1);
        }
    }

    private static void assertMessage(int deltas, int bound, IllegalArgumentException refusal) {
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains("deltas=" + deltas + ",") && message.endsWith("bound counters=" + bound), message);
    }

    @Test
    void refusesNoCountersAndMoreThanEight() {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        String none = assertThrows(IllegalArgumentException.class, counters::fused).getMessage();
        String nine = assertThrows(IllegalArgumentException.class, () -> counters.fused(new int[9])).getMessage();
        assertEquals("indices.length=0, must be 1 to 8", none);
        assertEquals("indices.length=9, must be 1 to 8", nine);
    }

    @Test
    void keepsTheCountersThatItWasBoundTo() {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        int[] indices = {4, 9};
        FusedCounters fused = counters.fused(indices);
        indices[0] = 5;
        fused.add(1, 2);
        assertEquals(1, counters.sum(4));
        assertEquals(0, counters.sum(5));
        assertEquals("FusedCounters[4, 9]", fused.toString());
    }

    @Test
    void addsToOneCounterThatIsBoundSeveralTimes() {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        counters.fused(3, 3, 3, 4, 3).add(1, 2, 4, 8, 16);
        assertEquals(23, counters.sum(3));
        assertEquals(8, counters.sum(4));
    }

    @Test
    void continuesCountingAfterAReset() {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        FusedCounters fused = counters.fused(0, 1, 2);
        fused.add(1, 2, 3);
        assertEquals(2, counters.sumThenReset(1));
        fused.add(10, 20, 30);
        assertEquals(20, counters.sum(1));
        assertEquals(33, counters.sum(2));
    }

    /** Tables of dropped objects are reused for counters with other values: each reaches its own cells. */
    @Test
    void releasesItsTableWhenCollected() throws InterruptedException {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        long before = Cells.get().held();
        long[] expected = new long[SIZE];
        for (int round = 0; round < 2000; round++) {
            int i = round % (SIZE - 4);
            counters.fused(i, i + 1, i + 2, i + 3).add(1, 2, 3, 4);
            for (int k = 0; k < 4; k++) {
                expected[i + k] += k + 1;
            }
        }
        long held = Cells.get().held();
        for (int wait = 0; held > before + 1000 && wait < 200; wait++) {
            System.gc();
            Thread.sleep(10);
            held = Cells.get().held();
        }
        assertTrue(held <= before + 1000, "before=" + before + ", held=" + held);
        assertArrayEquals(expected, counters.sums());
    }

    @Test
    void countsEveryUpdateOfManyThreads() throws InterruptedException {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        PerCpuCountersTest.assertCounts(counters, (expected, random) -> hammer(counters, expected, random));
    }

    private static void hammer(PerCpuCounters counters, long[] expected, Random random) {
        for (int round = 0; round < 200; round++) {
            int[] indices = random.ints(1 + random.nextInt(8), 0, SIZE).toArray();
            FusedCounters fused = counters.fused(indices);
            long[] deltas = random.longs(indices.length, -100, 100).toArray();
            for (int call = 0; call < 200; call++) {
                fused.add(deltas);
                addTyped(fused);
            }
            for (int i = 0; i < indices.length; i++) {
                expected[indices[i]] += 200 * (deltas[i] + (i + 1) * D);
            }
        }
    }
}
