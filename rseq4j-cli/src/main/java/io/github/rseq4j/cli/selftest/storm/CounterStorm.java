package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.percpu.FusedCounters;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import io.github.rseq4j.sections.LoadAddStore;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** Threads update the same counters, one or several in a call. At the end every count must be exact. */
public final class CounterStorm implements Storm {
    static final String NAME = "counters";
    private static final Operation ADD = Operation.of(LoadAddStore.ONE);
    private static final int VIRTUAL_THREADS = 200;
    private static final int COUNTERS = 32;
    private static final int BATCH = 1000;
    /** One in this number of updates of a single counter has a delay inside. */
    private static final int DELAYED = 32;
    private static final long HARVEST_PAUSE_NANOS = 500_000;

    private final PerCpuCounter single = new PerCpuCounter();
    private final PerCpuCounter harvested = new PerCpuCounter();
    private final PerCpuCounters block = new PerCpuCounters(COUNTERS);
    /** By the first counter and the number of counters less 1. */
    private final FusedCounters[][] fused = new FusedCounters[COUNTERS - PerCpuCounters.MAX_FUSED][];
    private final long delayed = Cells.get().allocate(this, 1);
    private final ConcurrentLinkedQueue<Tally> tallies = new ConcurrentLinkedQueue<>();
    private final Operation add;
    private long harvest;
    private long expected;
    private long counted;

    /** Creates the storm. */
    public CounterStorm() {
        this(ADD);
    }

    /**
     * Creates the storm with another operation to add.
     *
     * @param add takes a cell and the number to add
     */
    CounterStorm(Operation add) {
        this.add = add;
        for (int i = 0; i < fused.length; i++) {
            fused[i] = new FusedCounters[PerCpuCounters.MAX_FUSED];
            for (int count = 1; count <= PerCpuCounters.MAX_FUSED; count++) {
                fused[i][count - 1] = block.fused(IntStream.range(i, i + count).toArray());
            }
        }
    }

    /** The sums that one thread added. */
    private static final class Tally {
        private final long[] block = new long[COUNTERS];
        private long single;
        private long harvested;
        private long delayed;
        private long updates;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int virtualThreads() {
        return VIRTUAL_THREADS;
    }

    /** Returns the sum of all additions, after the storm. */
    public long expected() {
        return expected;
    }

    /** Returns the sum of all counters, after the storm. */
    public long counted() {
        return counted;
    }

    @Override
    public void work(Weather weather, SplittableRandom random) {
        Tally tally = new Tally();
        tallies.add(tally);
        while (!weather.isOver()) {
            for (int i = 0; i < BATCH; i++) {
                update(tally, random);
            }
            if (Thread.currentThread().isVirtual()) {
                // Leaves the carrier to other virtual threads.
                LockSupport.parkNanos(1);
            }
        }
    }

    private void update(Tally tally, SplittableRandom random) {
        int delta = random.nextInt(1000) - 300;
        int i = random.nextInt(fused.length);
        tally.updates++;
        switch (random.nextInt(5)) {
            case 0 -> {
                if (random.nextInt(DELAYED) == 0) {
                    add.call(random, delayed, delta);
                    tally.delayed += delta;
                } else {
                    single.add(delta);
                    tally.single += delta;
                }
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
                int count = 1 + random.nextInt(PerCpuCounters.MAX_FUSED);
                long[] deltas = new long[count];
                for (int k = 0; k < count; k++) {
                    deltas[k] = k % 2 == 0 ? k + 1 : (long) -delta * k;
                    tally.block[i + k] += deltas[k];
                }
                fused[i][count - 1].add(deltas);
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

    /** Repeatedly takes the sum of one counter and resets it, while it is updated. */
    @Override
    public void manage(Weather weather, SplittableRandom random) {
        while (!weather.isOver()) {
            harvest += harvested.sumThenReset();
            LockSupport.parkNanos(HARVEST_PAUSE_NANOS);
        }
    }

    @Override
    public void settle(Faults faults) {
        Tally all = new Tally();
        for (Tally tally : tallies) {
            all.single += tally.single;
            all.harvested += tally.harvested;
            all.delayed += tally.delayed;
            for (int i = 0; i < COUNTERS; i++) {
                all.block[i] += tally.block[i];
            }
        }
        count(faults, "counter", all.single, single.sum());
        count(faults, "counter with resets", all.harvested, harvest + harvested.sum());
        count(faults, "counter with delays", all.delayed, Cells.get().sum(delayed));
        for (int i = 0; i < COUNTERS; i++) {
            count(faults, "counter " + i + " of the block", all.block[i], block.sum(i));
        }
    }

    private void count(Faults faults, String name, long added, long found) {
        expected += added;
        counted += found;
        faults.requireEqual(name, added, found);
    }

    @Override
    public long operations() {
        return tallies.stream().mapToLong(tally -> tally.updates).sum();
    }

    @Override
    public List<Operation> sections() {
        return List.of(add);
    }
}
