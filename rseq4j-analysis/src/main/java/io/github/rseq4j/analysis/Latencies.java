package io.github.rseq4j.analysis;

/** The latencies of one span's name: a histogram whose buckets are less than one in a hundred wide. */
final class Latencies {
    /* How it works
     *
     * Between two powers of two lie 256 buckets of equal width, as in PerCpuHistogram. One thread counts, so a plain
     * array does; nothing of rseq is asked for to read a file.
     */
    /** So many bits of a value follow its highest one in its bucket's number. */
    private static final int BITS = 8;
    /** Latencies above it, 19 hours, are counted as it. */
    private static final long HIGHEST_NANOS = 1L << 46;

    private final long[] counts = new long[number(HIGHEST_NANOS) + 1];
    private long count;
    private long max;

    private static int number(long nanos) {
        int shift = Long.SIZE - 1 - BITS - Long.numberOfLeadingZeros(nanos | 1L << BITS);
        return (shift << BITS) + (int) (nanos >>> shift);
    }

    private static long lowest(int number) {
        int shift = Math.max(0, (number >>> BITS) - 1);
        return (long) (number - (shift << BITS)) << shift;
    }

    void add(long nanos) {
        counts[number(Math.min(nanos, HIGHEST_NANOS))]++;
        count++;
        max = Math.max(max, nanos);
    }

    /** Returns the highest value of the bucket where so many of each hundred are reached, at most the greatest. */
    private long percentile(double percentile) {
        long rank = Math.max(1, (long) Math.ceil(Math.nextDown(percentile) * count / 100));
        int i = 0;
        for (long reached = counts[0]; reached < rank; reached += counts[i]) {
            i++;
        }
        return Math.min(lowest(i + 1) - 1, max);
    }

    TraceSummary.Latency latency() {
        return new TraceSummary.Latency(count, percentile(50), percentile(99), max);
    }
}
