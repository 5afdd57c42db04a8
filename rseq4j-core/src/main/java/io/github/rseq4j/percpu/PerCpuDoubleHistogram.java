package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.function.DoubleFunctions;
import java.lang.ref.Reference;

/**
 * A histogram of doubles with given buckets, as metrics libraries have it: a count for each bucket, and the sum of the
 * values. Any number of threads, platform or virtual, record into it without contention: each CPU counts in buckets of
 * its own, with no atomic instruction and no lock. For latencies as {@code long}, with percentiles, use
 * {@link PerCpuHistogram}.
 *
 * {@snippet lang = java:
 * PerCpuDoubleHistogram seconds = new PerCpuDoubleHistogram(DoubleBuckets.explicit(0.1, 1));
 * seconds.record(0.25);
 * seconds.record(4);
 * PerCpuDoubleHistogram.Snapshot now = seconds.snapshot();
 * long between = now.count(1); // 1: above 0.1, at most 1
 * double sum = now.sum();      // 4.25
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A record is one downcall, wait-free except for
 * restarts. If the thread migrates, nothing is lost or counted twice. A record is not atomic: the bucket is updated
 * first, and then the sum.
 *
 * <p><b>Visibility.</b> {@link #snapshot} includes every record that happened-before it, and some concurrent ones, of
 * which it may include the bucket without the sum, or the sum without the bucket. The count is the sum of the buckets'
 * counts, always. The sum rounds as {@link PerCpuDoubleCounter} says; counts are exact.
 *
 * <p><b>Memory.</b> 8 bytes for each bucket and 8 for the sum, for each CPU that runs the application's threads,
 * populated page by page when buckets are used. It is freed after the histogram was collected; there is nothing to
 * close. A record allocates nothing. A snapshot allocates an array of all buckets.
 *
 * @since 0.1.0
 */
public final class PerCpuDoubleHistogram {
    /* How it works
     *
     *   cells:   | sum | bucket 0 | bucket 1 | ... | last bucket |
     *
     * record finds the bucket in Java, and is one downcall of load_add_store_load_fadd_store_relaxed
     * (sections.LoadFaddStore). Only additions change a cell, and nothing resets them: scrapers expect totals.
     */
    private final DoubleBuckets buckets;
    private final long cells;

    /**
     * Creates an empty histogram.
     *
     * @param buckets its buckets
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuDoubleHistogram(DoubleBuckets buckets) {
        this.buckets = buckets;
        Engine.get(CounterFunctions.class, DoubleFunctions.Counted.class);
        cells = CounterFunctions.CELLS.allocate(this, 1 + buckets.size());
    }

    /** {@return the buckets} */
    public DoubleBuckets buckets() {
        return buckets;
    }

    /**
     * Records a value.
     *
     * @param value the value
     * @throws IllegalArgumentException if the value is not a number; then nothing is recorded
     */
    public void record(double value) {
        long bucket = cells + Long.BYTES + (long) buckets.number(value) * Long.BYTES;
        try {
            DoubleFunctions.add(bucket, 1, cells, value);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** {@return the records since the histogram was created} */
    public Snapshot snapshot() {
        try {
            // The sum is read before the buckets; a record writes its bucket before the sum.
            double sum = CounterFunctions.CELLS.sumOfDoubles(cells);
            return new Snapshot(buckets, CounterFunctions.CELLS.sums(cells + Long.BYTES, buckets.size()), sum);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns {@link #snapshot} as a text of one line. */
    @Override
    public String toString() {
        return snapshot().toString();
    }

    /**
     * The values that a histogram has recorded. Immutable, and independent of the histogram.
     *
     * @since 0.1.0
     */
    public static final class Snapshot {
        private final DoubleBuckets buckets;
        private final long[] counts;
        private final double sum;
        private final long count;

        private Snapshot(DoubleBuckets buckets, long[] counts, double sum) {
            this.buckets = buckets;
            this.counts = counts;
            this.sum = sum;
            long all = 0;
            for (long each : counts) {
                all += each;
            }
            this.count = all;
        }

        /** {@return the buckets} */
        public DoubleBuckets buckets() {
            return buckets;
        }

        /** {@return the number of values: the sum of the buckets' counts} */
        public long count() {
            return count;
        }

        /**
         * Returns the number of values in one bucket alone.
         *
         * @param bucket the bucket
         * @return its count
         * @throws IndexOutOfBoundsException if there is no such bucket
         */
        public long count(int bucket) {
            return counts[bucket];
        }

        /** {@return the sum of the values} */
        public double sum() {
            return sum;
        }

        /** Returns count and sum. */
        @Override
        public String toString() {
            return "count=" + count + ", sum=" + sum + ", " + buckets;
        }
    }
}
