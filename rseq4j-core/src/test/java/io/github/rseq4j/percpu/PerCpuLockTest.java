package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each index has at most one holder, local or remote, on restartable sequences and on the fallback. */
final class PerCpuLockTest {
    private static final int THREADS = 12;
    private static final int UPDATES = 20_000;
    private static final long STORM_NANOS = 400_000_000;
    /** Some microseconds, as long as a fence takes. */
    private static final int DWELL_ITERATIONS = 1 << 13;
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final long BOUND_NANOS = 20_000_000_000L;
    /** One index's words are a pair of cache lines away from the next one's. */
    private static final int PAD = 16;

    private final PerCpuLock lock = new PerCpuLock();
    /** Counts that are right only when one thread at a time adds to each. */
    private final long[] counts = new long[lock.indices() * PAD];
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    private long sum() {
        long sum = 0;
        for (int index = 0; index < lock.indices(); index++) {
            sum += counts[index * PAD];
        }
        return sum;
    }

    private Thread start(boolean virtual, Runnable body) {
        Runnable watched = () -> {
            try {
                body.run();
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
            }
        };
        return virtual ? Thread.ofVirtual().start(watched) : Thread.ofPlatform().daemon().start(watched);
    }

    private void join(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            // A thread that fails while it holds a lock leaves the others waiting.
            boolean ended = false;
            while (!ended && failure.get() == null) {
                ended = thread.join(LOOK);
            }
        }
        Throwable found = failure.get();
        if (found != null) {
            throw new AssertionError(found);
        }
    }

    private void lockAll() {
        for (int index = 0; index < lock.indices(); index++) {
            lock.lock(index);
        }
    }

    private void unlockAll() {
        for (int index = 0; index < lock.indices(); index++) {
            lock.unlock(index);
        }
    }

    /** Adds 1 in two halves, sometimes with a pause between them. */
    @SuppressWarnings("ThreadPriorityCheck")
    private void update(int index, SplittableRandom random, int oneIn) {
        int at = index * PAD;
        long before = counts[at];
        if (random.nextInt(oneIn) == 0) {
            switch (random.nextInt(3)) {
                case 0 -> Thread.yield();
                case 1 -> LockSupport.parkNanos(20_000);
                default -> Thread.onSpinWait();
            }
        }
        counts[at] = before + 1;
    }

    @Test
    void aHeldIndexExcludesAllThreads() {
        int index = lock.lock();
        assertTrue(index >= 0 && index < lock.indices(), "index=" + index);
        assertFalse(lock.tryLock(index));
        for (int other = 0; other < lock.indices(); other++) {
            assertEquals(other != index, lock.tryLock(other), "index=" + other + " next to " + index);
        }
        assertEquals(-1, lock.tryLock(), "all indices are held, including this thread's");
        unlockAll();
        int again = lock.tryLock();
        assertTrue(again >= 0, "index=" + again);
        lock.unlock(again);
    }

    @Test
    void locksAreIndependent() {
        lockAll();
        PerCpuLock other = new PerCpuLock();
        other.unlock(other.lock());
        other.lock(0);
        other.unlock(0);
        unlockAll();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneThreadAtATimeHoldsAnIndex(boolean virtual) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            SplittableRandom random = new SplittableRandom(t);
            threads.add(start(virtual, () -> {
                for (int i = 0; i < UPDATES; i++) {
                    int index = lock.lock();
                    update(index, random, 500);
                    lock.unlock(index);
                }
            }));
        }
        join(threads);
        assertEquals((long) THREADS * UPDATES, sum());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void remoteAndLocalLockersExcludeEachOther(boolean virtual) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        AtomicInteger working = new AtomicInteger(THREADS);
        AtomicLong updates = new AtomicLong();
        for (int t = 0; t < THREADS; t++) {
            SplittableRandom random = new SplittableRandom(t);
            threads.add(start(virtual, () -> {
                for (int i = 0; i < UPDATES; i++) {
                    lock.run(index -> update(index, random, 500));
                    updates.incrementAndGet();
                }
                working.decrementAndGet();
            }));
        }
        // Several remote lockers, so that they also exclude each other, and none mistakes another's word for its own.
        for (int t = 0; t < 3; t++) {
            SplittableRandom random = new SplittableRandom(-1 - t);
            threads.add(start(virtual, () -> {
                while (working.get() > 0 && failure.get() == null) {
                    lock.runEach(index -> update(index, random, 4));
                    updates.addAndGet(lock.indices());
                }
            }));
        }
        join(threads);
        assertEquals(updates.get(), sum());
    }

    /**
     * Sections dwell after they have found the word free. So most remote lockers lose their write of the word, and must
     * detect that, even where the word is free again and another locker has written it since.
     */
    @Test
    void aRemoteLockerThatLosesTheWordDoesNotHoldTheLock() throws InterruptedException {
        MethodHandle dwelling = ItemSections.handle(ItemSections.LOAD_DELAY_STORE);
        List<Thread> threads = new ArrayList<>();
        AtomicLong updates = new AtomicLong();
        AtomicLong heldRemotely = new AtomicLong();
        long end = System.nanoTime() + STORM_NANOS;
        for (int t = 0; t < 4; t++) {
            SplittableRandom random = new SplittableRandom(t);
            threads.add(start(false, () -> {
                if (Engine.get() instanceof NativeEngine engine) {
                    engine.join();
                }
                while (System.nanoTime() < end && failure.get() == null) {
                    long copy = ItemSections.call(dwelling, lock.cells(), random.nextInt(DWELL_ITERATIONS));
                    if (copy >= 0) {
                        VarHandle.acquireFence();
                        updateOnce((int) (copy - lock.cells() >>> Engine.STRIDE_SHIFT), updates, random);
                    }
                }
            }));
        }
        for (int t = 0; t < 8; t++) {
            SplittableRandom random = new SplittableRandom(-1 - t);
            threads.add(start(false, () -> {
                while (System.nanoTime() < end && failure.get() == null) {
                    int index = random.nextInt(Math.min(2, lock.indices()));
                    if (lock.tryLock(index)) {
                        heldRemotely.incrementAndGet();
                        updateOnce(index, updates, random);
                    }
                    if (random.nextInt(4) == 0) {
                        LockSupport.parkNanos(1);
                    }
                }
            }));
        }
        join(threads);
        assertTrue(heldRemotely.get() > 0, "remote lockers got the lock");
        assertEquals(updates.get(), sum());
    }

    private void updateOnce(int index, AtomicLong updates, SplittableRandom random) {
        update(index, random, 100);
        updates.incrementAndGet();
        lock.unlock(index);
    }

    @Test
    void aParkedVirtualHolderGetsACarrierWhileManyWait() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 200; t++) {
            threads.add(start(true, () -> {
                for (int i = 0; i < 5; i++) {
                    lock.run(index -> {
                        long before = counts[index * PAD];
                        LockSupport.parkNanos(1_000);
                        counts[index * PAD] = before + 1;
                    });
                }
            }));
        }
        join(threads);
        assertEquals(1000, sum());
    }

    @Test
    void runEachHoldsEveryIndexOnceAndNoOtherWithIt() {
        List<Integer> indices = new ArrayList<>();
        lock.runEach(index -> {
            indices.add(index);
            assertFalse(lock.tryLock(index));
            int next = (index + 1) % lock.indices();
            if (next != index) {
                assertTrue(lock.tryLock(next));
                lock.unlock(next);
            }
        });
        assertEquals(lock.indices(), indices.size());
        for (int index = 0; index < lock.indices(); index++) {
            assertEquals(index, indices.get(index));
            assertThrows(IllegalMonitorStateException.class, () -> lock.unlock(indices.getFirst()));
        }
    }

    @Test
    void isReleasedWhenTheActionThrows() {
        int[] held = {-1};
        assertThrows(IllegalStateException.class, () -> lock.run(index -> {
            held[0] = index;
            throw new IllegalStateException("thrown");
        }));
        assertTrue(lock.tryLock(held[0]));
        lock.unlock(held[0]);
        assertThrows(IllegalStateException.class, () -> lock.runEach(_ -> {
            throw new IllegalStateException("thrown");
        }));
        assertTrue(lock.tryLock(0));
        lock.unlock(0);
    }

    @Test
    void refusesToUnlockAnIndexThatIsNotLocked() {
        for (int index = 0; index < lock.indices(); index++) {
            int free = index;
            String message = assertThrows(IllegalMonitorStateException.class, () -> lock.unlock(free)).getMessage();
            assertEquals("index=" + free + " is not locked", message);
        }
        int held = lock.lock();
        lock.unlock(held);
        assertThrows(IllegalMonitorStateException.class, () -> lock.unlock(held));
    }

    @Test
    void runEachHoldsOnlyTheLockOfItsIndex() {
        List<Integer> visited = new ArrayList<>();
        lock.runEach(index -> {
            visited.add(index);
            assertFalse(lock.tryLock(index));
            for (int other = 0; other < lock.indices(); other++) {
                int free = other;
                if (other != index) {
                    assertThrows(IllegalMonitorStateException.class, () -> lock.unlock(free));
                    assertTrue(lock.tryLock(other), "other=" + other + ", index=" + index);
                    lock.unlock(other);
                }
            }
        });
        assertEquals(IntStream.range(0, lock.indices()).boxed().toList(), visited);
        requireAllFree();
    }

    private void requireAllFree() {
        for (int index = 0; index < lock.indices(); index++) {
            assertTrue(lock.tryLock(index), "index=" + index);
            lock.unlock(index);
        }
    }

    @Test
    void runEachReleasesItsLockWhenAnActionThrows() {
        assertThrows(ArithmeticException.class, () -> lock.runEach(index -> {
            if (index == 1) {
                throw new ArithmeticException();
            }
        }));
        requireAllFree();
        for (int i = 0; i < 1000; i++) {
            lock.run(index -> counts[index * PAD]++);
        }
        assertEquals(1000, sum());
    }

    @Test
    void refusesAnIndexOutOfRange() {
        for (int index : new int[] {-1, lock.indices(), Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            String expected = "index=" + index + ", must be 0 to " + (lock.indices() - 1);
            for (Runnable misuse : List.<Runnable>of(() -> lock.unlock(index), () -> lock.lock(index),
                    () -> lock.tryLock(index))) {
                assertEquals(expected, assertThrows(IndexOutOfBoundsException.class, misuse::run).getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void continuesToWaitWhenInterruptedAndKeepsTheInterrupt(boolean virtual) throws InterruptedException {
        lockAll();
        AtomicInteger interrupted = new AtomicInteger();
        AtomicInteger done = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            boolean isAfar = t % 2 == 0;
            threads.add(start(virtual, () -> {
                if (isAfar) {
                    lock.lock(0);
                    lock.unlock(0);
                } else {
                    lock.unlock(lock.lock());
                }
                done.incrementAndGet();
                interrupted.addAndGet(Thread.interrupted() ? 1 : 0);
            }));
        }
        // Each thread parks again after it has noticed its interrupt.
        for (Thread thread : threads) {
            thread.interrupt();
        }
        try {
            long from = System.nanoTime();
            for (Thread thread : threads) {
                while (thread.getState() != Thread.State.TIMED_WAITING) {
                    assertTrue(thread.isAlive(), "an interrupt is no reason to stop waiting");
                    assertTrue(System.nanoTime() - from < BOUND_NANOS, "an interrupted thread parks like the others");
                    Thread.onSpinWait();
                }
            }
            assertEquals(0, done.get());
        } finally {
            unlockAll();
        }
        join(threads);
        assertEquals(threads.size(), interrupted.get());
    }
}
