package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.testing.Crowd;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A block of counters updates one, or several in one call, on restartable sequences and on the fallback. */
final class PerCpuCountersTest {
    private static final int SIZE = 20;
    private static final VarHandle INDICES = MethodHandles.arrayElementVarHandle(int[].class);

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, PerCpuCounters.MAX_SIZE + 1, Integer.MAX_VALUE})
    void refusesASizeOutOfRange(int size) {
        assertMessage("size=" + size, IllegalArgumentException.class, () -> new PerCpuCounters(size));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, PerCpuCounters.MAX_SIZE})
    void acceptsASizeInRange(int size) {
        PerCpuCounters counters = new PerCpuCounters(size);
        counters.increment(size - 1);
        assertEquals(1, counters.sum(size - 1));
        assertEquals(size, counters.size());
        assertEquals(size, counters.sums().length);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, SIZE, Integer.MAX_VALUE})
    void refusesAnIndexOutOfRange(int i) {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        List<Executable> uses = List.of(() -> counters.add(i, 1), () -> counters.increment(i), () -> counters.sum(i),
                () -> counters.sumThenReset(i), () -> counters.fused(i),
                () -> counters.fused(0, 1, i),
                () -> counters.add(new int[] {0, i}, new long[] {1, 1}),
                () -> counters.add(new int[] {0, 1, i}, new long[] {1, 1, 1}),
                () -> counters.add(new int[] {0, 1, 2, i}, new long[] {1, 1, 1, 1}),
                () -> counters.add(new int[] {0, 1, 2, 3, 4, i}, new long[] {1, 1, 1, 1, 1, 1}),
                () -> counters.add(new int[] {0, 1, 2, 3, 4, 5, 6, i}, new long[] {1, 1, 1, 1, 1, 1, 1, 1}));
        for (Executable use : uses) {
            assertMessage("index=" + i, IndexOutOfBoundsException.class, use);
        }
        assertArrayEquals(new long[SIZE], counters.sums(), "no delta was added");
    }

    @Test
    void refusesArraysThatDoNotMatch() {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        assertMessage("deltas.length=1", IllegalArgumentException.class, () -> counters.add(new int[2], new long[1]));
        assertMessage("indices.length=9", IllegalArgumentException.class, () -> counters.add(new int[9], new long[9]));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
    void addsToSeveralCountersInOneCall(int n) {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        int[] indices = new int[n];
        long[] deltas = new long[n];
        long[] expected = new long[SIZE];
        for (int i = 0; i < n; i++) {
            indices[i] = (i * 3 + 1) % SIZE;
            deltas[i] = i * 1_000_000_007L - 3;
            expected[indices[i]] += 2 * deltas[i];
        }
        counters.add(indices, deltas);
        counters.add(indices, deltas);
        assertArrayEquals(expected, counters.sums());
    }

    @Test
    void addsNothingBesideTheBlockWhileAnotherThreadChangesAnIndex() throws InterruptedException {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        PerCpuCounters neighbour = new PerCpuCounters(SIZE);
        int[] indices = new int[PerCpuCounters.MAX_FUSED];
        AtomicBoolean isDone = new AtomicBoolean();
        Thread changer = Thread.ofPlatform().start(() -> {
            for (int i = 0; !isDone.get(); i++) {
                // The last one is checked twice, so a change may come after the first check.
                INDICES.setOpaque(indices, indices.length - 1, i % 2 == 0 ? SIZE : 0);
            }
        });
        int refused = 0;
        try {
            for (int i = 0; i < 100_000; i++) {
                try {
                    counters.add(indices, new long[] {1, 1, 1, 1, 1, 1, 1, 1});
                } catch (IndexOutOfBoundsException e) {
                    refused++;
                }
            }
        } finally {
            isDone.set(true);
            changer.join();
        }
        assertArrayEquals(new long[SIZE], neighbour.sums(), "refused=" + refused);
        assertTrue(counters.sum(0) >= (100_000L - refused) * indices.length, "refused=" + refused);
        assertEquals(0, Arrays.stream(counters.sums()).skip(1).sum());
    }

    @Test
    void addsToTheSameCounterTwiceInOneCall() {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        counters.add(new int[] {3, 3}, new long[] {1, 2});
        counters.add(new int[] {3, 3, 3, 4}, new long[] {1, 2, 4, 8});
        counters.add(new int[] {3, 3, 3, 3, 3, 3, 4, 5}, new long[] {1, 2, 4, 8, 16, 32, 64, 128});
        assertEquals(73, counters.sum(3));
        assertEquals(72, counters.sum(4));
        assertEquals(128, counters.sum(5));
    }

    @Test
    void resetsOneCounterAndKeepsTheOthers() {
        PerCpuCounters counters = new PerCpuCounters(3);
        counters.fused(0, 1).add(1, 2);
        assertEquals(2, counters.sumThenReset(1));
        assertEquals(0, counters.sumThenReset(1));
        counters.add(1, 5);
        assertEquals("[1, 5, 0]", counters.toString());
    }

    @Test
    void countsEveryFusedUpdateOfManyThreads() throws InterruptedException {
        PerCpuCounters counters = new PerCpuCounters(SIZE);
        assertCounts(counters, (expected, random) -> hammer(counters, expected, random));
    }

    /**
     * Updates counters by eight threads, and compares the sums.
     *
     * @param counters the counters
     * @param hammer updates them, and adds to the expected sums of its thread
     */
    static void assertCounts(PerCpuCounters counters, BiConsumer<long[], Random> hammer) throws InterruptedException {
        long[][] expected = new long[8][counters.size()];
        Crowd.start(expected.length, false, thread -> hammer.accept(expected[thread], new Random(thread))).join();
        long[] all = new long[counters.size()];
        for (long[] each : expected) {
            Arrays.setAll(all, i -> all[i] + each[i]);
        }
        assertArrayEquals(all, counters.sums());
    }

    private static void hammer(PerCpuCounters counters, long[] expected, Random random) {
        for (int round = 0; round < 50_000; round++) {
            int[] indices = random.ints(random.nextInt(9), 0, SIZE).toArray();
            long[] deltas = random.longs(indices.length, -100, 100).toArray();
            counters.add(indices, deltas);
            for (int i = 0; i < indices.length; i++) {
                expected[indices[i]] += deltas[i];
            }
        }
    }

    private static void assertMessage(String part, Class<? extends Exception> type, Executable use) {
        String message = String.valueOf(assertThrows(type, use).getMessage());
        assertTrue(message.contains(part), message);
    }
}
