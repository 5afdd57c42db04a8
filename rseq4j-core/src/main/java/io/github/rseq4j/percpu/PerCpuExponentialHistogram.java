package io.github.rseq4j.percpu;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A histogram of doubles of either sign and of any size, in exponential buckets: those of Prometheus' native histograms
 * and of OpenTelemetry's exponential ones. Any number of threads, platform or virtual, record into it without
 * contention. It is a {@link PerCpuDoubleHistogram} for ordinary values, and makes others for the rest when they come.
 *
 * {@snippet lang = java:
 * PerCpuExponentialHistogram change = new PerCpuExponentialHistogram(DoubleBuckets.exponential(0, 1, 1000));
 * change.record(3);
 * change.record(-3);
 * PerCpuExponentialHistogram.Snapshot now = change.snapshot();
 * int index = now.negative().index(0); // 2: the magnitude is above 2^1 and at most 2^2
 * }
 *
 * <p><b>Buckets.</b> Bucket {@code i} of a sign holds the magnitudes above {@code base^(i - 1)} up to {@code base^i},
 * where the base is 2^(2^-scale). The zero bucket holds the values between the bound of the given first bucket and its
 * negative. A value above the given range makes a further range of buckets of the same scale, which holds 16 powers of
 * two, and the first negative value makes buckets of negative ones. The scale never changes, and nothing is reset.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A record is one downcall, wait-free except for
 * restarts; one that makes a range takes a lock for some microseconds.
 *
 * <p><b>Visibility.</b> {@link #snapshot} includes every record that happened-before it, and some concurrent ones, as
 * that of {@link PerCpuDoubleHistogram} does. Its count is the sum of its buckets.
 *
 * <p><b>Memory.</b> That of a {@link PerCpuDoubleHistogram} for the given range, and for the negative values if there
 * are any. A further range takes 128 bytes times 2^scale for each CPU, populated where its buckets are used. Only the
 * record that makes a range allocates.
 *
 * @since 0.1.0
 */
public final class PerCpuExponentialHistogram {
    /* How it works
     *
     *   negative values              zero bucket      positive values
     *   negative: | ... | ranges |    | -z to z |     | given range | further ranges of 16 powers of two |
     *
     * An ordinary record takes two comparisons more than one of a PerCpuDoubleHistogram, and nothing is counted in a
     * bucket of another size. No range is ever given up or copied, so a record that has found its range is counted.
     *
     * Refused: a lower scale when the range grows, as in the libraries' own. It moves counts, so records must wait.
     */
    private static final int RANGE_EXPONENTS = 16;

    private final DoubleBuckets buckets;
    private final PerCpuDoubleHistogram given;
    private final double highest;
    /** The further ranges in ascending order, replaced under this object's monitor. */
    private volatile PerCpuDoubleHistogram[] further = {};
    /** The magnitudes of negative values, made under this object's monitor. */
    private volatile @Nullable PerCpuExponentialHistogram negative;

    /**
     * Creates an empty histogram.
     *
     * @param buckets the scale, and the range of ordinary values
     * @throws IllegalArgumentException if the buckets are not exponential
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuExponentialHistogram(DoubleBuckets buckets) {
        if (!buckets.isExponential()) {
            throw new IllegalArgumentException(buckets + ", must be exponential; for explicit buckets use "
                    + PerCpuDoubleHistogram.class.getSimpleName());
        }
        this.buckets = buckets;
        given = new PerCpuDoubleHistogram(buckets);
        highest = highest(buckets);
    }

    /** Returns the upper bound of the last bucket that has one. */
    private static double highest(DoubleBuckets buckets) {
        return buckets.upperBound(buckets.size() - 2);
    }

    /** {@return the scale, and the range of ordinary values} */
    public DoubleBuckets buckets() {
        return buckets;
    }

    /**
     * Records a value.
     *
     * @param value the value, of either sign, or infinite; an infinite one counts in the bucket of the greatest double
     * @throws IllegalArgumentException if the value is not a number; then nothing is recorded
     * @throws io.github.rseq4j.KernelException if the value makes a range, and the kernel refuses mmap(2); then nothing
     *     is recorded
     */
    public void record(double value) {
        if (value < 0) {
            negative().record(-value);
        } else if (value > highest) {
            range(value).record(value);
        } else {
            given.record(value);
        }
    }

    private PerCpuExponentialHistogram negative() {
        PerCpuExponentialHistogram existing = negative;
        if (existing != null) {
            return existing;
        }
        synchronized (this) {
            existing = negative;
            if (existing == null) {
                existing = new PerCpuExponentialHistogram(buckets);
                negative = existing;
            }
            return existing;
        }
    }

    private PerCpuDoubleHistogram range(double value) {
        PerCpuDoubleHistogram existing = find(further, value);
        return existing != null ? existing : add(value);
    }

    /** Returns the range of a value, or null. Only the range of the greatest doubles has an infinite bound. */
    private static @Nullable PerCpuDoubleHistogram find(PerCpuDoubleHistogram[] ranges, double value) {
        for (PerCpuDoubleHistogram range : ranges) {
            if (value <= highest(range.buckets())) {
                return value > range.buckets().upperBound(0) ? range : null;
            }
        }
        return null;
    }

    private synchronized PerCpuDoubleHistogram add(double value) {
        PerCpuDoubleHistogram[] ranges = further;
        PerCpuDoubleHistogram existing = find(ranges, value);
        if (existing != null) {
            return existing;
        }
        // A range includes its upper bound.
        int first = Math.floorDiv(Math.getExponent(Math.nextDown(value)), RANGE_EXPONENTS) * RANGE_EXPONENTS;
        double above = Math.max(highest, Math.scalb(1.0, first));
        PerCpuDoubleHistogram range = new PerCpuDoubleHistogram(buckets.withRange(Math.nextUp(above),
                Math.min(Math.scalb(1.0, first + RANGE_EXPONENTS), Double.MAX_VALUE)));
        PerCpuDoubleHistogram[] more = Arrays.copyOf(ranges, ranges.length + 1);
        int at = ranges.length;
        for (; at > 0 && highest(more[at - 1].buckets()) > value; at--) {
            more[at] = more[at - 1];
        }
        more[at] = range;
        further = more;
        return range;
    }

    /** {@return the records since the histogram was created} */
    public Snapshot snapshot() {
        Side positive = new Side(this);
        PerCpuExponentialHistogram magnitudes = negative;
        return new Snapshot(buckets, positive, magnitudes == null ? new Side() : new Side(magnitudes));
    }

    /** Returns {@link #snapshot} as a text of one line. */
    @Override
    public String toString() {
        return snapshot().toString();
    }

    /**
     * The buckets of the values of one sign that hold something, in ascending order of magnitude. Immutable.
     *
     * @since 0.1.0
     */
    public static final class Side {
        private int[] indices = {};
        private long[] counts = {};
        private int used;
        private long zeroCount;
        private long count;
        private double sum;

        private Side() {}

        /** Reads each range once, so that the count is the sum of the buckets. */
        private Side(PerCpuExponentialHistogram histogram) {
            zeroCount = read(histogram.given);
            for (PerCpuDoubleHistogram range : histogram.further) {
                read(range);
            }
        }

        /** Adds the buckets of a range, and returns the count of its first one. */
        private long read(PerCpuDoubleHistogram range) {
            PerCpuDoubleHistogram.Snapshot now = range.snapshot();
            int size = now.buckets().size();
            indices = Arrays.copyOf(indices, used + size);
            counts = Arrays.copyOf(counts, used + size);
            for (int i = 1; i < size; i++) {
                if (now.count(i) != 0) {
                    indices[used] = now.buckets().lowestIndex() + i;
                    counts[used++] = now.count(i);
                }
            }
            sum += now.sum();
            count += now.count();
            return now.count(0);
        }

        /** {@return the number of buckets that hold something} */
        public int size() {
            return used;
        }

        /**
         * Returns the index of a bucket: the exponent of the base that gives its upper bound.
         *
         * @param bucket its position, from 0 to {@link #size} - 1
         * @return the index; a bucket has a higher one than those before it
         * @throws IndexOutOfBoundsException if there is no such position
         */
        public int index(int bucket) {
            return indices[Objects.checkIndex(bucket, used)];
        }

        /**
         * Returns the count of a bucket.
         *
         * @param bucket its position, from 0 to {@link #size} - 1
         * @return the number of values, at least 1
         * @throws IndexOutOfBoundsException if there is no such position
         */
        public long count(int bucket) {
            return counts[Objects.checkIndex(bucket, used)];
        }

        /** {@return the index of each bucket in a new array} */
        public int[] indices() {
            return Arrays.copyOf(indices, used);
        }

        /** {@return the count of each bucket in a new array} */
        public long[] counts() {
            return Arrays.copyOf(counts, used);
        }
    }

    /**
     * The values that a histogram has recorded. Immutable, and independent of the histogram.
     *
     * @since 0.1.0
     */
    public static final class Snapshot {
        private final DoubleBuckets buckets;
        private final Side positive;
        private final Side negative;

        private Snapshot(DoubleBuckets buckets, Side positive, Side negative) {
            this.buckets = buckets;
            this.positive = positive;
            this.negative = negative;
        }

        /** {@return the scale, which is that of all buckets, and the range of ordinary values} */
        public DoubleBuckets buckets() {
            return buckets;
        }

        /** {@return the number of values: the sum of all buckets} */
        public long count() {
            return positive.count + negative.count;
        }

        /** {@return the sum of the values} */
        public double sum() {
            return positive.sum - negative.sum;
        }

        /** {@return the number of values whose magnitude is at most {@link #zeroThreshold}} */
        public long zeroCount() {
            return positive.zeroCount + negative.zeroCount;
        }

        /** {@return the bound of the zero bucket: that of the given first bucket} */
        public double zeroThreshold() {
            return buckets.upperBound(0);
        }

        /** {@return the buckets of positive values} */
        public Side positive() {
            return positive;
        }

        /** {@return the buckets of negative values, by magnitude} */
        public Side negative() {
            return negative;
        }

        /** Returns count, sum and scale. */
        @Override
        public String toString() {
            return "count=" + count() + ", sum=" + sum() + ", zeroCount=" + zeroCount() + ", scale=" + buckets.scale();
        }
    }
}
