package io.github.rseq4j.micrometer;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.Histogram;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.micrometer.core.instrument.distribution.ValueAtPercentile;

/** The values of a timer, in nanoseconds, or of a distribution summary. */
final class Distribution {
    private final double[] bounds;
    private final PerCpuDoubleHistogram values;
    private final RecentMaximum maximum;
    private final Histogram percentiles;

    Distribution(Clock clock, DistributionStatisticConfig config) {
        bounds = config.getHistogramBuckets(true).headSet(Double.POSITIVE_INFINITY).stream()
                .mapToDouble(Double::doubleValue).toArray();
        // Without buckets all values are in the first of two.
        values = new PerCpuDoubleHistogram(DoubleBuckets.explicit(
                bounds.length == 0 ? new double[] {Double.MAX_VALUE} : bounds));
        maximum = new RecentMaximum(clock, config);
        percentiles = PerCpuMeters.PerCpuTimer.percentiles(clock, config);
    }

    /** Returns Micrometer's estimate of percentiles, into which the meter records too. */
    Histogram percentiles() {
        return percentiles;
    }

    void record(double value) {
        values.record(value);
        maximum.record(value);
    }

    PerCpuDoubleHistogram.Snapshot read() {
        return values.snapshot();
    }

    double max() {
        return maximum.read();
    }

    /** Returns the upper bounds of the buckets but the last one. */
    double[] bounds() {
        return bounds.clone();
    }

    ValueAtPercentile[] valuesAtPercentiles() {
        return percentiles.takeSnapshot(0, 0, 0).percentileValues();
    }

    HistogramSnapshot snapshot() {
        PerCpuDoubleHistogram.Snapshot now = read();
        CountAtBucket[] counts = new CountAtBucket[bounds.length];
        long below = 0;
        for (int i = 0; i < counts.length; i++) {
            below += now.count(i);
            counts[i] = new CountAtBucket(bounds[i], below);
        }
        HistogramSnapshot estimate = percentiles.takeSnapshot(0, 0, 0);
        return new HistogramSnapshot(now.count(), now.sum(), max(), estimate.percentileValues(), counts,
                estimate::outputSummary);
    }
}
