package io.github.rseq4j.agent.table;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.interpreter.AddressSpace;

/**
 * The durations of a method: a per-CPU histogram, their sum, and the longest one. It is a record, because the JIT
 * compiler treats the components of a constant record as constants. Any thread records, without contention.
 *
 * @param sumCell the cell of the sum of all durations, in ticks
 * @param firstBucketCell the cell of bucket 0; the others follow
 * @param buckets the buckets, of durations in ticks
 * @param maxAddress the address of the longest duration, one word for all CPUs
 */
public record Histogram(long sumCell, long firstBucketCell, HistogramBuckets buckets, long maxAddress) {
    /* How it works
     *
     * One downcall of two sections adds 1 to the bucket and the ticks to the sum. The maximum is one word that all CPUs
     * read. It is written only by a call that is longer than all before, so its cache line is shared: such calls become
     * rare quickly. Refused: a maximum for each CPU, which needs a section with a comparison in each call.
     */
    private static final AddressSpace MEMORY = Engine.get().memory();

    /**
     * Records the duration of a call. Nothing is allocated.
     *
     * @param ticks the duration, in ticks of {@code TraceTime}; a negative one counts as 0
     */
    public void record(long ticks) {
        long duration = Math.max(ticks, 0);
        CounterFunctions.add(firstBucketCell + (long) buckets.number(duration) * Long.BYTES, 1, sumCell, duration);
        if (duration > MEMORY.getLong(maxAddress)) {
            raise(duration);
        }
    }

    private void raise(long duration) {
        for (long max = MEMORY.getLong(maxAddress); duration > max; max = MEMORY.getLong(maxAddress)) {
            if (MEMORY.compareAndSetLong(maxAddress, max, duration)) {
                return;
            }
        }
    }
}
