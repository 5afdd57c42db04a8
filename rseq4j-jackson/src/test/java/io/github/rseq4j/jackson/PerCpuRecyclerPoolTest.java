package io.github.rseq4j.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.jackson.Documents.Shape;
import io.github.rseq4j.percpu.PoolOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.core.util.RecyclerPool;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * The pool keeps Jackson's rules: it reuses released recyclers, and does not keep recyclers that are never released.
 */
final class PerCpuRecyclerPoolTest {
    private static final int CALLS = 200_000;

    private final byte[] document = Documents.document(Shape.RECORDS, 10_000);
    private final PerCpuRecyclerPool pool = new PerCpuRecyclerPool();
    private final ObjectMapper mapper = mapper(pool);

    private static ObjectMapper mapper(PerCpuRecyclerPool pool) {
        return JsonMapper.builder(JsonFactory.builder().recyclerPool(pool).build()).build();
    }

    @Test
    void pooledCountFollowsTheOpenParsersAndGenerators() throws IOException {
        assertEquals(0, pool.pooledCount());
        JsonParser first = mapper.createParser(document);
        JsonParser second = mapper.createParser(document);
        JsonGenerator third = mapper.createGenerator(new ByteArrayOutputStream());
        assertEquals(0, pool.pooledCount());
        assertEquals(3, pool.stats().created());
        first.close();
        assertEquals(1, pool.pooledCount());
        third.close();
        assertEquals(2, pool.pooledCount());
        first.close();
        assertEquals(2, pool.pooledCount(), "closing again does nothing");
        second.close();
        assertEquals(3, pool.pooledCount());
        for (int i = 0; i < 1000; i++) {
            mapper.readTree(document);
            assertEquals(3, pool.pooledCount());
        }
        assertEquals(3, pool.stats().created());
        assertTrue(pool.toString().startsWith("PerCpuRecyclerPool[created=3, idlePerCpu=["), pool.toString());
    }

    @Test
    void aFailingParserReleasesItsRecycler() throws IOException {
        for (int i = 0; i < 100; i++) {
            assertThrows(Exception.class, () -> mapper.readTree("{\"a\":[1,2"));
            assertThrows(Exception.class, () -> mapper.readTree("{\"a\":nix}"));
        }
        assertEquals(1, pool.stats().created());
        assertEquals(1, pool.pooledCount());
    }

