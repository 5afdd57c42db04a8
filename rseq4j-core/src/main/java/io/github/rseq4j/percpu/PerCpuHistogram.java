package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.ir.CommitAddPair;
import java.lang.ref.Reference;

/**
 * A histogram of {@code long} values of at least 0, such as latencies and sizes. Any number of threads, platform or
 * virtual, record into it without contention: each CPU counts in buckets of its own, with no atomic instruction and no
 * lock. It replaces HdrHistogram's {@code ConcurrentHistogram} and {@code Recorder}.
 *
 * {@snippet lang = java:
 * PerCpuHistogram latency = new PerCpuHistogram();
 * for (long nanos = 1; nanos <= 1000; nanos++) {
 *     latency.record(nanos);
 * }
 * HistogramSnapshot interval = latency.snapshotThenReset();
 * long count = interval.count();         // 1000
 * double mean = interval.mean();         // 500.5
 * long median = interval.percentile(50); // 503: the bucket of 500 holds 496 to 503
 * }
 *
 * <p><b>Error.</b> A value is kept to its highest bit and {@code significantBits} more. The bounds of its bucket differ
 * from the value by less than 2<sup>-significantBits</sup> of it. Each value below 2<sup>significantBits + 1</sup> has
 * a bucket of its own. 1, 2 or 3 significant decimal digits take 4, 7 or 10 bits. Counts, and the sum of the values,
 * are exact.
 *
 * <p><b>Values above the highest trackable one</b> are not lost. They count in the last bucket, which ends at
 * {@link Long#MAX_VALUE}, and in the sum. A histogram of the full range has no such values.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A record is one downcall, wait-free except for
 * restarts. If the thread migrates, also a virtual thread to another carrier, nothing is lost or counted twice. A
 * record updates a bucket's count and its sum by one store, except on AArch64 processors without FEAT_LSE2.
 *
 * <p><b>Visibility.</b> {@link #snapshot} includes every record that happened-before it, and some concurrent ones. Of a
 * concurrent record it may include the bucket without the sum, or the sum without the bucket; so the mean is exact only
 * without concurrent records. Counts and sums wrap around as {@code long} does; percentiles have no meaning after a
 * count has wrapped around.
 *
 * <p><b>Memory.</b> 16 bytes for each bucket, its count and its sum, for each CPU that runs the application's threads:
 * at most 58 KiB by default, and at most 864 KiB with 10 bits of the full range. It is populated page by page when
 * buckets are used, and freed when the histogram is closed or collected. A record allocates nothing. A snapshot
 * allocates arrays of three words for each bucket.
 *
 * <p><b>Without rseq</b> each of a few stripes of threads has buckets, and a record is two atomic additions; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Buckets that are linear between powers of two are Gil Tene's (HdrHistogram). tcmalloc and the kernel
 * (percpu_counter) record by CPU.
 *
 * @since 0.1.0
 */
public final class PerCpuHistogram implements AutoCloseable {
    /** The fewest significant bits. */
    public static final int MIN_SIGNIFICANT_BITS = HistogramBuckets.MIN_BITS;
    /** The most significant bits. */
    public static final int MAX_SIGNIFICANT_BITS = HistogramBuckets.MAX_BITS;
    /** The default number of significant bits: a relative error of less than 1/64. */
    public static final int DEFAULT_SIGNIFICANT_BITS = 6;

    /* How it works
     *
     *   cells:   | count, sum of bucket 0 | count, sum of bucket 1 | ... | count, sum of the last bucket |
     *
     * record is one downcall of section load_add_store_pair_relaxed (sections.LoadAddStore): the bucket's count and its
     * sum, by one store. The number of records and their sum are added up by a snapshot. The histogram stays reachable
     * until the call has returned, so that its cells are not reused before (I8).
     *
     * Only additions change a cell. snapshotThenReset moves the totals that snapshots start from, and writes no cell.
     * So each addition is in exactly one of its results. An array of totals is not written after it was published, so a
     * concurrent snapshot starts from one reset, not from parts of two.
     *
     * Refused: one sum for all buckets, which halves the memory. It takes a second commit, which is a second section of
     * ten instructions, and a second cache line that each record writes.
     *
     * Refused: two copies of the buckets that take turns (HdrHistogram's Recorder). The reader must wait for each
     * thread that still records into the copy that it reads.
     */
    private final HistogramBuckets buckets;
    private final long cells;
    /** The totals at the last reset; replaced under this object's monitor. */
    private volatile long[] base;
    private volatile boolean closed;

