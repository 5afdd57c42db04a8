package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.testing.Crowd;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every pushed value is popped or drained once, under concurrent operations. */
final class PerCpuStackTest {
    private static final long NONE = Long.MIN_VALUE + 7;
    private static final int CALLS = 200_000;

    private static List<Long> drained(PerCpuStack stack) {
        List<Long> values = new ArrayList<>();
        stack.drain(values::add);
        return values;
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, -2, -16, -17, -18, 42, Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE + 1, -4096})
    void returnsEveryLongUnchanged(long value) {
        PerCpuStack stack = new PerCpuStack(4);
        assertTrue(stack.push(value));
        assertEquals(List.of(value), drained(stack));
        // The thread may migrate between the two calls: then the value waits in its copy.
        for (int popped = 0; popped < 3;) {
            assertTrue(stack.push(value));
            long found = stack.pop(NONE);
            assertTrue(found == value || found == NONE, () -> "popped " + found);
            popped += found == value ? 1 : 0;
            stack.drain(left -> assertEquals(value, left));
        }
        assertEquals(0, stack.size());
    }

    @Test
    void returnsFalseWhenFullAndADefaultWhenEmpty() {
        PerCpuStack stack = new PerCpuStack(3);
        assertEquals(NONE, stack.pop(NONE));
        int pushed = 0;
        while (stack.push(pushed)) {
            pushed++;
        }
        assertTrue(pushed >= 3, "pushed " + pushed);
        assertTrue(IntStream.of(stack.sizes()).allMatch(size -> size <= 3));
        assertTrue(IntStream.of(stack.sizes()).anyMatch(size -> size == 3));
        assertEquals(pushed, stack.size());
        assertEquals(LongStream.range(0, pushed).boxed().toList(), drained(stack).stream().sorted().toList());
        assertEquals(NONE, stack.pop(NONE));
        assertEquals(List.of(), drained(stack));
    }

    @Test
    void drainsTheLastPushedValueFirst() {
        PerCpuStack stack = new PerCpuStack(1000);
        for (int i = 0; i < 1000; i++) {
            stack.push(i);
        }
        // The values of each copy come one after the other, falling. A thread that migrated has filled several copies.
        List<Long> values = drained(stack);
        long rises = IntStream.range(1, values.size()).filter(i -> values.get(i) > values.get(i - 1)).count();
        assertTrue(rises < IntStream.of(stack.sizes()).count(), "falling except where the copy changes: " + rises);
        assertEquals(1000, values.size());
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 3", "5, 0", "7, 2"})
    void returnsBatchesWholeAndInOrder(int count, int from) {
        PerCpuStack stack = new PerCpuStack(8);
        long[] values = LongStream.range(-5, 20).toArray();
        for (int done = 0; done < 3;) {
            assertTrue(stack.pushAll(values, from, count));
            long[] into = new long[25];
            boolean popped = stack.popAll(into, from, count);
            stack.drain(_ -> { });
            if (popped) {
                long[] expected = new long[25];
                System.arraycopy(values, from, expected, from, count);
                assertArrayEquals(expected, into);
                done++;
            }
        }
    }

    @Test
    void aBatchThatDoesNotFitChangesNothing() {
        PerCpuStack stack = new PerCpuStack(4);
        assertFalse(stack.pushAll(new long[9], 0, 5));
        assertFalse(stack.popAll(new long[9], 0, 1));
        assertTrue(stack.pushAll(new long[] {1, 2, 3, 4}, 0, 4));
        assertEquals(4, stack.size());
        assertFalse(stack.popAll(new long[9], 0, 5));
        assertEquals(4, stack.size());
        assertEquals(List.of(4L, 3L, 2L, 1L), drained(stack));
    }

    @Test
    void refusesMisuseByName() {
        assertEquals("capacity=0, must be 1 to " + PerCpuStack.MAX_CAPACITY,
                assertThrows(IllegalArgumentException.class, () -> new PerCpuStack(0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> new PerCpuStack(PerCpuStack.MAX_CAPACITY + 1));
        PerCpuStack stack = new PerCpuStack(PerCpuStack.MAX_CAPACITY);
        assertThrows(IllegalArgumentException.class, () -> stack.resize(0));
        assertThrows(IndexOutOfBoundsException.class, () -> stack.pushAll(new long[3], 1, 3));
        assertThrows(IndexOutOfBoundsException.class, () -> stack.popAll(new long[3], -1, 1));
        long[] many = new long[PerCpuStack.MAX_BATCH + 1];
        assertEquals("count=8193, must be 0 to 8192",
                assertThrows(IllegalArgumentException.class, () -> stack.pushAll(many, 0, many.length)).getMessage());
        assertTrue(stack.pushAll(many, 0, PerCpuStack.MAX_BATCH), "the largest batch goes in");
        assertEquals(PerCpuStack.MAX_BATCH, stack.size());
    }

    @Test
    void valuesThatAConsumerDidNotGetStayForTheNextDrain() {
        PerCpuStack stack = new PerCpuStack(10);
        assertTrue(stack.pushAll(new long[] {1, 2, 3, 4, 5}, 0, 5));
        assertThrows(ArithmeticException.class, () -> stack.drain(value -> {
            if (value == 3) {
                throw new ArithmeticException("three");
            }
        }));
        assertEquals(2, stack.size());
        assertEquals(List.of(2L, 1L), drained(stack));
        assertEquals(0, stack.size());
    }

    @Test
    void stealsFromTheFullest() {
        PerCpuStack stack = new PerCpuStack(10);
        assertEquals(0, stack.steal(_ -> { }));
        stack.pushAll(new long[] {1, 2, 3}, 0, 3);
        List<Long> stolen = new ArrayList<>();
        assertEquals(3, stack.steal(stolen::add));
        assertEquals(List.of(3L, 2L, 1L), stolen);
        assertEquals(0, stack.size());
    }

    @Test
    void resizeKeepsTheValues() {
        PerCpuStack stack = new PerCpuStack(4);
        assertTrue(stack.pushAll(new long[] {1, 2, 3, 4}, 0, 4));
        stack.resize(6);
        assertEquals(6, stack.capacity());
        assertEquals(4, stack.size());
        String message = assertThrows(IllegalStateException.class, () -> stack.resize(3)).getMessage();
        assertTrue(String.valueOf(message).contains("holds bytes=32, more than capacityBytes=24"), message);
        assertEquals(6, stack.capacity());
        assertEquals("PerCpuStack[size=4, capacity=6]", stack.toString());
        assertEquals(List.of(4L, 3L, 2L, 1L), drained(stack));
        stack.resize(1);
        assertTrue(stack.push(9));
        assertEquals(List.of(9L), drained(stack));
    }

    @Test
    void repeatedDrainsUseBothArrays() {
        PerCpuStack stack = new PerCpuStack(3);
        for (int round = 0; round < 7; round++) {
            assertTrue(stack.pushAll(new long[] {round, 10, -round}, 0, 3), "round " + round);
            assertEquals(List.of((long) -round, 10L, (long) round), drained(stack));
        }
    }

    /** Ids are taken from one bit set and returned to it, which detects an id with two holders and a lost id. */
    private static final class Ids {
        private final BitSet out = new BitSet();

        synchronized void take(long id) {
            int number = (int) Math.abs(id);
            assertFalse(out.get(number), () -> "id " + id + " was popped twice");
            out.set(number);
        }

        synchronized void give(long id) {
            int number = (int) Math.abs(id);
            assertTrue(out.get(number), () -> "id " + id + " was pushed twice");
            out.clear(number);
        }
    }

    private static void use(PerCpuStack stack, Ids ids, SplittableRandom random, int rounds) {
        List<Long> mine = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> {
                    long id = stack.pop(NONE);
                    if (id != NONE) {
                        ids.take(id);
                        mine.add(id);
                    }
                }
                case 3 -> {
                    long[] several = new long[3];
                    if (stack.popAll(several, 0, 3)) {
                        for (long id : several) {
                            ids.take(id);
                            mine.add(id);
                        }
                    }
                }
                case 4 -> stack.steal(id -> {
                    ids.take(id);
                    mine.add(id);
                });
                default -> {
                    for (int k = 0; k < 2 && !mine.isEmpty(); k++) {
                        long id = mine.removeLast();
                        ids.give(id);
                        if (!stack.push(id)) {
                            ids.take(id);
                            mine.add(id);
                        }
                    }
                }
            }
            if (random.nextInt(64) == 0) {
                LockSupport.parkNanos(1);
            }
        }
        while (!mine.isEmpty()) {
            long id = mine.removeLast();
            ids.give(id);
            while (!stack.push(id)) {
                stack.resize(stack.capacity() + 8);
            }
        }
    }

    /** Half of the runs use negative ids, which take the other path. */
    @ParameterizedTest
    @CsvSource({"16, false, 1", "200, true, 1", "12, false, -1", "64, true, -1"})
    void noValueIsLostOrPoppedTwice(int threads, boolean virtual, int sign) throws InterruptedException {
        PerCpuStack stack = new PerCpuStack(64);
        Ids ids = new Ids();
        int count = 100;
        for (int id = 1; id <= count; id++) {
            while (!stack.push((long) sign * id)) {
                stack.resize(stack.capacity() + 1);
            }
        }
        Crowd crowd = Crowd.start(threads, virtual,
                thread -> use(stack, ids, new SplittableRandom(thread), 40_000 / threads));
        for (int i = 0; i < 30; i++) {
            List<Long> taken = new ArrayList<>();
            stack.drain(taken::add);
            taken.forEach(ids::take);
            for (long id : taken) {
                ids.give(id);
                while (!stack.push(id)) {
                    stack.resize(stack.capacity() + 1);
                }
            }
            stack.resize(Math.max(stack.capacity(), 64) + i % 2);
        }
        crowd.join();
        assertEquals(LongStream.rangeClosed(1, count).boxed().toList(),
                drained(stack).stream().map(Math::abs).sorted().toList());
    }

    @Test
    void aClosedStackAcceptsNothingAndIsEmpty() {
        PerCpuStack stack = new PerCpuStack(4);
        stack.push(1);
        assertEquals(1, stack.takeAndClose().stream().mapToInt(words -> words.length).sum());
        assertFalse(stack.push(2));
        assertFalse(stack.pushAll(new long[1], 0, 1));
        assertFalse(stack.popAll(new long[1], 0, 1));
        assertEquals(NONE, stack.pop(NONE));
        assertEquals(List.of(), drained(stack));
        assertThrows(IllegalStateException.class, () -> stack.resize(8));
        assertEquals(0, stack.takeAndClose().stream().mapToInt(words -> words.length).sum());
    }

    @Test
    void sizesNeverExceedTheCapacityWhileElementsAreTaken() throws InterruptedException {
        PerCpuStack stack = new PerCpuStack(64);
        AtomicBoolean isDone = new AtomicBoolean();
        AtomicInteger most = new AtomicInteger();
        AtomicLong all = new AtomicLong();
        List<Thread> pushers = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            pushers.add(Thread.ofPlatform().start(() -> {
                while (!isDone.get()) {
                    stack.push(1);
                }
            }));
        }
        Thread observer = Thread.ofPlatform().start(() -> {
            while (!isDone.get()) {
                IntStream.of(stack.sizes()).forEach(size -> most.accumulateAndGet(size, Math::max));
                all.accumulateAndGet(stack.size(), Math::max);
            }
        });
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        // Long enough for the other threads to begin.
        for (int i = 0; i < 4000 || most.get() == 0 && System.nanoTime() - end < 0; i++) {
            stack.steal(_ -> { });
            stack.drain(_ -> { });
        }
        isDone.set(true);
        observer.join();
        for (Thread pusher : pushers) {
            pusher.join();
        }
        assertTrue(most.get() > 0 && most.get() <= 64, "size=" + most);
        assertTrue(all.get() <= 64L * stack.sizes().length, "size=" + all);
    }

    @Test
    void releasesItsCellsWhenCollected() throws InterruptedException {
        long before = CellsHeld.settled();
        assertEquals(20 * 206, makeAndForget());
        for (int i = 0; i < 200 && Cells.get().held() > before; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertTrue(Cells.get().held() <= before, () -> "still held: " + (Cells.get().held() - before));
        assertEquals(NONE, new PerCpuStack(100).pop(NONE), "reused cells are empty");
    }

    private static long makeAndForget() {
        long before = Cells.get().held();
        PerCpuStack[] stacks = new PerCpuStack[20];
        for (int i = 0; i < stacks.length; i++) {
            stacks[i] = new PerCpuStack(100);
            stacks[i].push(i);
        }
        return Cells.get().held() - before;
    }

    @Test
    void allocatesNothing() {
        PerCpuStack stack = new PerCpuStack(64);
        PerCpuStack full = new PerCpuStack(1);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perRound = Long.MAX_VALUE;
        for (int round = 0; round < 400 && perRound > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                stack.push(i);
                stack.pop(NONE);
                // An exit is final: it does not take the path of unfinished sections, which allocates an array of
                // arguments.
                stack.pop(NONE);
                stack.push(i);
                full.push(i);
            }
            perRound = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertEquals(0, perRound, "bytes a round");
    }
}