    @Test
    void handsEachRecyclerToOneHolder() {
        Set<BufferRecycler> taken = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            assertTrue(taken.add(pool.acquirePooled()));
        }
        assertEquals(0, pool.pooledCount());
        taken.forEach(pool::releasePooled);
        int idle = pool.pooledCount();
        assertTrue(idle >= PerCpuRecyclerPool.DEFAULT_IDLE_PER_CPU, pool.toString());
        assertEquals(100, idle + pool.stats().destroyed());
        for (int i = 0; i < idle; i++) {
            assertTrue(taken.contains(pool.acquireAndLinkPooled()), "a released recycler");
        }
        assertEquals(0, pool.pooledCount());
        assertEquals(100, pool.stats().created());
    }

    @Test
    void clearDropsIdleRecyclersAndAcceptsLaterReleases() throws IOException, InterruptedException {
        List<Reference<BufferRecycler>> idle = idleRecyclers(5);
        System.gc();
        assertTrue(idle.stream().noneMatch(each -> each.refersTo(null)), "idle recyclers are kept");
        BufferRecycler out = pool.acquireAndLinkPooled();
        assertEquals(4, pool.pooledCount());
        assertTrue(pool.clear());
        assertEquals(0, pool.pooledCount());
        awaitCollected(idle, 4);
        out.releaseToPool();
        assertEquals(1, pool.pooledCount());
        assertSame(out, pool.acquireAndLinkPooled());
        out.releaseToPool();
        assertTrue(pool.clear());
        assertTrue(pool.clear(), "without an idle recycler");
        mapper.readTree(document);
        assertEquals(1, pool.pooledCount());
    }

    private List<Reference<BufferRecycler>> idleRecyclers(int count) {
        List<BufferRecycler> taken = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            taken.add(pool.acquireAndLinkPooled());
        }
        taken.forEach(BufferRecycler::releaseToPool);
        return taken.stream().<Reference<BufferRecycler>>map(WeakReference::new).toList();
    }

    private static long collected(List<? extends Reference<?>> references) {
        return references.stream().filter(each -> each.refersTo(null)).count();
    }

    private static void awaitCollected(List<? extends Reference<?>> references, int count)
            throws InterruptedException {
        for (int i = 0; i < 500 && collected(references) < count; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(count, collected(references), "were collected");
    }

    private static Reference<BufferRecycler> dropped(PerCpuRecyclerPool pool, byte[] document) throws IOException {
        BufferRecycler recycler = pool.acquireAndLinkPooled();
        recycler.releaseToPool();
        JsonParser parser = mapper(pool).createParser(document);
        // The parser has taken the recycler that was just released, unless the thread migrated.
        parser.nextToken();
        assertEquals(0, pool.pooledCount());
        return new WeakReference<>(recycler);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aParserThatIsNeverClosedIsCollectedWithItsRecycler(boolean robust)
            throws IOException, InterruptedException {
        PerCpuRecyclerPool own = new PerCpuRecyclerPool(PoolOptions.defaults().withRobust(robust));
        // Robust mode logs each dropped recycler.
        int rounds = robust ? 5 : 100;
        List<Reference<BufferRecycler>> references = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            references.add(dropped(own, document));
        }
        assertEquals(rounds, own.stats().created());
        awaitCollected(references, rounds);
        for (int i = 0; i < 500 && own.stats().dropped() < rounds; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(rounds, own.stats().dropped());
        assertEquals(0, own.pooledCount());
        mapper(own).readTree(document);
        assertEquals(1, own.pooledCount());
    }

    @Test
    void anUnreachablePoolIsCollected() throws IOException, InterruptedException {
        List<Reference<PerCpuRecyclerPool>> pools = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            PerCpuRecyclerPool own = new PerCpuRecyclerPool();
            mapper(own).readTree(document);
            pools.add(new WeakReference<>(own));
        }
        // This frame may still refer to the last pool.
        awaitCollected(pools.subList(0, 19), 19);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void releasingAnIdleRecyclerDoesNothing(boolean robust) {
        PerCpuRecyclerPool own = new PerCpuRecyclerPool(PoolOptions.defaults().withRobust(robust));
        BufferRecycler recycler = own.acquireAndLinkPooled();
        assertTrue(recycler.isLinkedWithPool());
        recycler.releaseToPool();
        assertFalse(recycler.isLinkedWithPool());
        recycler.releaseToPool();
        own.releasePooled(recycler);
        assertEquals(1, own.pooledCount());
        BufferRecycler first = own.acquireAndLinkPooled();
        BufferRecycler second = own.acquireAndLinkPooled();
        assertNotSame(first, second);
        own.releasePooled(first);
        assertFalse(first.isLinkedWithPool());
        first.releaseToPool();
        own.releasePooled(first);
        second.releaseToPool();
        assertEquals(2, own.pooledCount());
        assertEquals(2, own.stats().created());
    }

    @Test
    void ignoresRecyclersOfOtherPools() {
        PerCpuRecyclerPool other = new PerCpuRecyclerPool();
        BufferRecycler others = other.acquireAndLinkPooled();
        pool.releasePooled(others);
        pool.releasePooled(new BufferRecycler());
        pool.releasePooled(JsonRecyclerPools.newBoundedPool(3).acquireAndLinkPooled());
        assertEquals(0, pool.pooledCount());
        assertTrue(others.isLinkedWithPool());
        others.releaseToPool();
        assertEquals(1, other.pooledCount());
    }

    @Test
    void aRecyclerIsLinkedOnceAndOnlyWithItsPool() {
        BufferRecycler recycler = pool.acquirePooled();
        assertFalse(recycler.isLinkedWithPool());
        recycler.releaseToPool();
        assertEquals(0, pool.pooledCount(), "it was not linked");
        assertSame(recycler, recycler.withPool(pool));
        assertTrue(recycler.isLinkedWithPool());
        String message = assertThrows(IllegalStateException.class, () -> recycler.withPool(pool)).getMessage();
        assertThrows(IllegalStateException.class, () -> recycler.withPool(new PerCpuRecyclerPool()));
        assertEquals("linked=true, out=true: a recycler is linked once after it was acquired", message);
        recycler.releaseToPool();
        assertEquals(1, pool.pooledCount());
        message = assertThrows(IllegalStateException.class, () -> recycler.withPool(pool)).getMessage();
        assertEquals("linked=false, out=false: a recycler is linked once after it was acquired", message);
    }

    /** A pool that counts releases, and delegates to another pool. */
    private record Counting(PerCpuRecyclerPool pool, AtomicInteger released) implements RecyclerPool<BufferRecycler> {
        @Override
        public BufferRecycler acquirePooled() {
            return pool.acquirePooled();
        }

        @Override
        public void releasePooled(BufferRecycler pooled) {
            released.incrementAndGet();
            pool.releasePooled(pooled);
        }
    }

    @Test
    void aDelegatingPoolReceivesTheRelease() {
        PerCpuRecyclerPool pool = new PerCpuRecyclerPool();
        AtomicInteger released = new AtomicInteger();
        BufferRecycler recycler = new Counting(pool, released).acquireAndLinkPooled();
        assertTrue(recycler.isLinkedWithPool());
        assertThrows(IllegalStateException.class, () -> recycler.withPool(pool));
        recycler.releaseToPool();
        recycler.releaseToPool();
        assertEquals(1, released.get());
        assertEquals(1, pool.pooledCount());
    }

    @Test
    void whenTwoThreadsReleaseARecyclerOneReleaseCounts() throws InterruptedException {
        int rounds = 300;
        List<BufferRecycler> taken = new ArrayList<>();
        CyclicBarrier start = new CyclicBarrier(2);
        Thread other = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < rounds; i++) {
                await(start);
                pool.releasePooled(taken.getLast());
                await(start);
            }
        });
        for (int i = 0; i < rounds; i++) {
            taken.add(pool.acquirePooled());
            await(start);
            pool.releasePooled(taken.getLast());
            await(start);
            assertEquals(1, pool.pooledCount(), "round=" + i);
        }
        other.join();
        assertEquals(1, pool.stats().created());
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void allocatesOnlyALease() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perCall = Long.MAX_VALUE;
        for (int round = 0; round < 400 && perCall > 24; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                pool.acquireAndLinkPooled().releaseToPool();
            }
            perCall = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertTrue(perCall <= 24, "bytes an acquisition=" + perCall);
    }
}
