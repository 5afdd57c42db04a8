package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.histogram.HistogramBuckets;
import java.lang.ref.Reference;

/**
 * A histogram of {@code long} values of at least 0 (latencies, sizes) that any number of threads, platform or virtual,
 * record into without contention: each CPU counts in buckets of its own, with no atomic instruction and no lock. One
 * object takes the place of HdrHistogram's {@code ConcurrentHistogram} and {@code Recorder}.
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
 * <p><b>Buckets.</b> A value is kept to its highest bit and {@code significantBits} more. All values of a bucket are
 * within 2<sup>-significantBits</sup> of each other: a result that is a bound of a bucket exceeds a recorded value, or
 * falls below it, by less than that part of the value. Values below 2<sup>significantBits + 1</sup> have a bucket each.
 * For 1, 2 or 3 significant decimal digits take 4, 7 or 10 bits. Counts, and the values' sum, are exact.
 *
 * <p><b>Values above the highest trackable one</b> are never lost: they count in the last bucket, which reaches up to
 * {@link Long#MAX_VALUE}, and in the sum. In the full range there are none.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. Recording is wait-free but for restarts, as an update
 * of {@link PerCpuCounter} is; migration, also of a virtual thread to another carrier, loses nothing and counts nothing
 * twice. It is one downcall, but not one moment: the bucket is updated first, the sum after it.
 *
 * <p><b>Visibility.</b> {@link #snapshot} has every record that happened-before it, and some of those that run at the
 * same time. Of these it may have the bucket without the sum, or the sum without the bucket, so that its mean is
 * precise only when nobody records meanwhile. Counts and sums wrap around as {@code long} does; percentiles say nothing
 * once a count did.
 *
 * <p><b>Memory.</b> 8 bytes a bucket, and 8 for the sum, for each CPU that runs the application's threads, populated by
 * the page where buckets are used: 29 KiB at most for the default, 433 KiB at most for 10 bits of the full range. It
 * goes back when the histogram is closed or collected. Recording allocates nothing; each snapshot is an array of all
 * buckets.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Buckets that are linear between powers of two are Gil Tene's HdrHistogram's; recording by CPU is tcmalloc's and
 * the kernel's (percpu_counter).
 */
public final class PerCpuHistogram implements AutoCloseable {
    /** The fewest significant bits. */
    public static final int MIN_SIGNIFICANT_BITS = HistogramBuckets.MIN_BITS;
    /** The most significant bits. */
    public static final int MAX_SIGNIFICANT_BITS = HistogramBuckets.MAX_BITS;
    /** The significant bits where nothing else is asked: a relative error below 1/64. */
    public static final int DEFAULT_SIGNIFICANT_BITS = 6;

    /* How it works
     *
     *   cells:   | sum | bucket 0 | bucket 1 | ... | last bucket |
     *
     * record is one downcall of two sections of load_add_store_relaxed (engine.LoadAddStore): the bucket, then the sum.
     * The number of records is the buckets' sum, and needs no section. The histogram stays reachable until the call has
     * returned, so that its cells cannot go to another owner before (I8).
     *
     * Cells only ever grow by what was recorded: snapshotThenReset moves the totals that snapshots start from, and
     * writes no cell. Each addition is therefore in exactly one of its results. An array of totals is never written
     * again once it is published, so a snapshot that runs at the same time starts from one reset, not from parts of
     * two.
     *
     * Refused: two copies of the buckets that take turns (HdrHistogram's Recorder), which must wait for whoever still
     * records into the one that is read.
     */
    private final HistogramBuckets buckets;
    private final long cells;
    /** What snapshots start from; replaced under this object's monitor. */
    private volatile long[] base;
    private volatile boolean closed;

    /** Makes an empty histogram of the full range, 0 to {@link Long#MAX_VALUE}, with a relative error below 1/64. */
    public PerCpuHistogram() {
        this(Long.MAX_VALUE, DEFAULT_SIGNIFICANT_BITS);
    }