    /**
     * Creates an empty histogram of the full range, 0 to {@link Long#MAX_VALUE}, with a relative error of less than
     * 1/64.
     *
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuHistogram() {
        this(Long.MAX_VALUE, DEFAULT_SIGNIFICANT_BITS);
    }

    /**
     * Creates an empty histogram.
     *
     * @param highestTrackableValue the highest value, at least 1, that is kept to this number of bits; it is rounded up
     *     to the upper bound of its bucket
     * @param significantBits the number of bits after the highest one that are kept, {@link #MIN_SIGNIFICANT_BITS} to
     *     {@link #MAX_SIGNIFICANT_BITS}; the relative error is less than 2<sup>-significantBits</sup>
     * @throws IllegalArgumentException if an argument is out of range
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuHistogram(long highestTrackableValue, int significantBits) {
        Engine.get(CounterFunctions.class, CounterFunctions.Pair.class);
        this.buckets = HistogramBuckets.upTo(highestTrackableValue, significantBits);
        this.base = new long[1 + buckets.size()];
        this.cells = CounterFunctions.CELLS.allocatePairs(this, buckets.size());
    }

    /** {@return the highest value that is kept to {@link #significantBits} bits; greater values share one bucket} */
    public long highestTrackableValue() {
        return buckets.highestTrackableValue();
    }

    /** {@return the number of bits of a value that are kept after its highest one} */
    public int significantBits() {
        return buckets.significantBits();
    }

    /**
     * Records a value.
     *
     * @param value the value, at least 0
     * @throws IllegalArgumentException if the value is negative; then nothing is recorded
     * @throws IllegalStateException if the histogram is closed
     */
    public void record(long value) {
        requireOpen();
        try {
            CounterFunctions.addPair(bucket(value), 1, value);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Records a value several times, at the cost of one record.
     *
     * @param value the value, at least 0
     * @param count the number of times, at least 0
     * @throws IllegalArgumentException if an argument is negative; then nothing is recorded
     * @throws IllegalStateException if the histogram is closed
     */
    public void record(long value, long count) {
        requireOpen();
        try {
            if (count < 0) {
                throw new IllegalArgumentException("count=" + count + ", must be at least 0");
            }
            CounterFunctions.addPair(bucket(value), count, value * count);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the histogram is closed: " + buckets);
        }
    }

    private long bucket(long value) {
        return cells + (long) buckets.number(value) * CommitAddPair.BYTES;
    }

    /**
     * Returns the records since the histogram was created or last reset.
     *
     * @return a snapshot, which is independent of the histogram
     * @throws IllegalStateException if the histogram is closed
     */
    public HistogramSnapshot snapshot() {
        // The base is read first: then a concurrent reset's result is included in this one too, not missing in it.
        long[] from = base;
        return since(from, totals());
    }

    /**
     * Returns the records since the last reset, and resets the histogram. No record is lost: its count, and its part of
     * the sum, are in the result of exactly one reset, or in the snapshot after the last reset. The count of a
     * concurrent record may be in one result, and its part of the sum in the next.
     *
     * @return the records since the last reset
     * @throws IllegalStateException if the histogram is closed
     */
    public synchronized HistogramSnapshot snapshotThenReset() {
        long[] totals = totals();
        HistogramSnapshot snapshot = since(base, totals);
        base = totals;
        return snapshot;
    }

    /**
     * Resets the histogram: {@link #snapshotThenReset} without its result.
     *
     * @throws IllegalStateException if the histogram is closed
     */
    public synchronized void reset() {
        base = totals();
    }

    /** Returns the sum of all values, and then the count of each bucket. */
    private long[] totals() {
        requireOpen();
        try {
            long[] words = CounterFunctions.CELLS.sums(cells, 2 * buckets.size());
            // A concurrent close may have freed some of the pages.
            requireOpen();
            long[] totals = new long[1 + buckets.size()];
            for (int i = 0; i < buckets.size(); i++) {
                totals[1 + i] = words[2 * i];
                totals[0] += words[2 * i + 1];
            }
            return totals;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private HistogramSnapshot since(long[] from, long[] totals) {
        long[] counts = new long[buckets.size()];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = totals[1 + i] - from[1 + i];
        }
        return new HistogramSnapshot(buckets, counts, totals[0] - from[0]);
    }

    /**
     * Frees the memory. A concurrent record is harmless, and is lost. Afterwards recording and taking snapshots throws
     * IllegalStateException. Closing again has no effect.
     */
    @Override
    public void close() {
        try {
            closed = true;
            CounterFunctions.CELLS.discardPages(cells, (long) buckets.size() * CommitAddPair.BYTES);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns {@link #snapshot} as a text of one line, or {@code closed}. */
    @Override
    public String toString() {
        return closed ? "closed" : snapshot().toString();
    }
}
