package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Wherever the stack overflows, no lock stays held, no element is lost, and no item is allocated twice. */
final class StackOverflowTest {
    private static final int ROUNDS = 6;
    private static final int FRAMES = 150;
    /** Threads enough for every stripe of the fallback. */
    private static final int OTHERS = 64;

    /** Calls an operation in each of a thread's deepest frames, in the deepest one first. */
    private static final class Depths {
        private final Runnable operation;
        private int frames;
        private int thrown;

        Depths(Runnable operation) {
            this.operation = operation;
        }

        @SuppressWarnings("InfiniteRecursion")
        void descend() {
            try {
                descend();
            } catch (StackOverflowError e) {
                // The frames above call the operation.
            }
            if (frames < FRAMES) {
                frames++;
                try {
                    operation.run();
                } catch (StackOverflowError e) {
                    thrown++;
                }
            }
        }
    }

    /** Returns the number of calls that overflowed the stack. */
    private static int atEachDepth(Runnable operation) throws InterruptedException {
        int thrown = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Depths depths = new Depths(operation);
            AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
            Thread thread = new Thread(null, depths::descend, "deep", (256 << 10) + round * 64L);
            thread.setUncaughtExceptionHandler((_, t) -> failure.set(t));
            thread.start();
            thread.join();
            assertEquals(null, failure.get());
            thrown += depths.thrown;
        }
        return thrown;
    }

    @Test
    @SuppressWarnings("ReferenceEquality") // Each operation is a separate object.
    void noLockStaysHeld() throws InterruptedException {
        PerCpuLock lock = new PerCpuLock();
        Runnable[] operations = {() -> lock.run(_ -> { }), () -> lock.runEach(_ -> { }), () -> lock.run(_ -> deeper())};
        for (Runnable operation : operations) {
            for (int i = 0; i < 20_000 && operation != operations[1]; i++) {
                lock.run(_ -> { });
            }
            assertTrue(atEachDepth(operation) > 0, "the stack overflows in some of the calls");
            for (int index = 0; index < lock.indices(); index++) {
                assertTrue(lock.tryLock(index), "index=" + index);
                lock.unlock(index);
            }
            lock.unlock(lock.lock());
        }
    }

    @SuppressWarnings("InfiniteRecursion")
    private static void deeper() {
        deeper();
    }

    @Test
    void aStackLosesNothing() throws InterruptedException {
        PerCpuStack stack = new PerCpuStack(4000);
        List<Long> got = new ArrayList<>();
        // The list has room, so that the consumer itself does not overflow.
        ((ArrayList<Long>) got).ensureCapacity(100_000);
        long pushed = 0;
        int thrown = 0;
        for (Runnable operation : List.<Runnable>of(() -> stack.drain(got::add), () -> stack.steal(got::add),
                () -> stack.resize(4000 + got.size() % 2))) {
            for (int i = 0; i < 1000; i++) {
                pushed += stack.push(pushed) ? 1 : 0;
            }
            thrown += atEachDepth(operation);
        }
        assertTrue(thrown > 0, "the stack overflows in some of the calls");
        stack.drain(got::add);
        assertEquals(LongStream.range(0, pushed).boxed().toList(), got.stream().sorted().toList());
        assertEquals(0, stack.size());
    }

    @Test
    void aPoolOfItemsAllocatesNoItemTwice() throws InterruptedException {
        for (boolean robust : new boolean[] {false, true}) {
            PerCpuItems items = new PerCpuItems(1 << 14, ItemOptions.defaults().withMaxRanges(4).withRobust(robust));
            long[] held = new long[100];
            int[] count = new int[2];
            int thrown = atEachDepth(() -> {
                // No call comes between the pool's answer and the note of it.
                if (count[1] == 0 ? count[0] < held.length : count[0] == 0) {
                    count[1] = 0;
                    held[count[0]] = items.allocate();
                    count[0]++;
                } else {
                    count[1] = 1;
                    items.free(held[count[0] - 1]);
                    count[0]--;
                }
            });
            assertTrue(thrown > 0, "the stack overflows in some of the calls");
            assertEquals(count[0], items.stats().allocated());
            Set<Long> all = new HashSet<>(Arrays.stream(held).limit(count[0]).boxed().toList());
            items.verify();
            while (items.stats().free() > 0) {
                assertTrue(all.add(items.allocate()), "allocated twice");
            }
            assertEquals(all.size(), items.stats().allocated());
            items.verify();
        }
    }

    /** An update that overflowed the stack holds up no other, and what was pushed is there. */
    @Test
    void noUpdateIsInTheWayOfOthers() throws InterruptedException {
        PerCpuCounter counter = new PerCpuCounter();
        PerCpuHistogram histogram = new PerCpuHistogram();
        PerCpuStack stack = new PerCpuStack(4000);
        PerCpuRing ring = new PerCpuRing(4096);
        PerCpuByteRing records = new PerCpuByteRing(1 << 16, 8);
        MemorySegment record = MemorySegment.ofArray(new byte[8]);
        long[] pushed = new long[100_000];
        int[] count = new int[1];
        List<Runnable> operations = List.of(counter::increment, () -> histogram.record(3), () -> stack.push(3),
                () -> stack.pop(-1), () -> records.push(record), () -> {
                    // No call comes between the ring's answer and the note of it.
                    if (ring.push(count[0])) {
                        pushed[count[0]]++;
                    }
                    count[0]++;
                });
        int thrown = 0;
        for (Runnable operation : operations) {
            thrown += atEachDepth(operation);
        }
        assertTrue(thrown > 0, "the stack overflows in some of the calls");
        for (int i = 0; i < OTHERS; i++) {
            Thread other = Thread.ofPlatform().daemon().start(() -> operations.forEach(Runnable::run));
            other.join(60_000);
            assertTrue(!other.isAlive(), "another thread's updates end");
        }
        int[] drained = new int[pushed.length];
        ring.drain(value -> drained[(int) value]++);
        for (int i = 0; i < pushed.length; i++) {
            assertTrue(drained[i] >= pushed[i], "value=" + i + " was lost");
        }
        assertTrue(counter.sum() >= OTHERS);
        assertTrue(histogram.snapshot().count() >= OTHERS);
    }
}
