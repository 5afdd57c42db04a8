package io.github.rseq4j.percpu;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.util.ArrayList;
import java.util.List;

/** An application that {@link RedeployChild} loads repeatedly, with every structure in a static field. */
public final class RedeployGuest implements Runnable {
    private static final PerCpuCounter COUNTER = new PerCpuCounter();
    private static final PerCpuCounters COUNTERS = new PerCpuCounters(4);
    private static final PerCpuHistogram HISTOGRAM = new PerCpuHistogram();
    private static final PerCpuStack STACK = new PerCpuStack(8);
    private static final PerCpuByteStack BYTE_STACK = new PerCpuByteStack(64, 16);
    private static final PerCpuRing RING = new PerCpuRing(8);
    private static final PerCpuByteRing BYTE_RING = new PerCpuByteRing(64, 16);
    private static final PerCpuLock LOCK = new PerCpuLock();
    private static final PerCpuItems ITEMS = new PerCpuItems(64, ItemOptions.defaults().withMaxRanges(1));
    private static final PerCpuPool<StringBuilder> POOL = new PerCpuPool<>(StringBuilder::new);
    private static final PerCpuPool<StringBuilder> ROBUST = new PerCpuPool<>(StringBuilder::new, _ -> { },
            PoolOptions.defaults().withRobust(true));
    private static final List<Lease<StringBuilder>> HELD = new ArrayList<>();

    /** Makes the guest. */
    public RedeployGuest() {}

    @Override
    public void run() {
        byte[] record = new byte[16];
        COUNTER.increment();
        COUNTERS.increment(1);
        HISTOGRAM.record(5);
        STACK.push(1);
        STACK.drain(_ -> { });
        BYTE_STACK.push(record, 0, 8);
        BYTE_STACK.pop(record, 0);
        RING.push(1);
        RING.drain(_ -> { });
        BYTE_RING.push(record, 0, 8);
        BYTE_RING.drain(_ -> { });
        LOCK.run(_ -> { });
        ITEMS.free(ITEMS.allocate());
        POOL.acquire().close();
        ROBUST.acquire().close();
        // The guest leaves some items idle, some held, and some dropped.
        HELD.add(POOL.acquire());
        HELD.add(ROBUST.acquire());
        POOL.acquire();
        ROBUST.acquire();
        if (COUNTER.sum() != 1 || COUNTERS.sum(1) != 1 || Rseq.availability().toString().isEmpty()) {
            throw new IllegalStateException("counted wrong");
        }
        if (Boolean.getBoolean("rseq4j.test.closes")) {
            ITEMS.close();
            POOL.close();
            try {
                ROBUST.close();
            } catch (IllegalStateException e) {
                // The dropped items may be collected by now.
                System.out.println("robust=" + e.getMessage());
            }
        }
    }
}
