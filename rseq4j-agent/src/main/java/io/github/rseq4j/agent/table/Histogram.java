package io.github.rseq4j.agent.table;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.function.DurationFunctions;
import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.trace.common.TraceTime;

/**
 * The durations of a method: a per-CPU histogram, their sum, and the longest one. It is a record, because the JIT
 * compiler treats the components of a constant record as constants. Any thread records, without contention.
 *
 * @param cells the cells: a count and a sum for each bucket
 * @param buckets the buckets, of durations in ticks
 * @param maxAddress the address of the longest duration, one word for all CPUs
 * @param weight the number of calls for which a recorded one stands in the sum
 */
public record Histogram(long cells, HistogramBuckets buckets, long maxAddress, int weight) {
    /* How it works
     *
     * Where the clock is the processor's counter, the end of a call is one section: it reads the counter, subtracts the
     * start, finds the bucket, and adds 1 and the ticks by one store. It commits nothing if the duration is beyond the
     * buckets. A negative one is, as an unsigned number; the counters of two CPUs may differ a little, and a virtual
     * thread may migrate between the readings. Then, and with another clock, Java computes the duration, and a section
     * adds it.
     *
     * The maximum is one word that all CPUs read. It is written only by a call that is longer than all before, so its
     * cache line is shared: such calls become rare quickly. Refused: a maximum for each CPU, which needs a comparison
     * and a second commit in each call.
     */
    private static final AddressSpace MEMORY = Engine.get().memory();
    private static final boolean IS_ONE_SECTION = TraceTime.isCounter() && Engine.get().storesPairs();

    /**
     * Returns the same histogram for calls that are a sample: the sum becomes an estimate of the sum of all calls.
     *
     * @param calls the number of calls for which one stands
     */
    public Histogram withWeight(int calls) {
        return new Histogram(cells, buckets, maxAddress, calls);
    }

    /**
     * Records the duration of a call. Nothing is allocated.
     *
     * @param ticks the duration, in ticks of {@code TraceTime}; a negative one counts as 0
     */
    public void record(long ticks) {
        long duration = Math.max(ticks, 0);
        CounterFunctions.addPair(cells + (long) buckets.number(duration) * CommitAddPair.BYTES, 1,
                duration * weight);
        raise(duration);
    }

    /**
     * Records the duration of a call that ends now. Nothing is allocated.
     *
     * @param start the time of its begin, {@code TraceTime.unordered}
     * @return the duration, in ticks, at least 0
     */
    public long recordSince(long start) {
        if (IS_ONE_SECTION && weight == 1) {
            long ticks = DurationFunctions.addSince(cells, start, TableLayout.HIGHEST_TICKS);
            if (ticks >= 0) {
                raise(ticks);
                return ticks;
            }
        }
        long ticks = Math.max(TraceTime.unordered() - start, 0);
        record(ticks);
        return ticks;
    }

    private void raise(long duration) {
        for (long max = MEMORY.getLong(maxAddress); duration > max; max = MEMORY.getLong(maxAddress)) {
            if (MEMORY.compareAndSetLong(maxAddress, max, duration)) {
                return;
            }
        }
    }
}
