package io.github.rseq4j.agent.table;

import io.github.rseq4j.histogram.HistogramBuckets;

/**
 * The counts of a method at a time, in ticks.
 *
 * @param counter the calls that the counter has
 * @param sum the sum of the durations
 * @param firstBucket the bucket of the first count
 * @param counts the counts of buckets; empty buckets at both ends are left out
 * @param max the longest duration
 */
record MethodCounts(long counter, long sum, int firstBucket, long[] counts, long max) {
    private static final long[] NO_BUCKETS = {};
    static final MethodCounts NONE = new MethodCounts(0, 0, 0, NO_BUCKETS, 0);

    /**
     * Returns the counts of a histogram's cells.
     *
     * @param cells an array with the count and the sum of each bucket
     * @param from the place of the first count
     * @param buckets the number of buckets
     * @param max the longest duration
     */
    static MethodCounts of(long[] cells, int from, int buckets, long max) {
        int first = 0;
        int end = buckets;
        while (first < end && cells[from + 2 * first] == 0) {
            first++;
        }
        while (first < end && cells[from + 2 * (end - 1)] == 0) {
            end--;
        }
        long[] counts = first == end ? NO_BUCKETS : new long[end - first];
        long sum = 0;
        for (int i = 0; i < counts.length; i++) {
            counts[i] = cells[from + 2 * (first + i)];
            sum += cells[from + 2 * (first + i) + 1];
        }
        return new MethodCounts(0, sum, first, counts, max);
    }

    /** Returns the same counts with a counter. */
    MethodCounts withCounter(long calls) {
        return new MethodCounts(calls, sum, firstBucket, counts, max);
    }

    private long at(int bucket) {
        int place = bucket - firstBucket;
        return place < 0 || place >= counts.length ? 0 : counts[place];
    }

    /** Returns the number of calls. */
    long calls() {
        return counter + timed();
    }

    private long timed() {
        long timed = 0;
        for (long count : counts) {
            timed += count;
        }
        return timed;
    }

    /**
     * Returns the counts since an earlier time. The longest duration is the upper bound of the highest bucket.
     *
     * @param earlier the counts at that time
     * @param buckets the buckets
     */
    MethodCounts since(MethodCounts earlier, HistogramBuckets buckets) {
        long[] counted = new long[counts.length];
        long highest = 0;
        for (int i = 0; i < counted.length; i++) {
            // A copy of a cell may be read while it is written.
            counted[i] = Math.max(0, counts[i] - earlier.at(firstBucket + i));
            highest = counted[i] == 0 ? highest : buckets.highest(firstBucket + i);
        }
        return new MethodCounts(Math.max(0, counter - earlier.counter), Math.max(0, sum - earlier.sum), firstBucket,
                counted, Math.min(highest, max));
    }

    /**
     * Returns the duration that a share of the timed calls does not exceed.
     *
     * @param percent the share
     * @param buckets the buckets
     * @return the upper bound of the bucket in which the share is reached, at most the longest duration
     */
    long percentile(int percent, HistogramBuckets buckets) {
        long timed = timed();
        // The same as ceil(timed * percent / 100), without an overflow.
        long rank = timed / 100 * percent + (timed % 100 * percent + 99) / 100;
        long reached = 0;
        for (int i = 0; i < counts.length; i++) {
            reached += counts[i];
            if (reached >= rank && reached > 0) {
                return Math.min(buckets.highest(firstBucket + i), max);
            }
        }
        return 0;
    }
}
