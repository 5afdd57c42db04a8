package io.github.rseq4j.analysis;

import io.github.rseq4j.histogram.HistogramBuckets;

/** A histogram of the durations of spans, whose buckets are less than 1 in 100 wide. One thread counts. */
final class Latencies {
    /** Durations of up to 19 hours have a bucket each of this precision; longer ones share a bucket. */
    private static final HistogramBuckets BUCKETS = HistogramBuckets.upTo(1L << 46, 8);

    private final long[] counts = new long[BUCKETS.size()];
    private long count;
    private long max;

    void add(long nanos) {
        counts[BUCKETS.number(nanos)]++;
        count++;
        max = Math.max(max, nanos);
    }

    /** Returns the highest value of the percentile's bucket, and at most the maximum. */
    private long percentile(double percentile) {
        long rank = Math.max(1, (long) Math.ceil(Math.nextDown(percentile) * count / 100));
        int i = 0;
        for (long reached = counts[0]; reached < rank; reached += counts[i]) {
            i++;
        }
        return Math.min(BUCKETS.highest(i), max);
    }

    TraceSummary.Latency latency() {
        return new TraceSummary.Latency(count, percentile(50), percentile(99), max);
    }
}
