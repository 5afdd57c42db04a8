package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.engine.ChildJvm;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The operations on a lease. In both modes:
 *
 * <table>
 * <caption>The calls, and their results</caption>
 * <tr><td>closed twice, also while another lease has the item</td><td>throws, and one owner has the item</td></tr>
 * <tr><td>closed by two threads at a time</td><td>one call releases the item, the other call throws</td></tr>
 * <tr><td>closed late by a finalizer</td><td>the item is pooled again</td></tr>
 * <tr><td>asked for its value after a close</td><td>throws</td></tr>
 * <tr><td>discarded</td><td>{@link PerCpuPoolDiscardTest}</td></tr>
 * <tr><td>dropped</td><td>item and lease are garbage at once, at every collector, in a small heap</td></tr>
 * </table>
 */
final class PerCpuPoolLeaseTest {
    private static final int CALLS = 200_000;

    /** An item that detects two holders. */
    static final class Item {
        private final AtomicBoolean held = new AtomicBoolean();
        int destroyed;

        void use() {
            assertTrue(held.compareAndSet(false, true), "two threads hold one item");
            assertEquals(0, destroyed, "the item was destroyed");
            assertTrue(held.compareAndSet(true, false));
        }
    }

    static PoolOptions options(boolean robust) {
        return PoolOptions.defaults().withRobust(robust);
    }

