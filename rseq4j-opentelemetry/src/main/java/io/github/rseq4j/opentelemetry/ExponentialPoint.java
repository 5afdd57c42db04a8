package io.github.rseq4j.opentelemetry;

import io.github.rseq4j.percpu.PerCpuExponentialHistogram;
import io.github.rseq4j.percpu.PerCpuExponentialHistogram.Side;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramBuckets;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import java.util.List;
import java.util.stream.Stream;

/** A point of an exponential histogram. */
final class ExponentialPoint {
    /* How it works
     *
     * A bucket of OpenTelemetry has the exponent of its lower bound, those here have that of their upper one, so bucket
     * i is OpenTelemetry's i - 1. OpenTelemetry's buckets are dense from the first one that holds something to the last
     * one. If they were too many, two of them become one, and again; the scale is lowered by 1 each time. Both signs
     * have one scale.
     */
    /** The SDK's default, and the specification's recommendation. */
    private static final int MOST_BUCKETS = 160;

    private ExponentialPoint() {}

    static ExponentialHistogramPointData of(long start, long now, Attributes attributes,
                                            PerCpuExponentialHistogram histogram) {
        PerCpuExponentialHistogram.Snapshot read = histogram.snapshot();
        int most = Math.max(MOST_BUCKETS, read.buckets().size());
        int lower = Stream.of(read.positive(), read.negative()).mapToInt(side -> lower(side, most)).max().orElse(0);
        int scale = read.buckets().scale() - lower;
        return ExponentialHistogramPointData.create(scale, read.sum(), read.zeroCount(), false, 0, false, 0,
                buckets(read.positive(), scale, lower), buckets(read.negative(), scale, lower), start, now, attributes,
                List.of());
    }

    private static int offset(Side side, int bucket, int lower) {
        return side.index(bucket) - 1 >> lower;
    }

    /** Returns by how much the scale must be lowered so that there are at most so many buckets. */
    private static int lower(Side side, int most) {
        int lower = 0;
        while (side.size() > 0 && offset(side, side.size() - 1, lower) - offset(side, 0, lower) >= most) {
            lower++;
        }
        return lower;
    }

    private static ExponentialHistogramBuckets buckets(Side side, int scale, int lower) {
        if (side.size() == 0) {
            return ExponentialHistogramBuckets.create(scale, 0, List.of());
        }
        int first = offset(side, 0, lower);
        long[] counts = new long[offset(side, side.size() - 1, lower) - first + 1];
        for (int i = 0; i < side.size(); i++) {
            counts[offset(side, i, lower) - first] += side.count(i);
        }
        return ExponentialHistogramBuckets.create(scale, first, new Counts(counts));
    }
}
