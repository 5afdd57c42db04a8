package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A log handler may use every structure while it holds its own locks, and so may other foreign code: the library never
 * calls it under a lock. Each piece of foreign code lets another thread do the same work and waits for that thread. If
 * its caller held a lock, it would wait for ever.
 */
final class LogHandlerTest {
    /** Far longer than a busy machine needs; if a lock is held, no time is enough. */
    private static final long WAIT_MILLIS = TimeUnit.MINUTES.toMillis(2);

    /** Runs an action on this thread and on another one, and waits for the other thread. */
    private static void onTwoThreads(Runnable action, Queue<String> failures) {
        action.run();
        Thread other = Thread.ofPlatform().daemon().start(action);
        try {
            other.join(WAIT_MILLIS);
        } catch (InterruptedException e) {
            failures.add(e.toString());
        }
        if (other.isAlive()) {
            StringBuilder trace = new StringBuilder("waits for a lock of its caller's:");
            for (StackTraceElement frame : other.getStackTrace()) {
                trace.append("\n  ").append(frame);
            }
            failures.add(trace.toString());
        }
    }

    /** Uses each structure as a log handler might: counts, keeps records, and formats in a borrowed buffer. */
    private static Map<String, Runnable> uses(PerCpuPool<StringBuilder> pool) {
        PerCpuCounter counter = new PerCpuCounter();
        PerCpuCounters counters = new PerCpuCounters(3);
        PerCpuHistogram histogram = new PerCpuHistogram();
        PerCpuStack stack = new PerCpuStack(8);
        PerCpuByteStack byteStack = new PerCpuByteStack(64, 16);
        PerCpuRing ring = new PerCpuRing(8);
        PerCpuByteRing byteRing = new PerCpuByteRing(64, 16);
        PerCpuLock lock = new PerCpuLock();
        return Map.of(
                "counter", () -> {
                    counter.increment();
                    counter.sumThenReset();
                },
                "counters", () -> {
                    counters.increment(1);
                    counters.sumThenReset(1);
                },
                "histogram", () -> {
                    histogram.record(7);
                    histogram.snapshotThenReset();
                },
                "stack", () -> {
                    stack.push(1);
                    stack.drain(_ -> { });
                },
                "byte stack", () -> byteStack.drain(_ -> { }),
                "ring", () -> {
                    ring.push(1);
                    ring.drain(_ -> { });
                },
                "byte ring", () -> byteRing.drain(_ -> { }),
                "lock", () -> lock.run(_ -> { }),
                "pool", () -> {
                    List<Lease<StringBuilder>> leases = new ArrayList<>();
                    for (int i = 0; i < 8; i++) {
                        leases.add(pool.acquire());
                    }
                    leases.forEach(Lease::close);
                    pool.stats();
                    pool.clear();
                });
    }

    private static void drop(PerCpuPool<StringBuilder> pool, int count) {
        for (int i = 0; i < count; i++) {
            pool.acquire();
        }
    }

    /** Formats its records with every structure, including the pool that logs them, while it holds its own lock. */
    private static final class StructuredHandler extends Handler {
        private final Map<String, Runnable> uses;
        private final Queue<String> failures = new ConcurrentLinkedQueue<>();
        private final AtomicInteger published = new AtomicInteger();

        StructuredHandler(PerCpuPool<StringBuilder> pool) {
            this.uses = uses(pool);
        }

        @Override
        public synchronized void publish(LogRecord logged) {
            published.incrementAndGet();
            uses.values().forEach(use -> onTwoThreads(use, failures));
            throw new IllegalStateException("a handler that is broken too");
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void aPoolLogsWithoutALockAndABoundedNumberOfRecords() throws InterruptedException {
        PerCpuPool<StringBuilder> pool = new PerCpuPool<>(StringBuilder::new, _ -> { },
                PoolOptions.defaults().withRobust(true).withIdlePerCpu(1));
        Logger logger = Logger.getLogger(PerCpuPool.class.getName());
        StructuredHandler handler = new StructuredHandler(pool);
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
        try {
            int count = 3 * PoolSlots.MAX_NAMED;
            drop(pool, count);
            for (int i = 0; i < 500 && pool.stats().dropped() < count; i++) {
                System.gc();
                Thread.sleep(10);
            }
            assertEquals(count, pool.stats().dropped());
        } finally {
            logger.setUseParentHandlers(true);
            logger.removeHandler(handler);
        }
        assertEquals(List.of(), List.copyOf(handler.failures));
        assertEquals(PoolSlots.MAX_NAMED, handler.published.get());
    }

    /** Returns rows of the callers of foreign code. */
    static Stream<Arguments> foreign() {
        return Stream.of(
                Arguments.of("a pool's factory", (Caller) use -> new PerCpuPool<>(() -> {
                    use.run();
                    return "";
                }).acquire()),
                Arguments.of("a pool's destroyer, on discard", (Caller) use -> destroyed(use).acquire().discard()),
                Arguments.of("a pool's destroyer, on clear", (Caller) use -> idle(use).clear()),
                Arguments.of("a pool's destroyer, on close", (Caller) use -> idle(use).close()),
                Arguments.of("a stack's consumer", (Caller) use -> {
                    PerCpuStack stack = new PerCpuStack(4);
                    stack.push(1);
                    stack.drain(_ -> use.run());
                }),
                Arguments.of("a ring's consumer", (Caller) use -> {
                    PerCpuRing ring = new PerCpuRing(4);
                    ring.push(1);
                    ring.push(2);
                    ring.drain(_ -> {
                        use.run();
                        elsewhere(() -> ring.drain(_ -> { }));
                    });
                }),
                Arguments.of("a byte ring's consumer", (Caller) use -> {
                    PerCpuByteRing ring = new PerCpuByteRing(64, 16);
                    ring.push(new byte[3], 0, 3);
                    ring.push(new byte[3], 0, 3);
                    ring.drain(_ -> {
                        use.run();
                        elsewhere(() -> ring.drain(_ -> { }));
                        elsewhere(ring::close);
                    });
                }));
    }

    private static void elsewhere(Runnable action) {
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        onTwoThreads(action, failures);
        assertEquals(List.of(), List.copyOf(failures));
    }

    /** Calls foreign code. */
    interface Caller {
        void call(Runnable use);
    }

    private static PerCpuPool<String> destroyed(Runnable use) {
        return new PerCpuPool<>(() -> "", _ -> use.run(), PoolOptions.defaults());
    }

    private static PerCpuPool<String> idle(Runnable use) {
        PerCpuPool<String> pool = destroyed(use);
        pool.acquire().close();
        return pool;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("foreign")
    void foreignCodeRunsWithoutALock(String name, Caller caller) {
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        AtomicInteger calls = new AtomicInteger();
        PerCpuPool<StringBuilder> pool = new PerCpuPool<>(StringBuilder::new);
        Map<String, Runnable> uses = uses(pool);
        caller.call(() -> {
            calls.incrementAndGet();
            uses.values().forEach(use -> onTwoThreads(use, failures));
        });
        assertTrue(calls.get() > 0, name);
        assertEquals(List.of(), List.copyOf(failures), name);
    }
}
