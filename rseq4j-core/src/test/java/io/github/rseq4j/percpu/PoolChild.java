package io.github.rseq4j.percpu;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.lang.management.ManagementFactory;
import java.util.function.Supplier;

/** The child JVM of the pools' tests: it does what it is told in a small heap, and says what came of it. */
public final class PoolChild {
    private static final long TOTAL_BYTES = 1L << 28;
    private static final int TINY = 100_000;
    private static final int CALLS = 200_000;

    private PoolChild() {}

    /**
     * Runs the child.
     *
     * @param arguments {@code drop} or {@code measure}
     */
    public static void main(String[] arguments) {
        if (arguments[0].equals("measure")) {
            measure();
            return;
        }
        for (boolean robust : new boolean[] {false, true}) {
            drop(() -> new byte[16 << 10], robust, TOTAL_BYTES >> 14);
            drop(() -> new byte[2 << 20], robust, TOTAL_BYTES >> 21);
            drop(Object::new, robust, TINY);
        }
        System.out.println("ended=true");
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
