package io.github.rseq4j.bench.report;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Measures the memory of 1,000 counters for each CPU that runs them, beside 1,000 LongAdders for which as many threads
 * contend. Needs {@code --add-opens java.base/java.util.concurrent.atomic=ALL-UNNAMED}, to check that the adders are
 * contended.
 */
public final class MemoryReport {
    private static final int COUNTERS = 1000;
    private static final int ROUNDS = 20_000;

    private MemoryReport() {}

    /**
     * Runs the report.
     *
     * @param arguments none
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        int cpus = Runtime.getRuntime().availableProcessors();
        // Memory that is allocated once for the whole JVM is not a cost of counters.
        new PerCpuCounter().increment();
        long heapBefore = heap();
        List<PerCpuCounter> counters = new ArrayList<>();
        for (int i = 0; i < COUNTERS; i++) {
            counters.add(new PerCpuCounter());
        }
        together(cpus, i -> counters.get(i).increment());
        long heapOfCounters = heap() - heapBefore;
        long resident = residentBytes(Cells.get().allocate(new Object(), 1));
        heapBefore = heap();
        List<LongAdder> adders = new ArrayList<>();
        for (int i = 0; i < COUNTERS; i++) {
            adders.add(new LongAdder());
        }
        for (int round = 0; round < 50 && contended(adders) < COUNTERS; round++) {
            together(cpus, i -> adders.get(i).increment());
        }
        long heapOfAdders = heap() - heapBefore;
        System.out.printf("%d counters, %d CPUs%n", COUNTERS, cpus);
        System.out.printf("PerCpuCounter: %,d bytes of cells a CPU (resident %,d), and %,d bytes of heap in all%n",
                resident / cpus, resident, heapOfCounters);
        System.out.printf("LongAdder, %d of them contended: %,d bytes a CPU, %,d bytes of heap in all%n",
                contended(adders), heapOfAdders / cpus, heapOfAdders);
        if (counters.get(0).sum() + adders.get(0).sum() == 0) {
            throw new IllegalStateException("nothing was counted");
        }
    }

    /** The update of a counter by a thread. */
    private interface Update {
        void apply(int i);
    }

    private static void together(int cpus, Update update) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int cpu = 0; cpu < cpus; cpu++) {
            int own = cpu;
            threads.add(Thread.ofPlatform().start(() -> {
                Linux.sched_setaffinity(0, own);
                for (int round = 0; round < ROUNDS; round++) {
                    for (int i = 0; i < COUNTERS; i++) {
                        update.apply(i);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static int contended(List<LongAdder> adders) throws ReflectiveOperationException {
        var cells = LongAdder.class.getSuperclass().getDeclaredField("cells");
        cells.setAccessible(true);
        int n = 0;
        for (LongAdder adder : adders) {
            n += cells.get(adder) == null ? 0 : 1;
        }
        return n;
    }

    private static long heap() throws InterruptedException {
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(20);
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Returns the resident size of the mapping around an address: Rss of /proc/self/smaps. */
    private static long residentBytes(long address) throws IOException {
        boolean inside = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                int dash = line.indexOf('-');
                inside = address >= Long.parseLong(line.substring(0, dash), 16)
                        && address < Long.parseLong(line.substring(dash + 1, line.indexOf(' ')), 16);
            } else if (inside && line.startsWith("Rss:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IllegalStateException("address=" + address + " lies in no mapping");
    }
}
