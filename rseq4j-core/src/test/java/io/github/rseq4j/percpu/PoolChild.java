package io.github.rseq4j.percpu;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Seccomp;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** The child JVM of the pools' tests: it runs the given operation in a small heap, and prints the result. */
public final class PoolChild {
    private static final long TOTAL_BYTES = 1L << 28;
    private static final int TINY = 100_000;
    private static final int CALLS = 200_000;
    /** The number of items that one CPU holds. */
    static final int ITEMS = 10;

    private PoolChild() {}

    /**
     * Runs the child.
     *
     * @param arguments {@code drop}, {@code measure} or {@code fences}
     * @throws InterruptedException never
     */
    public static void main(String[] arguments) throws InterruptedException {
        switch (arguments[0]) {
            case "drop" -> dropAll();
            case "measure" -> measure();
            default -> fences();
        }
    }

    private static void dropAll() {
        for (boolean robust : new boolean[] {false, true}) {
            drop(() -> new byte[16 << 10], robust, TOTAL_BYTES >> 14);
            drop(() -> new byte[2 << 20], robust, TOTAL_BYTES >> 21);
            drop(Object::new, robust, TINY);
        }
        System.out.println("ended=true");
    }

    private static void give(PerCpuPool<int[]> pool) {
        List<Lease<int[]>> leases = new ArrayList<>();
        for (int i = 0; i < ITEMS; i++) {
            leases.add(pool.acquire());
        }
        leases.forEach(Lease::close);
    }

    /** Clears and closes a pool on a thread whose fences are refused, then on another one. */
    private static void fences() throws InterruptedException {
        AtomicInteger destroyed = new AtomicInteger();
        PerCpuPool<int[]> pool = new PerCpuPool<>(() -> new int[1], _ -> destroyed.incrementAndGet(),
                PoolOptions.defaults());
        give(pool);
        CountDownLatch isRefused = new CountDownLatch(1);
        Thread other = Thread.ofPlatform().start(() -> {
            try {
                isRefused.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            pool.close();
        });
        Seccomp.refuse(SystemCall.MEMBARRIER.number(), -1, 0, Errno.EPERM);
        System.out.println("cleared=" + pool.clear());
        give(pool);
        Seccomp.refuse(SystemCall.SCHED_SETAFFINITY.number(), -1, 0, Errno.EPERM);
        System.out.println("clear=" + refusal(pool::clear));
        System.out.println("idle=" + pool.idle());
        System.out.println("close=" + refusal(pool::close));
        System.out.println("destroyed=" + destroyed);
        isRefused.countDown();
        other.join();
        System.out.println("created=" + pool.stats().created());
        System.out.println("counted=" + pool.stats().destroyed() + ", " + destroyed + ", idle " + pool.idle());
    }

    private static String refusal(Runnable action) {
        try {
            action.run();
            return "done";
        } catch (RuntimeException e) {
            return e.toString();
        }
    }

    private static void measure() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        PerCpuPool<int[]> pool = new PerCpuPool<>(() -> new int[1]);
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 400 && least > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            call(pool);
            least = Math.min(least, (threads.getCurrentThreadAllocatedBytes() - before) / CALLS);
        }
        System.out.println("bytes=" + least);
    }

    private static void call(PerCpuPool<int[]> pool) {
        for (int i = 0; i < CALLS; i++) {
            try (Lease<int[]> lease = pool.acquire()) {
                lease.value()[0]++;
            }
        }
    }

    private static <T> void drop(Supplier<T> factory, boolean robust, long count) {
        PerCpuPool<T> pool = new PerCpuPool<>(factory, _ -> { }, PoolOptions.defaults().withRobust(robust));
        for (long i = 0; i < count; i++) {
            pool.acquire();
        }
        System.out.println("count=" + count + ", robust=" + robust + ", " + pool.stats());
    }
}
