package io.github.rseq4j.percpu;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * The buckets of a {@link PerCpuDoubleHistogram}: intervals of doubles, each of which includes its upper bound. The
 * first bucket has no lower bound, and the last one no upper bound. Immutable; histograms may share it.
 *
 * {@snippet lang = java:
 * DoubleBuckets seconds = DoubleBuckets.explicit(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);
 * DoubleBuckets fine = DoubleBuckets.exponential(3, 1e-6, 1e3); // 8 buckets for each power of two
 * }
 *
 * @since 0.1.0
 */
public final class DoubleBuckets {
    /** The most buckets. */
    public static final int MAX_SIZE = 65_536;
    /** The lowest scale: a bucket holds 16 powers of two. */
    public static final int MIN_SCALE = -4;
    /** The highest scale: 256 buckets for each power of two. */
    public static final int MAX_SCALE = 8;

    /* How it works
     *
     * Explicit bounds are compared one after the other: a service has a dozen, and most values are in the first ones.
     *
     * Exponential: the index of a value is the least i with value <= base^i. The exponent of a double gives the part of
     * a power of two; its mantissa the part of a bucket. roots[k] is the largest mantissa that is at most 2^(k / 2^s),
     * found by exact integer arithmetic, so a value's bucket is exact. The first s + 1 bits of the mantissa select a
     * cell, and below[cell] counts the roots before it. Two roots are at least ln 2 / 2^s apart, and a cell is
     * 1 / 2^(s + 1) wide, so a cell has at most one root, and one comparison decides. The table is that of DynaHist and
     * OpenTelemetry's lookup tables.
     *
     * Refused: logarithms, whose rounding puts bounds themselves into the wrong bucket.
     */
    private static final int MANTISSA_BITS = 52;
    private static final long MANTISSA = (1L << MANTISSA_BITS) - 1;

    /** The bounds of explicit buckets; empty for exponential ones. */
    private final double[] bounds;
    private final int scale;
    private final long[] roots;
    private final int[] below;
    /** The exponent of the first bucket's upper bound. */
    private final int lowestIndex;
    private final int last;

    private DoubleBuckets(double[] bounds, int scale, long[] roots, int[] below, int lowestIndex, int last) {
        this.bounds = bounds;
        this.scale = scale;
        this.roots = roots;
        this.below = below;
        this.lowestIndex = lowestIndex;
        this.last = last;
    }

    /**
     * Returns buckets with the given bounds, and one bucket above the last one.
     *
     * @param upperBounds the upper bound of each bucket but the last: finite, in increasing order
     * @return the buckets
     * @throws IllegalArgumentException if a bound is not finite or not above the one before it, or there are none or
     *     too many
     */
    public static DoubleBuckets explicit(double... upperBounds) {
        double[] bounds = upperBounds.clone();
        requireSize(bounds.length + 1L);
        for (int i = 0; i < bounds.length; i++) {
            if (!Double.isFinite(bounds[i]) || i > 0 && !(bounds[i] > bounds[i - 1])) {
                throw new IllegalArgumentException("upperBounds=" + Arrays.toString(bounds)
                        + ", must be finite and increasing");
            }
        }
        return new DoubleBuckets(bounds, 0, new long[0], new int[0], 0, bounds.length);
    }

    /**
     * Returns exponential buckets, which are those of Prometheus' native histograms with schema {@code scale}, and of
     * OpenTelemetry's exponential histograms. A bucket's upper bound is {@code 2^(2^-scale)} times its lower
     * one, and a power of that base. The first bucket holds all values, negative ones too, that are at most the lower
     * bound of the lowest value's bucket; the last bucket those above the bound of the highest value's bucket.
     *
     * @param scale {@link #MIN_SCALE} to {@link #MAX_SCALE}
     * @param lowest the lowest value with a bucket of that width, at least {@link Double#MIN_NORMAL} times 2<sup>16
     *     </sup>
     * @param highest the highest one, finite, at least the lowest
     * @return the buckets
     * @throws IllegalArgumentException if an argument is out of its range, or there are too many buckets
     */
    public static DoubleBuckets exponential(int scale, double lowest, double highest) {
        if (scale < MIN_SCALE || scale > MAX_SCALE) {
            throw new IllegalArgumentException("scale=" + scale + ", must be " + MIN_SCALE + " to " + MAX_SCALE);
        }
        long[] roots = roots(Math.max(0, scale));
        int[] below = below(roots, Math.max(0, scale));
        return new DoubleBuckets(new double[0], scale, roots, below, 0, Integer.MAX_VALUE).withRange(lowest, highest);
    }

