package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.RingFunctions;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.memory.RingMemory;
import io.github.rseq4j.testing.Crowd;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every pushed value is drained once, in its CPU's order, under concurrent operations. */
final class PerCpuRingTest {
    private static final int CALLS = 200_000;

    private static List<Long> drained(PerCpuRing ring) {
        List<Long> values = new ArrayList<>();
        ring.drain(values::add);
        return values;
    }

    /** Returns the copy to which this thread alone pushed a value: the one whose size has grown. */
    private static int grown(int[] before, int[] after) {
        int[] grown = IntStream.range(0, before.length).filter(i -> after[i] != before[i]).toArray();
        assertEquals(1, grown.length, () -> Arrays.toString(before) + " became " + Arrays.toString(after));
        assertEquals(before[grown[0]] + 1, after[grown[0]]);
        return grown[0];
    }

    /** This is the whole promise of order: by mm_cid not even a thread that stays on its CPU keeps its ring. */
    @Test
    void keepsTheOrderOfEachThreadInEachRing() throws InterruptedException {
        int threads = 6;
        int each = 20_000;
        Engine.get(RingFunctions.class, RingFunctions.Words.class);
        RingMemory memory = new RingMemory(256 * Long.BYTES);
        long[][] last = new long[Engine.get().copies()][threads];
        List<String> faults = new ArrayList<>();
        RingMemory.Elements elements = (index, tail) -> {
            long value = memory.word(index, tail * Long.BYTES & memory.capacityBytes() - 1);
            memory.free(index, tail + 1);
            int thread = (int) (value >>> Integer.SIZE);
            long number = (int) value;
            if (number <= last[index][thread] && faults.size() < 10) {
                faults.add("index=" + index + ", thread=" + thread + ": " + number + " after " + last[index][thread]);
            }
            last[index][thread] = number;
            return 1;
        };
        List<Thread> pushers = new ArrayList<>();
        for (long thread = 0; thread < threads; thread++) {
            long upper = thread << Integer.SIZE;
            Thread.Builder builder = thread % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
            pushers.add(builder.start(() -> {
                for (int number = 1; number <= each;) {
                    if (RingFunctions.push(memory, upper | number) >= 0) {
                        number++;
                    } else {
                        LockSupport.parkNanos(1_000);
                    }
                }
            }));
        }
        int drained = 0;
        while (drained < threads * each) {
            int some = memory.drain(Integer.MAX_VALUE, elements);
            drained += some;
            if (some == 0) {
                LockSupport.parkNanos(50_000);
            }
        }
        for (Thread pusher : pushers) {
            pusher.join();
        }
        assertEquals(List.of(), faults);
        assertEquals(threads * each, drained);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, -2, -16, -17, -18, 42, Long.MAX_VALUE, Long.MIN_VALUE, -4096})
    void returnsEveryLongUnchanged(long value) {
        PerCpuRing ring = new PerCpuRing(1);
        for (int i = 0; i < 5; i++) {
            assertTrue(ring.push(value));
            assertEquals(1, ring.size());
            assertEquals(List.of(value), drained(ring));
            assertEquals(List.of(), drained(ring));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 4", "4, 4", "5, 8", "1000, 1024", "65535, 65536", "65536, 65536"})
    void roundsTheCapacityUpToAPowerOfTwo(int capacity, int rounded) {
        PerCpuRing ring = new PerCpuRing(capacity);
        assertEquals(rounded, ring.capacity());
        long pushed = 0;
        while (ring.push(pushed)) {
            pushed++;
        }
        assertTrue(IntStream.of(ring.sizes()).anyMatch(size -> size == rounded), () -> ring + " has a full copy");
        assertEquals(pushed, ring.size());
        assertEquals(LongStream.range(0, pushed).boxed().toList(), drained(ring).stream().sorted().toList());
    }

    @Test
    void returnsFalseWhenFullAndZeroWhenEmpty() {
        PerCpuRing ring = new PerCpuRing(4);
        assertEquals(List.of(), drained(ring));
        long pushed = 0;
        while (ring.push(pushed)) {
            pushed++;
        }
        assertTrue(IntStream.of(ring.sizes()).allMatch(size -> size <= 4), () -> Arrays.toString(ring.sizes()));
        assertEquals(pushed, ring.size(), "the ring does not hold the refused value");
        assertEquals("PerCpuRing[size=" + pushed + ", capacity=4]", ring.toString());
        assertEquals((int) pushed, drained(ring).size());
        assertEquals(0, ring.size());
        assertTrue(ring.push(7), "the drained space is free again");
        assertEquals(List.of(7L), drained(ring));
    }

    @Test
    void refusesACapacityOutOfRangeByName() {
        String message = assertThrows(IllegalArgumentException.class, () -> new PerCpuRing(0)).getMessage();
        assertEquals("capacity=0, must be 1 to 65536", message);
        assertThrows(IllegalArgumentException.class, () -> new PerCpuRing(PerCpuRing.MAX_CAPACITY + 1));
        PerCpuRing ring = new PerCpuRing(2);
        message = assertThrows(IllegalArgumentException.class, () -> ring.drain(_ -> { }, -1)).getMessage();
        assertEquals("max=-1, must be 0 or more", message);
    }

    /** One thread, which may migrate. The model has a queue for each copy, and learns the copy of each value. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "4, 3", "8, 4", "64, 5"})
    void behavesLikeAQueueForEachCopy(int capacity, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        PerCpuRing ring = new PerCpuRing(capacity);
        List<Deque<Long>> model = new ArrayList<>();
        IntStream.range(0, ring.sizes().length).forEach(_ -> model.add(new ArrayDeque<>()));
        for (long i = 0; i < 20_000; i++) {
            if (random.nextInt(capacity + 1) > 0) {
                int[] before = ring.sizes();
                if (ring.push(i)) {
                    model.get(grown(before, ring.sizes())).add(i);
                } else {
                    assertTrue(model.stream().anyMatch(copy -> copy.size() == capacity), "seed=" + seed);
                }
            } else {
                int max = random.nextInt(2 * capacity);
                int expected = Math.min(max, model.stream().mapToInt(Deque::size).sum());
                int handed = ring.drain(value -> assertTrue(model.stream()
                        .anyMatch(copy -> copy.peekFirst() != null && copy.peekFirst() == value
                                && copy.removeFirst() == value), () -> "seed=" + seed + " value=" + value), max);
                assertEquals(expected, handed, "seed=" + seed);
            }
            assertEquals(model.stream().mapToInt(Deque::size).sum(), ring.size(), "seed=" + seed);
        }
    }

    @Test
    void wrapsAroundAtEveryPosition() {
        PerCpuRing ring = new PerCpuRing(8);
        for (int ahead = 0; ahead < 40; ahead++) {
            List<Long> values = LongStream.range(0, 1 + ahead % 8).boxed().toList();
            values.forEach(value -> assertTrue(ring.push(value)));
            List<Long> found = drained(ring);
            assertEquals(values, found.stream().sorted().toList());
            long falls = IntStream.range(1, found.size()).filter(i -> found.get(i) < found.get(i - 1)).count();
            assertTrue(falls < ring.sizes().length, "rising except where the copy changes: " + found);
        }
    }

    @Test
    void aConsumerThatThrowsHasTakenItsValue() {
        PerCpuRing ring = new PerCpuRing(8);
        LongStream.range(0, 6).forEach(value -> assertTrue(ring.push(value)));
        List<Long> seen = new ArrayList<>();
        assertThrows(ArithmeticException.class, () -> ring.drain(value -> {
            seen.add(value);
            if (seen.size() == 3) {
                throw new ArithmeticException("the third");
            }
        }));
        assertEquals(3, ring.size());
        assertEquals(3, ring.drain(seen::add));
        assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), seen.stream().sorted().toList());
    }

    @Test
    void aConsumerMayPushAndDrain() {
        PerCpuRing ring = new PerCpuRing(8);
        LongStream.range(0, 5).forEach(value -> assertTrue(ring.push(value)));
        List<Long> seen = new ArrayList<>();
        int handed = ring.drain(value -> {
            if (seen.isEmpty()) {
                seen.add(value);
                assertTrue(ring.push(5));
                assertEquals(5, ring.drain(seen::add), "the remaining values, and those pushed by the consumer");
            } else {
                seen.add(value);
            }
        });
        assertEquals(1, handed);
        assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), seen.stream().sorted().toList());
    }

    @Test
    void aPartialDrainContinuesWhereTheLastOneEnded() {
        PerCpuRing ring = new PerCpuRing(64);
        LongStream.range(0, 50).forEach(value -> assertTrue(ring.push(value)));
        List<Long> seen = new ArrayList<>();
        assertEquals(0, ring.drain(seen::add, 0));
        while (seen.size() < 50) {
            int before = seen.size();
            assertEquals(Math.min(7, 50 - before), ring.drain(seen::add, 7));
            assertEquals(50 - seen.size(), ring.size());
        }
        assertEquals(LongStream.range(0, 50).boxed().toList(), seen.stream().sorted().toList());
    }

    /** The drained values of each producer: a value that is drained twice is a fault. */
    private static final class Seen {
        private final int[] counts;
        private final List<String> faults = new ArrayList<>();
        private final boolean[][] taken;

        Seen(int producers, int each) {
            this.counts = new int[producers];
            this.taken = new boolean[producers][each];
        }

        void take(long value) {
            int producer = (int) (value >>> 32);
            int number = (int) value;
            if (taken[producer][number]) {
                faults.add("twice: producer=" + producer + " number=" + number);
            }
            taken[producer][number] = true;
            counts[producer]++;
        }
    }

    private static void produce(PerCpuRing ring, long producer, int each, SplittableRandom random,
            AtomicBoolean stopped) {
        for (int i = 0; i < each; i++) {
            while (!ring.push(producer << 32 | i)) {
                if (stopped.get()) {
                    return;
                }
                LockSupport.parkNanos(10_000);
            }
            if (random.nextInt(64) == 0) {
                LockSupport.parkNanos(1);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"16, false, 64", "200, true, 64", "12, false, 1", "64, true, 4096"})
    void drainsEveryValueOnceWhileManyPush(int producers, boolean virtual, int capacity)
            throws InterruptedException {
        PerCpuRing ring = new PerCpuRing(capacity);
        int each = 40_000 / producers;
        Seen seen = new Seen(producers, each);
        AtomicBoolean stopped = new AtomicBoolean();
        Crowd crowd = Crowd.start(producers, virtual,
                thread -> produce(ring, thread, each, new SplittableRandom(thread), stopped));
        try {
            while (crowd.isRunning()) {
                if (ring.drain(seen::take, 100) == 0) {
                    LockSupport.parkNanos(10_000);
                }
            }
        } finally {
            // Failed drains leave the rings full.
            stopped.set(true);
        }
        crowd.join();
        ring.drain(seen::take);
        assertEquals(List.of(), seen.faults);
        assertTrue(Arrays.stream(seen.counts).allMatch(count -> count == each), () -> Arrays.toString(seen.counts));
        assertEquals(0, ring.size());
    }

    /** A ring is drained one copy after the other, from the first. */
    @ParameterizedTest
    @CsvSource({"12, false", "100, true"})
    void eachProducersValuesRiseWithinAnIndex(int producers, boolean virtual) throws InterruptedException {
        PerCpuRing ring = new PerCpuRing(1 << 14);
        int each = 8_000 / producers;
        Crowd crowd = Crowd.start(producers, virtual,
                thread -> produce(ring, thread, each, new SplittableRandom(thread), new AtomicBoolean()));
        crowd.join();
        // All values are in the rings now, so the size of a copy determines its values.
        int[] sizes = ring.sizes();
        List<Long> values = drained(ring);
        assertEquals(producers * each, values.size());
        int at = 0;
        for (int size : sizes) {
            long[] last = new long[producers];
            Arrays.fill(last, -1);
            for (long value : values.subList(at, at + size)) {
                int producer = (int) (value >>> 32);
                assertTrue((int) value > last[producer], "producer=" + producer + " fell to " + (int) value);
                last[producer] = (int) value;
            }
            at += size;
        }
    }

    @Test
    void releasesItsCellsWhenCollected() throws InterruptedException {
        long before = CellsHeld.settled();
        assertEquals(20 * (16 + 128), makeAndForget());
        for (int i = 0; i < 200 && Cells.get().held() > before; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertTrue(Cells.get().held() <= before, () -> "still held: " + (Cells.get().held() - before));
        PerCpuRing again = new PerCpuRing(100);
        assertEquals(0, again.size(), "reused cells are empty");
        assertEquals(List.of(), drained(again));
        assertFalse(IntStream.of(again.sizes()).anyMatch(size -> size != 0));
    }

    private static long makeAndForget() {
        long before = Cells.get().held();
        PerCpuRing[] rings = new PerCpuRing[20];
        for (int i = 0; i < rings.length; i++) {
            rings[i] = new PerCpuRing(100);
            rings[i].push(i);
        }
        return Cells.get().held() - before;
    }

    @Test
    void allocatesNothing() {
        PerCpuRing ring = new PerCpuRing(1024);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perRound = Long.MAX_VALUE;
        long[] sum = new long[1];
        for (int round = 0; round < 400 && perRound > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                if (!ring.push(i)) {
                    ring.drain(value -> sum[0] += value);
                }
            }
            perRound = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertEquals(0, perRound, "bytes a round");
        assertTrue(sum[0] > 0, "values were drained");
    }
}
