package io.github.rseq4j.analysis;

/** A histogram of the durations of spans, whose buckets are less than 1 in 100 wide. */
final class Latencies {
    /* How it works
     *
     * There are 256 buckets of equal width between two powers of two, as in PerCpuHistogram. One thread counts, so a
     * plain array is enough, and reading a file does not start an engine.
     */
    /** The number of bits after a value's highest bit that select its bucket. */
    private static final int BITS = 8;
    /** The longest duration, 19 hours; longer ones are counted as this one. */
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

    /** Returns the highest value of the percentile's bucket, and at most the maximum. */
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