    /**
     * Returns exponential buckets of the same scale for another range, at less cost than {@link #exponential}.
     *
     * @param lowest the lowest value with a bucket of its scale's width, as in {@link #exponential}
     * @param highest the highest one
     * @return the buckets
     * @throws IllegalArgumentException if an argument is out of its range, or there are too many buckets
     * @throws IllegalStateException if these buckets are explicit
     */
    public DoubleBuckets withRange(double lowest, double highest) {
        if (!isExponential()) {
            throw new IllegalStateException(this + ", must be exponential");
        }
        if (!(lowest >= Double.MIN_NORMAL * 0x1p16 && lowest <= highest && highest <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("lowest=" + lowest + ", highest=" + highest
                    + ", must be positive, normal and in order");
        }
        int from = index(lowest) - 1;
        int size = index(highest) - from + 2;
        requireSize(size);
        return new DoubleBuckets(new double[0], scale, roots, below, from, size - 1);
    }

    private static void requireSize(long size) {
        if (size < 2 || size > MAX_SIZE) {
            throw new IllegalArgumentException("buckets=" + size + ", must be 2 to " + MAX_SIZE);
        }
    }

    /** Returns the mantissas of 2^(k / n), rounded down, and a last one that no mantissa reaches. */
    private static long[] roots(int scale) {
        int n = 1 << scale;
        long[] roots = new long[n + 1];
        for (int k = 1; k < n; k++) {
            long root = (long) (Math.pow(2, (double) k / n) * (1L << MANTISSA_BITS));
            BigInteger power = BigInteger.ONE.shiftLeft(MANTISSA_BITS * n + k);
            while (BigInteger.valueOf(root).pow(n).compareTo(power) > 0) {
                root--;
            }
            while (BigInteger.valueOf(root + 1).pow(n).compareTo(power) <= 0) {
                root++;
            }
            roots[k] = root & MANTISSA;
        }
        roots[n] = Long.MAX_VALUE;
        return roots;
    }

    private static int[] below(long[] roots, int scale) {
        int[] below = new int[2 << scale];
        for (int cell = 0, k = 0; cell < below.length; cell++) {
            while (roots[k] < (long) cell << MANTISSA_BITS - 1 - scale) {
                k++;
            }
            below[cell] = k;
        }
        return below;
    }

    /** Returns the least exponent of the base whose power is at least a value, for normal positive ones. */
    private int index(double value) {
        long bits = Double.doubleToRawLongBits(value);
        long mantissa = bits & MANTISSA;
        int exponent = (int) (bits >>> MANTISSA_BITS) - Double.MAX_EXPONENT;
        if (scale <= 0) {
            int above = exponent + (mantissa == 0 ? 0 : 1);
            return above + (1 << -scale) - 1 >> -scale;
        }
        int k = below[(int) (mantissa >>> MANTISSA_BITS - 1 - scale)];
        return (exponent << scale) + k + (roots[k] < mantissa ? 1 : 0);
    }

    /**
     * Returns the number of a value's bucket.
     *
     * @param value the value
     * @return the bucket, 0 to {@link #size} - 1
     * @throws IllegalArgumentException if the value is not a number
     */
    public int number(double value) {
        if (Double.isNaN(value)) {
            throw new IllegalArgumentException("value=NaN, must be a number");
        }
        if (isExponential()) {
            return value < Double.MIN_NORMAL ? 0 : value > Double.MAX_VALUE ? last
                    : Math.clamp((long) index(value) - lowestIndex, 0, last);
        }
        int i = 0;
        while (i < bounds.length && value > bounds[i]) {
            i++;
        }
        return i;
    }

    /** {@return the number of buckets} */
    public int size() {
        return last + 1;
    }

    /** {@return whether the bounds are powers of one base} */
    public boolean isExponential() {
        return bounds.length == 0;
    }

    /** {@return the scale of exponential buckets; 0 for explicit ones} */
    public int scale() {
        return scale;
    }

    /** {@return the exponent of the base that gives the upper bound of bucket 0; 0 for explicit buckets} */
    public int lowestIndex() {
        return lowestIndex;
    }

    /**
     * Returns a bucket's upper bound, which belongs to the bucket.
     *
     * @param number the bucket
     * @return the bound, rounded down to a double; infinity for the last bucket
     * @throws IndexOutOfBoundsException if there is no such bucket
     */
    public double upperBound(int number) {
        if (number < 0 || number > last) {
            throw new IndexOutOfBoundsException("bucket=" + number + ", must be 0 to " + last);
        }
        if (number == last) {
            return Double.POSITIVE_INFINITY;
        }
        if (!isExponential()) {
            return bounds[number];
        }
        int index = lowestIndex + number;
        if (scale <= 0) {
            return Math.scalb(1.0, index << -scale);
        }
        long mantissa = roots[index & (1 << scale) - 1];
        return Math.scalb(Double.longBitsToDouble(mantissa | (long) Double.MAX_EXPONENT << MANTISSA_BITS),
                index >> scale);
    }

    /** Returns the number of buckets, and the bounds or the scale. */
    @Override
    public String toString() {
        return "buckets=" + size() + (isExponential() ? ", scale=" + scale : ", upperBounds="
                + Arrays.toString(bounds));
    }
}
