package io.github.rseq4j.percpu;

import io.github.rseq4j.Rseq;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Uses each structure in some threads, and prints the totals as key=value. */
final class OtherSystemChild {
    private static final int THREADS = 4;
    private static final int UPDATES = 10_000;

    private OtherSystemChild() {}

    public static void main(String[] arguments) throws InterruptedException {
        PerCpuCounter counter = new PerCpuCounter();
        PerCpuCounters block = new PerCpuCounters(4);
        FusedCounters fused = block.fused(0, 1, 2);
        PerCpuHistogram histogram = new PerCpuHistogram();
        PerCpuRing ring = new PerCpuRing(1 << 10);
        PerCpuByteRing records = new PerCpuByteRing(1 << 12, 64);
        PerCpuStack stack = new PerCpuStack(64);
        PerCpuLock lock = new PerCpuLock();
        PerCpuItems items = new PerCpuItems(64);
        AtomicInteger made = new AtomicInteger();
        PerCpuPool<Integer> pool = new PerCpuPool<>(made::incrementAndGet);
        LongAdder pushed = new LongAdder();
        LongAdder drained = new LongAdder();
        byte[] record = new byte[16];
        Thread[] threads = new Thread[THREADS];
        for (int t = 0; t < THREADS; t++) {
            Thread.Builder builder = t % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
            threads[t] = builder.start(() -> {
                for (int i = 0; i < UPDATES; i++) {
                    counter.increment();
                    fused.add(1, 2, 3);
                    histogram.record(i);
                    pushed.add((ring.push(i) ? 1 : 0) + (records.push(record, 0, record.length) ? 1 : 0)
                            + (stack.push(i) ? 1 : 0));
                    drained.add(stack.pop(-1) == -1 ? 0 : 1);
                    lock.run(_ -> block.increment(3));
                    items.free(items.allocate());
                    try (PerCpuPool.Lease<Integer> lease = pool.acquire()) {
                        block.add(3, lease.value() > 0 ? 1 : 0);
                    }
                }
            });
        }
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                drained.add(ring.drain(_ -> { }) + records.drain(_ -> { }));
            }
            thread.join();
        }
        drained.add(ring.drain(_ -> { }) + records.drain(_ -> { }) + stack.drain(_ -> { }));
        long all = (long) THREADS * UPDATES;
        System.out.println("available=" + Rseq.availability().available());
        System.out.println("reason=" + Rseq.availability());
        System.out.println("expected=" + all + ' ' + all + ' ' + 2 * all + ' ' + 3 * all + ' ' + 2 * all + ' ' + all
                + ' ' + pushed.sum());
        System.out.println("counted=" + counter.sum() + ' ' + block.sum(0) + ' ' + block.sum(1) + ' ' + block.sum(2)
                + ' ' + block.sum(3) + ' ' + histogram.snapshot().count() + ' ' + drained.sum());
        System.out.println("idle=" + pool.idle() + " made=" + made.get());
        pool.close();
        ring.close();
        records.close();
        stack.close();
        histogram.close();
        block.close();
    }
}
