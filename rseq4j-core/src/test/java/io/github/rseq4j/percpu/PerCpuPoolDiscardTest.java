package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.PerCpuPool.Lease;
import io.github.rseq4j.percpu.PerCpuPoolLeaseTest.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The ways in which a lease ends, and its calls after that. In both modes:
 *
 * <table>
 * <caption>The calls, and their results</caption>
 * <tr><td>closed, then closed, discarded or asked for its value</td><td>throws</td></tr>
 * <tr><td>discarded, then closed</td><td>does nothing the first time, throws from then on</td></tr>
 * <tr><td>discarded, then discarded or asked for its value</td><td>throws</td></tr>
 * <tr><td>each of these while another lease has the item or its slot</td><td>the same; the next owner keeps
 * it</td></tr>
 * <tr><td>discarded, and the destroyer throws</td><td>the lease is discarded; the close after that does
 * nothing</td></tr>
 * <tr><td>discarded by two threads at a time</td><td>the destroyer gets the item once, the other call throws</td></tr>
 * </table>
 */
final class PerCpuPoolDiscardTest {
    /** The operations on a lease, and the message of later calls. */
    enum Use {
        CLOSE("the lease was closed before", Lease::close),
        DISCARD("the item was discarded before", Lease::discard),
        VALUE("", Lease::value);

        private final String said;
        private final Consumer<Lease<Item>> done;

        Use(String said, Consumer<Lease<Item>> done) {
            this.said = said;
            this.done = done;
        }

        void on(Lease<Item> lease) {
            done.accept(lease);
        }
    }

    private static Stream<Arguments> pairs() {
        return Stream.of(Use.CLOSE, Use.DISCARD).flatMap(first -> Stream.of(Use.values()).flatMap(second ->
                Stream.of(false, true).flatMap(isOutAgain -> Stream.of(false, true).map(robust ->
                        Arguments.of(first, second, isOutAgain, robust)))));
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void aSecondCallThrowsExceptACloseAfterADiscard(Use first, Use second, boolean isOutAgain, boolean robust) {
        PerCpuPool<Item> pool = PerCpuPoolLeaseTest.pool(robust);
        Lease<Item> lease = pool.acquire();
        Item item = lease.value();
        first.on(lease);
        // After a close it is the same item; after a discard it is another item in the same slot.
        Lease<Item> next = isOutAgain ? pool.acquire() : lease;
        Item nextItem = isOutAgain ? next.value() : item;
        assertEquals(isOutAgain && first == Use.CLOSE || !isOutAgain, nextItem == item);
        PoolStats before = pool.stats();
        int idle = pool.idle();
        Use ended = first;
        if (first == Use.DISCARD && second == Use.CLOSE) {
            second.on(lease);
            ended = second;
        }
        for (Use each : List.of(second, Use.CLOSE, Use.CLOSE, Use.DISCARD, Use.VALUE)) {
            if (ended == Use.DISCARD && each == Use.CLOSE) {
                each.on(lease);
                ended = each;
            } else {
                String said = ended.said;
                IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> each.on(lease));
                assertTrue(String.valueOf(thrown.getMessage()).contains(said), thrown.toString());
            }
        }
        assertEquals(before, pool.stats(), "no call changed the pool");
        assertEquals(idle, pool.idle());
        assertEquals(first == Use.DISCARD ? 1 : 0, item.destroyed);
        if (isOutAgain) {
            nextItem.use();
            Item third = pool.acquire().value();
            assertTrue(third != nextItem && third != item);
            next.close();
            assertEquals(1, pool.idle());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void discardsALeaseEvenWhenTheDestroyerThrows(boolean robust) {
        IllegalArgumentException refusal = new IllegalArgumentException("refused");
        PerCpuPool<Item> pool = new PerCpuPool<>(Item::new, _ -> {
            throw refusal;
        }, PerCpuPoolLeaseTest.options(robust));
        Throwable seen = assertThrows(IllegalArgumentException.class, () -> {
            try (Lease<Item> lease = pool.acquire()) {
                lease.discard();
            }
        });
        assertSame(refusal, seen);
        assertEquals(0, seen.getSuppressed().length, "the end of the statement did not throw");
        assertEquals(1, pool.stats().destroyed());
        assertEquals(0, pool.idle());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whenTwoThreadsDiscardALeaseOneSucceeds(boolean robust) throws Exception {
        PerCpuPool<Item> pool = PerCpuPoolLeaseTest.pool(robust);
        int rounds = 300;
        List<Lease<Item>> leases = new ArrayList<>();
        CyclicBarrier start = new CyclicBarrier(2);
        AtomicInteger discarded = new AtomicInteger();
        Thread other = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < rounds; i++) {
                PerCpuPoolLeaseTest.await(start);
                discarded.addAndGet(isDiscarding(leases.getLast()) ? 1 : 0);
                PerCpuPoolLeaseTest.await(start);
            }
        });
        for (int i = 0; i < rounds; i++) {
            leases.add(pool.acquire());
            PerCpuPoolLeaseTest.await(start);
            discarded.addAndGet(isDiscarding(leases.getLast()) ? 1 : 0);
            PerCpuPoolLeaseTest.await(start);
            assertEquals(i + 1, pool.stats().destroyed());
        }
        other.join();
        assertEquals(rounds, discarded.get());
        assertEquals(rounds, pool.stats().created());
    }

    private static boolean isDiscarding(Lease<Item> lease) {
        try {
            lease.discard();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theDestroyerGetsADiscardedItemOnce(boolean robust) {
        PerCpuPool<Item> pool = PerCpuPoolLeaseTest.pool(robust);
        Item broken;
        try (Lease<Item> lease = pool.acquire()) {
            broken = lease.value();
            lease.discard();
            assertEquals(1, broken.destroyed);
        }
        assertEquals(1, broken.destroyed);
        assertEquals(0, pool.idle());
        assertEquals(1, pool.stats().destroyed());
        try (Lease<Item> lease = pool.acquire()) {
            assertNotSame(broken, lease.value());
        }
        assertEquals(2, pool.stats().created());
        assertEquals(0, pool.stats().dropped());
        Lease<Item> late = pool.acquire();
        pool.close();
        late.discard();
        late.close();
        assertEquals(2, pool.stats().destroyed());
    }
}