    static PerCpuPool<Item> pool(boolean robust) {
        return new PerCpuPool<>(Item::new, item -> item.destroyed++, options(robust));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStaleCloseThrowsAndTheNextOwnerKeepsItsItem(boolean robust) {
        PerCpuPool<Item> pool = pool(robust);
        Lease<Item> stale = pool.acquire();
        Item item = stale.value();
        stale.close();
        Lease<Item> owner = pool.acquire();
        assertSame(item, owner.value(), "the only idle item is found");
        assertThrows(IllegalStateException.class, stale::close);
        assertThrows(IllegalStateException.class, stale::discard);
        assertThrows(IllegalStateException.class, stale::value);
        Lease<Item> other = pool.acquire();
        assertNotSame(item, other.value());
        assertSame(item, owner.value());
        owner.close();
        other.close();
        assertThrows(IllegalStateException.class, stale::close);
        assertEquals(2, pool.idle());
        assertEquals(2, pool.stats().created());
    }

    private static boolean isClosing(Lease<Item> lease) {
        try {
            lease.close();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "false, true"})
    void whenTwoThreadsEndALeaseOneSucceeds(boolean robust, boolean discards) throws Exception {
        PerCpuPool<Item> pool = pool(robust);
        int rounds = 300;
        List<Lease<Item>> leases = new ArrayList<>();
        CyclicBarrier start = new CyclicBarrier(2);
        AtomicInteger closed = new AtomicInteger();
        int discarded = 0;
        Thread other = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < rounds; i++) {
                await(start);
                closed.addAndGet(isClosing(leases.getLast()) ? 1 : 0);
                await(start);
            }
        });
        for (int i = 0; i < rounds; i++) {
            leases.add(pool.acquire());
            await(start);
            if (discards && i % 2 == 0) {
                try {
                    leases.getLast().discard();
                    discarded++;
                } catch (IllegalStateException e) {
                    assertTrue(String.valueOf(e.getMessage()).contains("closed before"), e.getMessage());
                }
            } else {
                closed.addAndGet(isClosing(leases.getLast()) ? 1 : 0);
            }
            await(start);
            assertEquals(pool.stats().created(), pool.idle() + pool.stats().destroyed(), "round=" + i);
        }
        other.join();
        // The test does not determine which of the two threads is first.
        assertEquals(discarded, pool.stats().destroyed());
        if (!discards) {
            assertEquals(rounds, closed.get());
        }
    }

    static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Threads close leases again that they or other threads closed long ago. */
    @ParameterizedTest
    @CsvSource({"false, 1", "false, 32", "true, 2"})
    void staleClosesNeverGiveAnItemTwoHolders(boolean robust, int idlePerCpu) throws InterruptedException {
        Set<Item> made = Collections.synchronizedSet(new HashSet<>());
        PerCpuPool<Item> pool = new PerCpuPool<>(() -> {
            Item item = new Item();
            made.add(item);
            return item;
        }, item -> item.destroyed++, options(robust).withIdlePerCpu(idlePerCpu));
        Queue<Lease<Item>> old = new ConcurrentLinkedQueue<>();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            SplittableRandom random = new SplittableRandom(i);
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int round = 0; round < 3_000; round++) {
                        useAndCloseAgain(pool, old, random);
                    }
                } catch (RuntimeException | Error e) {
                    failures.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(failures));
        assertEquals(made.size(), pool.idle() + pool.stats().destroyed());
        pool.close();
        assertTrue(made.stream().allMatch(item -> item.destroyed == 1), "each item was destroyed once");
    }

    private static void useAndCloseAgain(PerCpuPool<Item> pool, Queue<Lease<Item>> old, SplittableRandom random) {
        Lease<Item> lease = pool.acquire();
        lease.value().use();
        Lease<Item> stale = old.poll();
        if (stale != null) {
            assertThrows(IllegalStateException.class, stale::close);
            lease.value().use();
        }
        lease.close();
        if (random.nextInt(4) == 0) {
            old.add(lease);
        }
    }

    /** Holds a lease that its finalizer closes, as a safety net. */
    @SuppressWarnings({"deprecation", "removal"})
    private static final class SafetyNet {
        private final Lease<Item> lease;

        SafetyNet(Lease<Item> lease) {
            this.lease = lease;
        }

        @Override
        @SuppressWarnings({"Finalize", "Finalizer"})
        protected void finalize() {
            lease.close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLeaseThatAFinalizerClosesDoesNotCountAsDropped(boolean robust) throws InterruptedException {
        PerCpuPool<Item> pool = pool(robust);
        dropInNets(pool);
        for (int i = 0; i < 500 && pool.idle() < 20; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(20, pool.idle());
        Set<Item> items = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            assertTrue(items.add(pool.acquire().value()), "each item is acquired once");
        }
        assertEquals(20, pool.stats().created());
    }

    private static void dropInNets(PerCpuPool<Item> pool) {
        for (int i = 0; i < 20; i++) {
            assertFalse(new SafetyNet(pool.acquire()).lease.value().held.get());
        }
    }

    /** That includes reused items, which were idle and held before. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void droppedItemsAndLeasesAreGarbageAtOnce(boolean robust) {
        PerCpuPool<Item> pool = new PerCpuPool<>(Item::new, _ -> { }, options(robust));
        List<Lease<Item>> leases = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            leases.add(pool.acquire());
        }
        leases.forEach(Lease::close);
        leases.clear();
        List<Reference<?>> dropped = new ArrayList<>();
        drop(pool, dropped);
        System.gc();
        assertEquals(0, dropped.stream().filter(each -> !each.refersTo(null)).count(), "by the first collection");
        assertEquals(12, pool.stats().created());
    }

    private static void drop(PerCpuPool<Item> pool, List<Reference<?>> dropped) {
        for (int i = 0; i < 12; i++) {
            Lease<Item> lease = pool.acquire();
            dropped.add(new WeakReference<>(lease));
            dropped.add(new WeakReference<>(lease.value()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"G1", "Parallel", "Serial", "Shenandoah", "Z"})
    void droppedLeasesNeverEndAProgram(String collector) {
        ChildJvm child = child(collector, "drop");
        assertEquals(0, child.exit(), child.output());
        assertEquals("true", child.get("ended"), child.output());
        assertTrue(child.output().lines().filter(line -> line.contains("was dropped")).count()
                <= 3 * PoolSlots.MAX_NAMED, "what is logged is bounded: " + child.output());
    }

    @Test
    void anItemBeyondTheSlotsIsPooledToo() {
        PerCpuPool<Item> pool = new PerCpuPool<>(Item::new, item -> item.destroyed++, options(false));
        List<Lease<Item>> leases = new ArrayList<>();
        for (int i = 0; i < PoolSlots.MIN_LIMIT + 100; i++) {
            leases.add(pool.acquire());
        }
        assertEquals(leases.size(), new HashSet<>(leases.stream().map(Lease::value).toList()).size());
        for (Lease<Item> lease : leases.subList(0, PoolSlots.MIN_LIMIT)) {
            lease.discard();
        }
        List<Lease<Item>> beyond = leases.subList(PoolSlots.MIN_LIMIT, leases.size());
        beyond.forEach(Lease::close);
        assertThrows(IllegalStateException.class, beyond.getFirst()::close);
        assertTrue(pool.idle() >= PoolOptions.DEFAULT_IDLE_PER_CPU, pool.toString());
        assertEquals(100, pool.idle() + pool.stats().destroyed() - PoolSlots.MIN_LIMIT);
        pool.close();
        assertTrue(leases.size() == pool.stats().destroyed() && pool.idle() == 0, pool.toString());
    }

    /**
     * Without membarrier the pool visits CPUs. Where that is refused too, nothing has changed, and a retry succeeds.
     */
    @Test
    void withoutFencesItClearsAndClosesOrChangesNothing() {
        ChildJvm child = child("Serial", "fences");
        assertEquals(0, child.exit(), child.output());
        assertEquals(Integer.toString(PoolChild.ITEMS), child.get("cleared"), child.output());
        if (Engine.get() instanceof NativeEngine) {
            assertTrue(child.get("clear").contains("sched_setaffinity"), child.output());
            assertEquals(Integer.toString(PoolChild.ITEMS), child.get("idle"), child.output());
            assertTrue(child.get("close").contains("sched_setaffinity"), child.output());
            assertEquals(Integer.toString(PoolChild.ITEMS), child.get("destroyed"), child.output());
        } else {
            assertEquals("done", child.get("clear"), child.output());
            assertEquals("done", child.get("close"), child.output());
        }
        String created = child.get("created");
        assertEquals(created + ", " + created + ", idle 0", child.get("counted"), child.output());
    }

    /** The exceptions that a destroyer may throw, each with a destroyer that throws it. */
    private static List<Throwable> thrown() {
        return List.of(new IllegalArgumentException("a"), new AssertionError("b"), new StackOverflowError("c"),
                new IOException("sneaked"));
    }

    @SuppressWarnings("unchecked")
    private static <X extends Throwable> void sneak(Throwable thrown) throws X {
        throw (X) thrown;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDestroyerThatThrowsGetsEveryItem(boolean clears) {
        for (Throwable thrown : thrown()) {
            Set<Item> destroyed = new HashSet<>();
            PerCpuPool<Item> pool = new PerCpuPool<>(Item::new, item -> {
                destroyed.add(item);
                PerCpuPoolLeaseTest.<RuntimeException>sneak(destroyed.size() == 7 ? new IOException("7") : thrown);
            }, options(false));
            List<Lease<Item>> leases = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                leases.add(pool.acquire());
            }
            leases.forEach(Lease::close);
            Throwable seen = assertThrows(Throwable.class, () -> {
                if (clears) {
                    pool.clear();
                } else {
                    pool.close();
                }
            });
            assertSame(thrown, seen);
            assertEquals(1, seen.getSuppressed().length);
            assertEquals(50, destroyed.size());
            assertEquals(50, pool.stats().destroyed());
            assertEquals(0, pool.idle());
            pool.close();
        }
    }

    @Test
    void anItemWithoutMemoryForItsLeaseIsNotLost() {
        AtomicBoolean fails = new AtomicBoolean();
        PerCpuPool<Item> pool = new PerCpuPool<>(() -> {
            if (fails.get()) {
                throw new OutOfMemoryError("made up");
            }
            return new Item();
        });
        pool.acquire().close();
        fails.set(true);
        Lease<Item> lease = pool.acquire();
        assertThrows(OutOfMemoryError.class, pool::acquire);
        assertEquals(1, pool.stats().created());
        lease.close();
        assertEquals(1, pool.idle());
    }

    /** In a separate JVM: the pools of other tests influence the compiler's optimizations. */
    @ParameterizedTest
    @ValueSource(strings = {"G1", "Parallel"})
    void aLeaseThatDoesNotEscapeAllocatesNothing(String collector) {
        ChildJvm child = child(collector, "measure");
        assertEquals(0, child.exit(), child.output());
        assertEquals("0", child.get("bytes"), child.output());
    }

    private static ChildJvm child(String collector, String program) {
        return ChildJvm.start(ChildJvm.java(List.of(ChildJvm.NATIVE.getFirst(), "-Xmx64m",
                "-XX:+UnlockExperimentalVMOptions", "-XX:+Use" + collector + "GC", "-Drseq4j.registration="
                + System.getProperty("rseq4j.registration", "auto")), PoolChild.class, program), Map.of());
    }

    @Test
    void aLeaseThatEscapesIsOneSmallObject() {
        PerCpuPool<int[]> pool = new PerCpuPool<>(() -> new int[1]);
        Lease<?>[] escaped = new Lease<?>[1];
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 10; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                Lease<int[]> lease = pool.acquire();
                escaped[0] = lease;
                lease.close();
            }
            least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / CALLS);
        }
        // 32 bytes with a collector without compressed references.
        assertTrue(least <= 32, "bytes=" + least);
    }
}