    /**
     * Makes an empty histogram.
     *
     * @param highestTrackableValue the highest value, at least 1, that is kept to so many bits; it is rounded up to the
     *     highest one of its bucket
     * @param significantBits how many bits after the highest one are kept, {@link #MIN_SIGNIFICANT_BITS} to
     *     {@link #MAX_SIGNIFICANT_BITS}; the relative error is below 2<sup>-significantBits</sup>
     * @throws IllegalArgumentException when a number is out of its range
     */
    public PerCpuHistogram(long highestTrackableValue, int significantBits) {
        Engine.get(CounterFunctions.class, CounterFunctions.Two.class);
        this.buckets = HistogramBuckets.upTo(highestTrackableValue, significantBits);
        this.base = new long[1 + buckets.size()];
        this.cells = CounterFunctions.CELLS.allocate(this, base.length);
    }

    /** {@return the highest value that is kept to {@link #significantBits} bits; what is greater shares one bucket} */
    public long highestTrackableValue() {
        return buckets.highestTrackableValue();
    }

    /** {@return how many bits of a value are kept after its highest one} */
    public int significantBits() {
        return buckets.significantBits();
    }

    /**
     * Records a value.
     *
     * @param value the value, at least 0
     * @throws IllegalArgumentException when it is negative; nothing is recorded then
     * @throws IllegalStateException when the histogram is closed
     */
    public void record(long value) {
        requireOpen();
        try {
            CounterFunctions.add(bucket(value), 1, cells, value);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Records a value so many times, at the price of one.
     *
     * @param value the value, at least 0
     * @param count how many times, at least 0
     * @throws IllegalArgumentException when one of them is negative; nothing is recorded then
     * @throws IllegalStateException when the histogram is closed
     */
    public void record(long value, long count) {
        requireOpen();
        try {
            if (count < 0) {
                throw new IllegalArgumentException("count=" + count + ", must be at least 0");
            }
            CounterFunctions.add(bucket(value), count, cells, value * count);
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
        return cells + Long.BYTES + (long) buckets.number(value) * Long.BYTES;
    }

    /**
     * Returns what was recorded since the histogram was made or last reset.
     *
     * @return a snapshot that the histogram's end does not touch
     * @throws IllegalStateException when the histogram is closed
     */
    public HistogramSnapshot snapshot() {
        // The base is read first: what a reset takes meanwhile is then in this result as well as in that reset's.
        long[] from = base;
        return since(from, totals());
    }

    /**
     * Returns what was recorded and starts again from nothing. No record is lost: the count of each, and its part of
     * the sum, are in exactly one reset's result, or in the snapshot that is left. A record that runs at the same time
     * may have its count in one and its part of the sum in the next.
     *
     * @return what was recorded since the last reset
     * @throws IllegalStateException when the histogram is closed
     */
    public synchronized HistogramSnapshot snapshotThenReset() {
        long[] totals = totals();
        HistogramSnapshot snapshot = since(base, totals);
        base = totals;
        return snapshot;
    }

    /**
     * Starts again from nothing: {@link #snapshotThenReset} without its result.
     *
     * @throws IllegalStateException when the histogram is closed
     */
    public synchronized void reset() {
        base = totals();
    }

    private long[] totals() {
        requireOpen();
        try {
            long[] totals = CounterFunctions.CELLS.sums(cells, 1 + buckets.size());
            // Closed meanwhile they would be those of some pages.
            requireOpen();
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
     * Gives the memory back; take a snapshot before, where one is wanted. A record that runs at the same time does no
     * harm, and is lost. From then on recording and taking snapshots throws. Closing again does nothing.
     */
    @Override
    public void close() {
        try {
            closed = true;
            CounterFunctions.CELLS.discardPages(cells, (1L + buckets.size()) * Long.BYTES);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns {@link #snapshot} as a text of one line, or says that the histogram is closed. */
    @Override
    public String toString() {
        return closed ? "closed" : snapshot().toString();
    }
}
