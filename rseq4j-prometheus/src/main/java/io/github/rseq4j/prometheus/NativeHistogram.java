package io.github.rseq4j.prometheus;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The counts of a native histogram, for values of either sign and of any size. */
final class NativeHistogram {
    /* How it works
     *
     *   negative values              zero bucket      positive values
     *   negative: | ... | ranges |    | -z to z |     | given range | further ranges of 16 powers of two |
     *
     * A range is a PerCpuDoubleHistogram. The given one has a value in its first bucket, the zero bucket, if the value
     * is at most its bound. A value above the given range makes the range of 16 powers of two that holds it, and the
     * first negative value makes a histogram of the magnitudes of negative ones. So an ordinary record takes two
     * comparisons more than one of a PerCpuDoubleHistogram, and nothing is counted in a bucket of another size.
     *
     * No range is ever given up or copied, so a record that has found its range is counted.
     *
     * Refused: a lower scale when the range grows, as in the client. It moves counts, so records must wait.
     */
    private static final int RANGE_EXPONENTS = 16;

    private final DoubleBuckets buckets;
    private final PerCpuDoubleHistogram given;
    private final double highest;
    /** The further ranges in ascending order, replaced under this object's monitor. */
    private volatile PerCpuDoubleHistogram[] further = {};
    /** Made under this object's monitor. */
    private volatile @Nullable NativeHistogram negative;

    NativeHistogram(DoubleBuckets buckets) {
        this.buckets = buckets;
        given = new PerCpuDoubleHistogram(buckets);
        highest = highest(buckets);
    }

    /** Returns the upper bound of the last bucket that has one. */
    private static double highest(DoubleBuckets buckets) {
        return buckets.upperBound(buckets.size() - 2);
    }

    /** Records a value that is a number. */
    void record(double value) {
        if (value < 0) {
            negative().record(-value);
        } else if (value > highest) {
            range(value).record(value);
        } else {
            given.record(value);
        }
    }

    private NativeHistogram negative() {
        NativeHistogram existing = negative;
        if (existing != null) {
            return existing;
        }
        synchronized (this) {
            existing = negative;
            if (existing == null) {
                existing = new NativeHistogram(buckets);
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

    HistogramDataPointSnapshot point(Labels labels, long createdMillis) {
        // Each range is read once, so the count of the point is the sum of its buckets.
        Side positive = new Side();
        positive.read(this);
        Side below = new Side();
        NativeHistogram magnitudes = negative;
        if (magnitudes != null) {
            below.read(magnitudes);
        }
        return new HistogramDataPointSnapshot(buckets.scale(), positive.zeroCount + below.zeroCount,
                buckets.upperBound(0), positive.buckets(), below.buckets(), positive.sum - below.sum, labels,
                Exemplars.EMPTY, createdMillis);
    }

    /** The buckets that were read of the values of one sign. */
    private static final class Side {
        private long zeroCount;
        private double sum;
        private int[] indices = {};
        private long[] counts = {};
        private int used;

        void read(NativeHistogram histogram) {
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
            return now.count(0);
        }

        NativeHistogramBuckets buckets() {
            return used == 0 ? NativeHistogramBuckets.EMPTY
                    : NativeHistogramBuckets.of(Arrays.copyOf(indices, used), Arrays.copyOf(counts, used));
        }
    }
}
