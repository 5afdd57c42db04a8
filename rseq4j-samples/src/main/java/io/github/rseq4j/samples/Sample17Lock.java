package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.percpu.PerCpuLock;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Per-CPU data whose update needs several stores: the count, minimum and maximum of the values of each CPU, under the
 * CPU's lock. Threads on different CPUs do not wait for each other.
 *
 * <pre>
 * 100000 values, from 1 to 100000
 * </pre>
 */
final class Sample17Lock {
    private static final int COUNT = 0;
    private static final int MIN = 8;
    private static final int MAX = 16;

    static void main() {
        PerCpuLock lock = new PerCpuLock();
        try (PerCpuItems items = new PerCpuItems(24)) {
            long item = items.allocate();
            LongStream.rangeClosed(1, 100_000).parallel().forEach(value -> lock.run(cpu -> {
                long count = items.getLong(item, cpu, COUNT);
                items.putLong(item, cpu, COUNT, count + 1);
                items.putLong(item, cpu, MIN, count == 0 ? value : Math.min(value, items.getLong(item, cpu, MIN)));
                items.putLong(item, cpu, MAX, Math.max(value, items.getLong(item, cpu, MAX)));
            }));
            int[] used = IntStream.range(0, lock.indices()).filter(cpu -> items.getLong(item, cpu, COUNT) > 0)
                    .toArray();
            long count = IntStream.of(used).mapToLong(cpu -> items.getLong(item, cpu, COUNT)).sum();
            long min = IntStream.of(used).mapToLong(cpu -> items.getLong(item, cpu, MIN)).min().orElseThrow();
            long max = IntStream.of(used).mapToLong(cpu -> items.getLong(item, cpu, MAX)).max().orElseThrow();
            System.out.println(count + " values, from " + min + " to " + max);
        }
    }
}
