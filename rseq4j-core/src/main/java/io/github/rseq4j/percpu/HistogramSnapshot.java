package io.github.rseq4j.percpu;

import io.github.rseq4j.histogram.HistogramBuckets;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link PerCpuHistogram} had recorded: immutable, and of use without the histogram. What the histogram's
 * Javadoc says of the error, of values above the highest trackable one and of records that ran meanwhile holds for
 * every result here.
 *
 * <p>Snapshots of the same shape, that is of histograms with the same highest trackable value and significant bits, can
 * be added and compared. An empty snapshot answers 0 to every question.
 */
public final class HistogramSnapshot {
    private static final BigDecimal HALF = new BigDecimal("0.5");
    /** Up to here a double counts one by one, with bits left for a hundredth. */
    private static final long MAX_PRECISE = 1L << 45;

    private final HistogramBuckets buckets;
    private final long[] counts;
    private final long sum;
    private final long count;

    /** Makes a snapshot, whose array is its own from then on. */
    HistogramSnapshot(HistogramBuckets buckets, long[] counts, long sum) {
        this.buckets = buckets;
        this.counts = counts;
        this.sum = sum;
        this.count = LongStream.of(counts).sum();
    }

    /** Takes a bucket that is not empty. */
    @FunctionalInterface
    public interface BucketConsumer {
        /**
         * Takes a bucket.
         *
         * @param lowest the lowest value that counts in it
         * @param highest the highest value that counts in it
         * @param count how many values did
         */
        void accept(long lowest, long highest, long count);
    }

    /** {@return the highest value that is kept to {@link #significantBits} bits; what is greater shares one bucket} */
    public long highestTrackableValue() {
        return buckets.highestTrackableValue();
    }

    /** {@return how many bits of a value are kept after its highest one} */
    public int significantBits() {
        return buckets.significantBits();
    }

    /** {@return how many values were recorded} */
    public long count() {
        return count;
    }

    /** {@return the sum of the values, exact but for wrapping around} */
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
     * Returns a value that so many of each hundred values do not exceed: the upper bound of the bucket where they are
     * reached, and {@link Long#MAX_VALUE} when that is the last one. For 0 it is {@link #min}, for 100 {@link #max}.
     *
     * @param percentile how many of each hundred, 0 to 100; a unit in the last place is taken off it, as
     *     HdrHistogram does, so that 99.9 of 1000 values are 999, and {@code 100.0 * k / n} of n values are k
     * @return the value
     * @throws IllegalArgumentException when the percentile is out of range
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
            // As HdrHistogram has it, roundings included: what was divided may have been rounded up.
            return Math.max(1, (long) Math.ceil(Math.nextDown(percentile) * count / 100));
        }
        // A unit in the last place is more than a rank: half a rank is taken off.
        return BigDecimal.valueOf(percentile).multiply(BigDecimal.valueOf(count).movePointLeft(2)).subtract(HALF)
                .setScale(0, RoundingMode.CEILING).longValue();
    }

    /**
     * Returns how many values are in the bucket of a value. That of {@link Long#MAX_VALUE} counts also what is above
     * the highest trackable value.
     *
     * @param value the value, at least 0
     * @return how many values share its bucket
     * @throws IllegalArgumentException when it is negative
     */
    public long countAt(long value) {
        return counts[buckets.number(value)];
    }

    /**
     * Visits the buckets that are not empty, the lowest one first. The last bucket reaches up to
     * {@link Long#MAX_VALUE}.
     *
     * @param consumer takes each
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
     * @param other one of the same shape
     * @return what both of them have
     * @throws IllegalArgumentException when it is of another shape
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
