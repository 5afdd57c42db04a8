package io.github.rseq4j.percpu;

import io.github.rseq4j.histogram.HistogramBuckets;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The values that a {@link PerCpuHistogram} has recorded. Immutable, and independent of the histogram. The histogram's
 * Javadoc describes the error, values above the highest trackable one, and concurrent records; all of this applies to
 * the results of a snapshot.
 *
 * <p>Snapshots have the same shape if their histograms have the same highest trackable value and the same significant
 * bits. Snapshots of the same shape can be added and compared. Count, sum, mean, bounds and percentiles of an empty
 * snapshot are 0.
 *
 * @since 0.1.0
 */
public final class HistogramSnapshot {
    private static final BigDecimal HALF = new BigDecimal("0.5");
    /** Up to this number a double represents each integer, and hundredths. */
    private static final long MAX_PRECISE = 1L << 45;

    private final HistogramBuckets buckets;
    private final long[] counts;
    private final long sum;
    private final long count;

    /** Creates a snapshot, which then owns the array. */
    HistogramSnapshot(HistogramBuckets buckets, long[] counts, long sum) {
        this.buckets = buckets;
        this.counts = counts;
        this.sum = sum;
        this.count = LongStream.of(counts).sum();
    }

    /**
     * Receives a bucket that is not empty.
     *
     * @since 0.1.0
     */
    @FunctionalInterface
    public interface BucketConsumer {
        /**
         * Receives a bucket.
         *
         * @param lowest the lowest value of the bucket
         * @param highest the highest value of the bucket
         * @param count the number of values in it
         */
        void accept(long lowest, long highest, long count);
    }

    /** {@return the highest value that is kept to {@link #significantBits} bits; greater values share one bucket} */
    public long highestTrackableValue() {
        return buckets.highestTrackableValue();
    }

    /** {@return the number of bits of a value that are kept after its highest one} */
    public int significantBits() {
        return buckets.significantBits();
    }

    /** {@return the number of recorded values} */
    public long count() {
        return count;
    }

    /** {@return the exact sum of the values, modulo 2^64} */
    public long sum() {
        return sum;
    }

    /** {@return the sum divided by the count} */
    public double mean() {
        return count == 0 ? 0 : (double) sum / count;
    }

    /** {@return the lower bound of the lowest value's bucket: at most that value} */
    public long min() {
        int i = 0;
        while (i < counts.length && counts[i] == 0) {
            i++;
        }
        return i == counts.length ? 0 : buckets.lowest(i);
    }

    /** {@return the upper bound of the highest value's bucket: at least that value} */
    public long max() {
        int i = counts.length - 1;
        while (i >= 0 && counts[i] == 0) {
            i--;
        }
        return i < 0 ? 0 : buckets.highest(i);
    }

    /**
     * Returns a percentile: the upper bound of the bucket in which the given share of values is reached. It is
     * {@link Long#MAX_VALUE} for the last bucket, {@link #min} for 0, and {@link #max} for 100.
     *
     * @param percentile the share in percent, 0 to 100. As in HdrHistogram it is reduced by a unit in the last place,
     *     so that 99.9 % of 1000 values are 999, and {@code 100.0 * k / n} percent of n values are k
     * @return the value
     * @throws IllegalArgumentException if the percentile is out of range
     */
    public long percentile(double percentile) {
        if (!(percentile >= 0 && percentile <= 100)) {
            throw new IllegalArgumentException("percentile=" + percentile + ", must be 0 to 100");
        }
        if (percentile == 0 || count == 0) {
            return min();
        }
        if (percentile == 100) {
            return max();
        }
        long rank = rank(percentile);
        long reached = 0;
        int i = -1;
        while (reached < rank && i < counts.length - 1) {
            i++;
            reached += counts[i];
        }
        return i < 0 ? 0 : buckets.highest(i);
    }

    private long rank(double percentile) {
        if (count <= MAX_PRECISE) {
            // As in HdrHistogram, roundings included: the caller's division may have been rounded up.
            return Math.max(1, (long) Math.ceil(Math.nextDown(percentile) * count / 100));
        }
        // A unit in the last place is more than a rank: subtract half a rank.
        return BigDecimal.valueOf(percentile).multiply(BigDecimal.valueOf(count).movePointLeft(2)).subtract(HALF)
                .setScale(0, RoundingMode.CEILING).longValue();
    }

    /**
     * Returns the number of values in the bucket of a value. The bucket of {@link Long#MAX_VALUE} also counts values
     * above the highest trackable one.
     *
     * @param value the value, at least 0
     * @return the number of values that share its bucket
     * @throws IllegalArgumentException if the value is negative
     */
    public long countAt(long value) {
        return counts[buckets.number(value)];
    }

    /**
     * Visits the buckets that are not empty, the lowest one first. The last bucket ends at {@link Long#MAX_VALUE}.
     *
     * @param consumer receives each bucket
     */
    public void forEachBucket(BucketConsumer consumer) {
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] != 0) {
                consumer.accept(buckets.lowest(i), buckets.highest(i), counts[i]);
            }
        }
    }

    /**
     * Adds the values of two snapshots.
     *
     * @param other a snapshot of the same shape
     * @return the sum of both
     * @throws IllegalArgumentException if the shape differs
     */
    public HistogramSnapshot plus(HistogramSnapshot other) {
        if (!buckets.equals(other.buckets)) {
            throw new IllegalArgumentException("other has " + other.buckets + ", must be " + buckets);
        }
        long[] both = counts.clone();
        for (int i = 0; i < both.length; i++) {
            both[i] += other.counts[i];
        }
        return new HistogramSnapshot(buckets, both, sum + other.sum);
    }

    /** Tells whether the other object is a snapshot of the same shape with the same counts and the same sum. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HistogramSnapshot that && sum == that.sum && buckets.equals(that.buckets)
                && Arrays.equals(counts, that.counts);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(counts) + Long.hashCode(sum);
    }

    /** Returns count, mean, and the values at some percentiles in one line. */
    @Override
    public String toString() {
        return "count=" + count + ", mean=" + mean() + ", min=" + min() + ", p50=" + percentile(50) + ", p90="
                + percentile(90) + ", p99=" + percentile(99) + ", p99.9=" + percentile(99.9) + ", max=" + max();
    }
}
