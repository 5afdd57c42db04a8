package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import io.github.rseq4j.testing.Crowd;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool gives each item to one holder at a time, loses none, and creates no unnecessary one. */
final class PerCpuPoolTest {
    private static final int CALLS = 200_000;
    private static final PoolOptions ROBUST = PoolOptions.defaults().withRobust(true);

    /** An item that detects two holders. */
    private static final class Item {
        private final AtomicBoolean held = new AtomicBoolean();
        /** The holder of the item writes it plainly. */
        private long uses;
        private int destroyed;

        void use() {
            assertTrue(held.compareAndSet(false, true), "two threads hold one item");
            uses++;
            assertEquals(0, destroyed, "the item was destroyed");
            assertTrue(held.compareAndSet(true, false));
        }
    }

    private final Queue<Item> made = new ConcurrentLinkedQueue<>();
    private final Queue<Item> destroyed = new ConcurrentLinkedQueue<>();

    private PerCpuPool<Item> pool(PoolOptions options) {
        return new PerCpuPool<>(() -> {
            Item item = new Item();
            made.add(item);
            return item;
        }, item -> {
            item.destroyed++;
            destroyed.add(item);
        }, options);
    }

    @Test
    void reusesReleasedItems() {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults());
        Item first;
        try (Lease<Item> lease = pool.acquire()) {
            first = lease.value();
        }
        for (int i = 0; i < 1000; i++) {
            try (Lease<Item> lease = pool.acquire()) {
                // The thread may have migrated. The pool finds the item on this CPU, in the shared list, or on the
                // other CPU.
                assertSame(first, lease.value());
            }
        }
        PoolStats stats = pool.stats();
        assertEquals(1, stats.created());
        assertEquals(1, pool.idle());
        assertEquals(1, stats.idlePerCpu().stream().mapToInt(Integer::intValue).sum() + stats.idleShared());
        assertTrue(stats.misses() >= 1, stats.toString());
        assertTrue(pool.toString().startsWith("PerCpuPool[created=1, idlePerCpu=["), pool.toString());
    }

    @Test
    void stealsFromAnotherCpuBeforeItCreatesAnItem() throws InterruptedException {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults());
        List<Lease<Item>> leases = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            leases.add(pool.acquire());
        }
        leases.forEach(Lease::close);
        assertEquals(10, pool.idle());
        // Ten threads that each hold one item need ten items, on any CPUs.
        List<Lease<Item>> taken = new ArrayList<>();
        List<Thread> threads = IntStream.range(0, 10).mapToObj(_ -> Thread.ofPlatform().start(() -> {
            Lease<Item> lease = pool.acquire();
            synchronized (taken) {
                taken.add(lease);
            }
        })).toList();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(10, new HashSet<>(taken.stream().map(Lease::value).toList()).size());
        assertEquals(10, pool.stats().created(), pool.stats().toString());
        taken.forEach(Lease::close);
    }

    @Test
    void theDestroyerGetsItemsThatNoCpuHasRoomFor() {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults().withIdlePerCpu(4));
        List<Lease<Item>> leases = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            leases.add(pool.acquire());
        }
        leases.forEach(Lease::close);
        int limit = 4 * (Runtime.getRuntime().availableProcessors() + pool.stats().idlePerCpu().size());
        assertTrue(pool.idle() <= limit && pool.idle() >= 4, pool.toString());
        assertEquals(1000, pool.idle() + destroyed.size());
        assertEquals(destroyed.size(), pool.stats().destroyed());
        assertEquals(1000, pool.stats().created());
        int idle = pool.idle();
        assertEquals(idle, pool.clear());
        assertEquals(0, pool.idle());
        assertEquals(1000, destroyed.size());
        assertEquals(1000, new HashSet<>(destroyed).size());
        try (Lease<Item> lease = pool.acquire()) {
            lease.value().use();
        }
        assertEquals(1001, pool.stats().created(), "the pool is still open");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLeaseClosedTwiceThrows(boolean robust) {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults().withRobust(robust));
        Lease<Item> lease = pool.acquire();
        lease.close();
        String message = assertThrows(IllegalStateException.class, lease::close).getMessage();
        assertTrue(String.valueOf(message).contains("closed before"), message);
        assertEquals(1, pool.idle(), "the item is idle once");
    }

    private static void drop(PerCpuPool<Item> pool) {
        pool.acquire().value().use();
    }

    private static void awaitDropped(PerCpuPool<Item> pool, long count) throws InterruptedException {
        for (int i = 0; i < 500 && pool.stats().dropped() < count; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(count, pool.stats().dropped());
    }

    @Test
    void reportsADroppedLeaseWithTheStackOfItsAcquisition() throws InterruptedException {
        PerCpuPool<Item> pool = pool(ROBUST);
        drop(pool);
        drop(pool);
        awaitDropped(pool, 2);
        IllegalStateException fault = assertThrows(IllegalStateException.class, pool::close);
        assertTrue(String.valueOf(fault.getMessage()).endsWith("dropped=2"), fault.getMessage());
        Throwable cause = fault.getCause();
        assertTrue(cause != null && List.of(cause.getStackTrace()).stream().anyMatch(
                frame -> frame.getMethodName().equals("drop")), "the cause has the stack of the acquisition");
        assertEquals(1, fault.getSuppressed().length);
        pool.close();
    }

    @Test
    void aDroppedItemIsNotKept() throws InterruptedException {
        PerCpuPool<byte[]> pool = new PerCpuPool<>(() -> new byte[1 << 20]);
        List<Reference<byte[]>> items = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            items.add(new WeakReference<>(pool.acquire().value()));
        }
        for (int i = 0; i < 500 && items.stream().anyMatch(item -> !item.refersTo(null)); i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertTrue(items.stream().allMatch(item -> item.refersTo(null)), "all were collected");
        for (int i = 0; i < 500 && pool.stats().dropped() < 40; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(40, pool.stats().dropped());
        pool.close();
    }

    @Test
    void closeDestroysEveryItem() {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults());
        List<Lease<Item>> leases = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            leases.add(pool.acquire());
        }
        leases.subList(0, 30).forEach(Lease::close);
        pool.close();
        assertEquals(30, destroyed.size());
        assertThrows(IllegalStateException.class, pool::acquire);
        leases.subList(30, 50).forEach(Lease::close);
        assertEquals(50, new HashSet<>(destroyed).size());
        assertThrows(IllegalStateException.class, leases.getLast()::close);
        assertEquals(0, pool.clear());
        pool.close();
        assertEquals(50, destroyed.size());
        assertTrue(made.stream().allMatch(item -> item.destroyed == 1));
    }

    @Test
    void callsADestroyerThatThrowsForEveryItem() {
        AtomicInteger calls = new AtomicInteger();
        PerCpuPool<Item> pool = new PerCpuPool<>(Item::new, _ -> {
            throw new IllegalArgumentException("call " + calls.incrementAndGet());
        }, PoolOptions.defaults());
        List<Lease<Item>> leases = IntStream.range(0, 3).mapToObj(_ -> pool.acquire()).toList();
        leases.forEach(Lease::close);
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, pool::close);
        assertEquals(3, calls.get());
        assertEquals(2, thrown.getSuppressed().length);
    }

    @Test
    void aFailingFactoryChangesNothing() {
        AtomicBoolean fails = new AtomicBoolean(true);
        PerCpuPool<Item> pool = new PerCpuPool<>(() -> {
            if (fails.get()) {
                throw new IllegalArgumentException("not now");
            }
            return new Item();
        });
        assertThrows(IllegalArgumentException.class, pool::acquire);
        assertEquals(0, pool.stats().created());
        fails.set(false);
        pool.acquire().close();
        assertEquals(1, pool.stats().created());
    }

    @Test
    void refusesMisuseByName() {
        assertEquals("idlePerCpu=0, must be 1 to 4096", assertThrows(IllegalArgumentException.class,
                () -> PoolOptions.defaults().withIdlePerCpu(0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> PoolOptions.defaults().withIdlePerCpu(4097));
        assertEquals(7, ROBUST.withIdlePerCpu(7).idlePerCpu());
        assertTrue(ROBUST.withIdlePerCpu(7).robust());
    }

    /** The smallest pools share and steal all the time, the others rarely. */
    @ParameterizedTest
    @CsvSource({"8, false, 1, false", "12, false, 2, true", "300, true, 1, false", "200, true, 32, true",
        "16, false, 32, false"})
    void noItemIsLostOrHasTwoHolders(int threads, boolean virtual, int idlePerCpu, boolean robust)
            throws InterruptedException {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults().withIdlePerCpu(idlePerCpu).withRobust(robust));
        int rounds = 60_000 / threads;
        Crowd crowd = Crowd.start(threads, virtual, thread -> use(pool, new SplittableRandom(thread), rounds));
        crowd.join();
        PoolStats stats = pool.stats();
        assertEquals(made.size(), stats.created(), "the created items");
        assertEquals(made.size(), pool.idle() + destroyed.size(), stats.toString());
        assertEquals(0, stats.dropped());
        pool.close();
        Set<Item> all = new HashSet<>(destroyed);
        assertEquals(made.size(), destroyed.size(), "each item was destroyed once");
        assertEquals(made.size(), all.size());
        assertEquals((long) threads * rounds, all.stream().mapToLong(item -> item.uses).sum(), "uses, written plainly");
    }

    private static void use(PerCpuPool<Item> pool, SplittableRandom random, int rounds) {
        for (int left = rounds; left > 0;) {
            if (left > 1 && random.nextInt(4) == 0) {
                try (Lease<Item> one = pool.acquire(); Lease<Item> two = pool.acquire()) {
                    assertNotSame(one.value(), two.value());
                    one.value().use();
                    two.value().use();
                }
                left -= 2;
            } else {
                try (Lease<Item> lease = pool.acquire()) {
                    lease.value().use();
                    if (random.nextInt(64) == 0) {
                        LockSupport.parkNanos(1);
                    }
                }
                left--;
            }
        }
    }

    @Test
    void leasesMayBeClosedByAnotherThread() throws InterruptedException {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults());
        ConcurrentLinkedQueue<Lease<Item>> handed = new ConcurrentLinkedQueue<>();
        Thread producer = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < 20_000; i++) {
                while (handed.size() > 64) {
                    LockSupport.parkNanos(1000);
                }
                Lease<Item> lease = pool.acquire();
                lease.value().use();
                handed.add(lease);
            }
        });
        int closed = 0;
        while (closed < 20_000) {
            Lease<Item> lease = handed.poll();
            if (lease == null) {
                LockSupport.parkNanos(1000);
            } else {
                lease.close();
                closed++;
            }
        }
        producer.join();
        assertEquals(made.size(), pool.idle() + destroyed.size());
        assertTrue(made.size() < 1_000, "released items are reused: made=" + made.size());
    }

    /**
     * PerCpuPoolLeaseTest shows in a separate JVM that not even the lease is allocated: here the pools of other tests
     * influence the compiler.
     */
    @Test
    void allocatesOnlyItsLease() {
        PerCpuPool<Item> pool = pool(PoolOptions.defaults());
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perCall = Long.MAX_VALUE;
        for (int round = 0; round < 20 && perCall > 24; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                try (Lease<Item> lease = pool.acquire()) {
                    lease.value().uses++;
                }
            }
            perCall = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertTrue(perCall <= 24, "bytes an acquisition: " + perCall);
    }
}
