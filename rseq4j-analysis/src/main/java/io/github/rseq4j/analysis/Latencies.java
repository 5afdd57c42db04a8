package io.github.rseq4j.analysis;

import io.github.rseq4j.histogram.HistogramBuckets;

/** A histogram of the durations of spans, whose buckets are less than 1 in 100 wide. One thread counts. */
final class Latencies {
    /** Durations of up to 19 hours have a bucket each of this precision; longer ones share a bucket. */
    private static final HistogramBuckets BUCKETS = HistogramBuckets.upTo(1L << 46, 8);
    private static final int CHUNK_BITS = 7;

    /** The buckets, in parts of equal size; null stands for zeros, because a method uses few of them. */
    private final long[][] counts = new long[(BUCKETS.size() >> CHUNK_BITS) + 1][];
    private long count;
    private long total;
    private long max;

    void add(long nanos) {
        int number = BUCKETS.number(nanos);
        long[] chunk = counts[number >> CHUNK_BITS];
        if (chunk == null) {
            chunk = new long[1 << CHUNK_BITS];
            counts[number >> CHUNK_BITS] = chunk;
        }
        chunk[number & (1 << CHUNK_BITS) - 1]++;
        count++;
        total = Math.max(total + nanos, total);
        max = Math.max(max, nanos);
    }

    /** Returns the highest value of the percentile's bucket, and at most the maximum. */
    private long percentile(double percentile) {
        long rank = Math.max(1, (long) Math.ceil(Math.nextDown(percentile) * count / 100));
        long reached = 0;
        for (int i = 0; i < BUCKETS.size(); i++) {
            long[] chunk = counts[i >> CHUNK_BITS];
            if (chunk == null) {
                i |= (1 << CHUNK_BITS) - 1;
            } else {
                reached += chunk[i & (1 << CHUNK_BITS) - 1];
                if (reached >= rank) {
                    return Math.min(BUCKETS.highest(i), max);
                }
            }
        }
        return max;
    }

    TraceSummary.Latency latency() {
        return new TraceSummary.Latency(count, total, percentile(50), percentile(90), percentile(99), max);
    }
}
