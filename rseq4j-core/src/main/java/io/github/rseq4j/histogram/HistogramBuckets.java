package io.github.rseq4j.histogram;

/**
 * The buckets of a histogram: the values that share a bucket, which has a number. Immutable.
 *
 * @param significantBits the number of bits after a value's highest bit that select its bucket
 * @param last the number of the last bucket, which also holds all greater values
 */
public record HistogramBuckets(int significantBits, int last) {
    /* How it works
     *
     * For 2 significant bits, a digit being a value and a bar a bucket's lowest one:
     *
     *   number   0 1 2 3 4 5 6 7 8     9     10    11    12       13       14       15       16
     *   value   |0|1|2|3|4|5|6|7|8 9  |10 11|12 13|14 15|16 .. 19|20 .. 23|24 .. 27|28 .. 31|32 .. 39
     *   shift    0               |1                     |2                                  |3
     *
     * Between two powers of two lie 1 << significantBits buckets of equal width 1 << shift. A value's number is the
     * shift, followed by the value shifted, whose highest bit adds one to the shift. The first of these bits is set in
     * small values before their leading zeros are counted: so they too get a shift of 0 and no branch.
     *
     * The lowest value of a bucket that is wider than 1 is at least 1 << significantBits widths: that bounds the error.
     */
    /** The fewest significant bits. */
    public static final int MIN_BITS = 1;
    /** The most significant bits: with more, the buckets of all values would not fit into the cells of one owner. */
    public static final int MAX_BITS = 10;

    /**
     * Returns the buckets for values up to a highest one, and one bucket for all greater values.
     *
     * @param highestTrackableValue the highest value with an exact bucket, at least 1
     * @param significantBits {@link #MIN_BITS} to {@link #MAX_BITS}
     * @return the buckets
     * @throws IllegalArgumentException if an argument is out of its range
     */
    public static HistogramBuckets upTo(long highestTrackableValue, int significantBits) {
        if (highestTrackableValue < 1) {
            throw new IllegalArgumentException("highestTrackableValue=" + highestTrackableValue
                    + ", must be at least 1");
        }
        if (significantBits < MIN_BITS || significantBits > MAX_BITS) {
            throw new IllegalArgumentException("significantBits=" + significantBits + ", must be " + MIN_BITS + " to "
                    + MAX_BITS);
        }
        int end = number(Long.MAX_VALUE, significantBits);
        return new HistogramBuckets(significantBits,
                Math.min(number(highestTrackableValue, significantBits) + 1, end));
    }

    /**
     * Returns the number of the bucket that holds a value, if there are buckets for all values.
     *
     * @param value the value, an unsigned number
     * @param significantBits the number of bits after the value's highest one that are kept
     * @return the bucket
     */
    public static int number(long value, int significantBits) {
        int shift = Long.SIZE - 1 - significantBits - Long.numberOfLeadingZeros(value | 1L << significantBits);
        return (shift << significantBits) + (int) (value >>> shift);
    }

    /**
     * Returns the number of the bucket that holds a value.
     *
     * @param value the value
     * @return its bucket
     * @throws IllegalArgumentException if the value is negative
     */
    public int number(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("value=" + value + ", must be at least 0");
        }
        return Math.min(number(value, significantBits), last);
    }

    /** {@return the number of buckets} */
    public int size() {
        return last + 1;
    }

    /**
     * Returns the lowest value that a bucket holds.
     *
     * @param number the bucket
     * @return the value
     */
    public long lowest(int number) {
        int shift = Math.max(0, (number >>> significantBits) - 1);
        return (long) (number - (shift << significantBits)) << shift;
    }

    /**
     * Returns the highest value that a bucket holds.
     *
     * @param number the bucket
     * @return the value; {@link Long#MAX_VALUE} for the last bucket
     */
    public long highest(int number) {
        return number == last ? Long.MAX_VALUE : lowest(number + 1) - 1;
    }

    /** {@return the highest value whose bucket is as narrow as the significant bits say} */
    public long highestTrackableValue() {
        return last == number(Long.MAX_VALUE, significantBits) ? Long.MAX_VALUE : lowest(last) - 1;
    }

    @Override
    public String toString() {
        return "highestTrackableValue=" + highestTrackableValue() + ", significantBits=" + significantBits;
    }
}
