package io.github.rseq4j.cli;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Many more threads than CPUs, platform and virtual, update the same counters while they are moved between CPUs,
 * interrupted by signals and fenced; in the end every count must be exact.
 */
final class Storm {
    private static final int VIRTUAL_THREADS = 200;
    private static final int COUNTERS = 32;
    private static final int BATCH = 1000;
    private static final long SIGNAL_PAUSE_NANOS = 100_000;
    private static final long FLIP_PAUSE_NANOS = 500_000;

    private final PerCpuCounter single = new PerCpuCounter();
    private final PerCpuCounter harvested = new PerCpuCounter();
    private final PerCpuCounters block = new PerCpuCounters(COUNTERS);
    private final int[] cpus;
    private final long[] affinity;
    private final @Nullable StormSignal signal;
    private final Set<Integer> tids = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<Tally> tallies = new ConcurrentLinkedQueue<>();
    private volatile boolean running = true;
    private long flips;
    private long fences;

    /**
     * What the storm has shown.
     *
     * @param expected what the threads added, over all counters
     * @param counted what the counters hold
     * @param wrong the names of counters that are not exact
     * @param updates how many updates there were
     * @param signals how many signals were taken
     * @param flips how often a thread's affinity was set
     * @param fences how many fences there were
     */
    record Result(long expected, long counted, List<String> wrong, long updates, long signals, long flips,
                  long fences) {}

    /** What one thread added. */
    private static final class Tally {
        private final long[] block = new long[COUNTERS];
        private long single;
        private long harvested;
        private long updates;
    }

    Storm(int[] cpus, long[] affinity, @Nullable StormSignal signal) {
        this.cpus = cpus.clone();
        this.affinity = affinity.clone();
        this.signal = signal;
    }

    /**
     * Runs the storm.
     *
     * @param nanos how long
     * @return what it has shown
     * @throws InterruptedException when the calling thread is interrupted
     */
    Result run(long nanos) throws InterruptedException {
        long hitsBefore = signal == null ? 0 : signal.hits();
        List<Thread> workers = new ArrayList<>();
        int platform = 2 * Runtime.getRuntime().availableProcessors() + 2;
        for (int i = 0; i < platform; i++) {
            long seed = i;
            workers.add(Thread.ofPlatform().daemon().name("rseq4j-storm-" + i).start(() -> work(seed)));
        }
        for (int i = 0; i < VIRTUAL_THREADS; i++) {
            long seed = (long) platform + i;
            workers.add(Thread.ofVirtual().name("rseq4j-storm-virtual-" + i).start(() -> work(seed)));
        }
        List<Thread> weather = new ArrayList<>();
        long[] harvest = new long[1];
        weather.add(Thread.ofPlatform().daemon().start(() -> harvest[0] = harvest()));
        if (signal != null) {
            weather.add(Thread.ofPlatform().daemon().start(() -> signals(signal)));
            weather.add(Thread.ofPlatform().daemon().start(this::flips));
        }
        long end = System.nanoTime() + nanos;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
        running = false;
        for (Thread thread : weather) {
            thread.join();
        }
        for (Thread thread : workers) {
            thread.join();
        }
        long hits = signal == null ? 0 : signal.hits() - hitsBefore;
        return result(harvest[0] + harvested.sum(), hits);
    }

    private Result result(long harvest, long signals) {
        Tally all = new Tally();
        for (Tally tally : tallies) {
            all.single += tally.single;
            all.harvested += tally.harvested;
            all.updates += tally.updates;
            for (int i = 0; i < COUNTERS; i++) {
                all.block[i] += tally.block[i];
            }
        }
        List<String> wrong = new ArrayList<>();
        long expected = all.single + all.harvested;
        long counted = single.sum() + harvest;
        require(wrong, "counter", all.single, single.sum());
        require(wrong, "counter with resets", all.harvested, harvest);
        for (int i = 0; i < COUNTERS; i++) {
            expected += all.block[i];
            counted += block.sum(i);
            require(wrong, "counter " + i + " of the block", all.block[i], block.sum(i));
        }
        return new Result(expected, counted, List.copyOf(wrong), all.updates, signals, flips, fences);
    }

    private static void require(List<String> wrong, String name, long expected, long counted) {
        if (expected != counted) {
            wrong.add(name + ": expected=" + expected + ", counted=" + counted);
        }
    }

    private void work(long seed) {
        Tally tally = new Tally();
        Random random = new Random(seed);
        if (signal != null) {
            tids.add(Linux.gettid());
        }
        while (running) {
            for (int i = 0; i < BATCH; i++) {
                update(tally, random);
            }
            if (Thread.currentThread().isVirtual()) {
                // Others want the carrier too.
                LockSupport.parkNanos(1);
            }
        }
        tallies.add(tally);
    }

    private void update(Tally tally, Random random) {
        int delta = random.nextInt(1000) - 300;
        int i = random.nextInt(COUNTERS - 8);
        tally.updates++;
        switch (random.nextInt(5)) {
            case 0 -> {
                single.add(delta);
                tally.single += delta;
            }
            case 1 -> {
                harvested.add(delta);
                tally.harvested += delta;
            }
            case 2 -> {
                block.add(i, delta);
                tally.block[i] += delta;
            }
            case 3 -> {
                block.add(i, 1, i + 1, delta, i + 2, 3, i + 3, -delta);
                tally.block[i] += 1;
                tally.block[i + 1] += delta;
                tally.block[i + 2] += 3;
                tally.block[i + 3] -= delta;
            }
            default -> {
                int[] indices = new int[2 + random.nextInt(7)];
                long[] deltas = new long[indices.length];
                for (int k = 0; k < indices.length; k++) {
                    indices[k] = i + k;
                    deltas[k] = (long) delta + k;
                    tally.block[i + k] += deltas[k];
                }
                block.add(indices, deltas);
            }
        }
    }

    private long harvest() {
        long sum = 0;
        while (running) {
            sum += harvested.sumThenReset();
            LockSupport.parkNanos(FLIP_PAUSE_NANOS);
        }
        return sum;
    }

    private void signals(StormSignal storm) {
        while (running) {
            tids.forEach(storm::send);
            LockSupport.parkNanos(SIGNAL_PAUSE_NANOS);
        }
    }

    private void flips() {
        int round = 0;
        while (running) {
            for (int tid : tids) {
                Linux.sched_setaffinity(tid, cpus[round++ % cpus.length]);
                flips++;
            }
            Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
            fences++;
            LockSupport.parkNanos(FLIP_PAUSE_NANOS);
        }
        tids.forEach(tid -> Linux.sched_setaffinity(tid, affinity));
    }
}
