package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.percpu.PerCpuLock;
import io.github.rseq4j.sections.LoadCbneAddressStore;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/**
 * Threads take the lock of their index and increment a plain count in three steps: load, pause, store. The count is
 * exact only if one thread at a time holds the lock. The storm tests two locks: the bare section, with its delays, and
 * {@link PerCpuLock}, whose locks a manager also takes for all indices.
 */
final class LockStorm implements Storm {
    private static final Operation LOCK = Operation.of(LoadCbneAddressStore.CHAIN);
    /** The counts of two indices lie two cache lines apart, in words. */
    private static final int PAD = 16;

    private final Engine engine = Engine.get();
    private final long words = Cells.get().allocate(this, 1);
    private final PerCpuLock lock = new PerCpuLock();
    private final long[] underWords = new long[engine.copies() * PAD];
    private final long[] underLock = new long[lock.indices() * PAD];
    private final LongAdder ofWords = new LongAdder();
    private final LongAdder ofLock = new LongAdder();
    private final Operation take;

    /** Creates the storm. */
    LockStorm() {
        this(LOCK);
    }

    /**
     * Creates the storm with another operation to take a lock.
     *
     * @param take takes the word, and returns the address of the copy that was taken
     */
    LockStorm(Operation take) {
        this.take = take;
    }

    @Override
    public String name() {
        return "spin lock";
    }

    @Override
    public void work(Weather weather, SplittableRandom random) {
        while (!weather.isOver()) {
            if (random.nextBoolean()) {
                lock.run(index -> add(underLock, ofLock, index, weather, random));
            } else {
                underWord(weather, random);
            }
            weather.breathe(random);
        }
    }

    private void underWord(Weather weather, SplittableRandom random) {
        long copy = take.call(random, words);
        if (copy < 0) {
            return;
        }
        VarHandle.acquireFence();
        add(underWords, ofWords, (int) (copy - words >>> Engine.STRIDE_SHIFT), weather, random);
        VarHandle.releaseFence();
        engine.memory().putLong(copy, 0);
    }

    private static void add(long[] counts, LongAdder all, int index, Weather weather, SplittableRandom random) {
        long before = counts[index * PAD];
        weather.breathe(random);
        counts[index * PAD] = before + 1;
        all.increment();
    }

    @Override
    public void manage(Weather weather, SplittableRandom random) {
        while (!weather.isOver()) {
            lock.runEach(index -> add(underLock, ofLock, index, weather, random));
            weather.breathe(random);
        }
    }

    @Override
    public void settle(Faults faults) {
        long sumOfWords = 0;
        long sumOfLock = 0;
        for (int index = 0; index < engine.copies(); index++) {
            sumOfWords += underWords[index * PAD];
            sumOfLock += underLock[index * PAD];
            faults.requireEqual("word of index " + index, 0,
                    engine.memory().getLong(words + ((long) index << Engine.STRIDE_SHIFT)));
        }
        faults.requireEqual("under the section's lock", ofWords.sum(), sumOfWords);
        faults.requireEqual("under PerCpuLock", ofLock.sum(), sumOfLock);
    }

    @Override
    public long operations() {
        return ofWords.sum() + ofLock.sum();
    }

    @Override
    public List<Operation> sections() {
        return List.of(take);
    }
}
