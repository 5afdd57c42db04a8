package io.github.rseq4j.percpu;

import io.github.rseq4j.Rseq;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Uses every structure, requires that it is exact, and prints what its use cost. It is the child JVM of
 * {@link ManyCpusKernelTest}, and {@link EveryStructureTest} runs it on machines with many CPUs.
 */
public final class ManyCpusChild {
    private static final int THREADS = Math.clamp(Runtime.getRuntime().availableProcessors(), 4, 64);
    private static final int ROUNDS = 2048 / THREADS;
    private static final int EXPECTED = THREADS * ROUNDS;
    private static final byte[] RECORD = new byte[8];
    private static final Cost NOTHING = new Cost(0, 0, 0, 0);

    private final String name;
    private final Cost before = Cost.now();

    private ManyCpusChild(String name) {
        this.name = name;
    }

    /**
     * The process's memory.
     *
     * @param mappings their number
     * @param reservedKib the address space
     * @param residentKib the resident pages
     * @param tablesKib the page tables
     */
    private record Cost(long mappings, long reservedKib, long residentKib, long tablesKib) {
        static Cost now() {
            try {
                List<String> status = Files.readAllLines(Path.of("/proc/self/status"));
                return new Cost(Files.readAllLines(Path.of("/proc/self/maps")).size(), kib(status, "VmSize:"),
                        kib(status, "RssAnon:") + kib(status, "RssShmem:"), kib(status, "VmPTE:"));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        private static long kib(List<String> status, String key) {
            return status.stream().filter(line -> line.startsWith(key))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", ""))).findFirst().orElseThrow();
        }

        String since(Cost start) {
            return (mappings - start.mappings) + " " + (reservedKib - start.reservedKib) + " "
                    + (residentKib - start.residentKib) + " " + (tablesKib - start.tablesKib);
        }
    }

    /** A thread's update. */
    private interface Update {
        void run();
    }

    /** The number of the updates that a structure has. */
    private interface Found {
        long get();
    }

    /**
     * Updates from a thread for each CPU, 4 to 64, and reads. Requires an exact result. Prints the name, what the
     * making and the updates cost, and what the reading cost: mappings, address space, resident memory and page tables.
     */
    private void use(Update update, Found found) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < ROUNDS; i++) {
                    update.run();
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Cost updated = Cost.now();
        long count = found.get();
        if (count != EXPECTED) {
            throw new IllegalStateException(name + ": expected=" + EXPECTED + ", found=" + count);
        }
        System.out.println(name + "=exact " + updated.since(before) + " " + Cost.now().since(updated));
    }

    private static ManyCpusChild of(String name) {
        return new ManyCpusChild(name);
    }

    private static void counters() throws InterruptedException {
        // The first structure's classes and threads are not its own cost.
        PerCpuCounter first = new PerCpuCounter();
        of("first").use(first::increment, first::sum);
        ManyCpusChild counters = of("PerCpuCounters");
        PerCpuCounters many = new PerCpuCounters(1000);
        counters.use(() -> many.add(999, 1), () -> many.sums()[999]);
        ManyCpusChild fused = of("FusedCounters");
        FusedCounters both = many.fused(1, 2);
        fused.use(() -> both.add(1L, 1L), () -> many.sum(1) + many.sum(2) - EXPECTED);
        ManyCpusChild doubles = of("PerCpuDoubleCounter");
        PerCpuDoubleCounter real = new PerCpuDoubleCounter();
        doubles.use(() -> real.add(1), () -> (long) real.sum());
        ManyCpusChild histograms = of("PerCpuHistogram");
        PerCpuHistogram histogram = new PerCpuHistogram();
        histograms.use(() -> histogram.record(7), () -> histogram.snapshot().count());
    }

    private static void stacks() throws InterruptedException {
        ManyCpusChild words = of("PerCpuStack");
        PerCpuStack stack = new PerCpuStack(2 * EXPECTED);
        words.use(() -> stack.push(1), () -> stack.drain(_ -> { }));
        ManyCpusChild closing = of("PerCpuStack.close");
        closing.use(() -> { }, () -> {
            stack.close();
            return EXPECTED;
        });
        ManyCpusChild bytes = of("PerCpuByteStack");
        PerCpuByteStack records = new PerCpuByteStack(64 << 10, 16);
        bytes.use(() -> records.push(RECORD, 0, RECORD.length),
                () -> records.steal(_ -> { }) + records.drain(_ -> { }));
        records.close();
        ManyCpusChild pools = of("PerCpuPool");
        AtomicLong leases = new AtomicLong();
        PerCpuPool<Object> pool = new PerCpuPool<>(Object::new);
        pools.use(() -> {
            try (PerCpuPool.Lease<Object> _ = pool.acquire()) {
                leases.incrementAndGet();
            }
        }, () -> pool.clear() > 0 ? leases.get() : -1);
        pool.close();
    }

    private static void rings() throws InterruptedException {
        ManyCpusChild words = of("PerCpuRing");
        PerCpuRing ring = new PerCpuRing(4096);
        words.use(() -> ring.push(1), () -> ring.drain(_ -> { }));
        ring.close();
        ManyCpusChild bytes = of("PerCpuByteRing");
        PerCpuByteRing records = new PerCpuByteRing(64 << 10, 16);
        bytes.use(() -> records.push(RECORD, 0, RECORD.length), () -> records.drain(_ -> { }));
        records.close();
    }

    private static void others() throws InterruptedException {
        ManyCpusChild locks = of("PerCpuLock");
        PerCpuLock lock = new PerCpuLock();
        long[] under = new long[lock.indices()];
        AtomicLong sum = new AtomicLong();
        locks.use(() -> lock.run(index -> under[index]++), () -> {
            lock.runEach(index -> sum.addAndGet(under[index]));
            return sum.get();
        });
        ManyCpusChild memory = of("PerCpuItems");
        PerCpuItems items = new PerCpuItems(64, ItemOptions.defaults().withRobust(true));
        long[] last = new long[1];
        memory.use(() -> {
            long item = items.allocate();
            items.putLong(item, items.copies() - 1, 0, 1);
            items.free(item);
        }, () -> {
            last[0] = items.allocate();
            long found = items.getLong(last[0], items.copies() - 1, 0);
            items.free(last[0]);
            items.verify();
            return EXPECTED + found;
        });
        items.close();
        of("fence").use(() -> { }, () -> {
            Rseq.fence();
            return EXPECTED;
        });
    }

    /**
     * Runs the program.
     *
     * @param arguments none
     * @throws InterruptedException if it is interrupted
     * @throws IllegalStateException if a structure is not exact
     */
    public static void main(String[] arguments) throws InterruptedException {
        System.out.println("available=" + Rseq.availability().available());
        System.out.println("limit=" + Rseq.availability().limit());
        System.out.println("selftest=" + Rseq.availability().note());
        System.out.println("start=exact " + Cost.now().since(NOTHING) + " 0 0 0 0");
        counters();
        stacks();
        rings();
        others();
        System.out.println("done=true");
    }
}
