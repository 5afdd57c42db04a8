package io.github.rseq4j.ir;

/** A comparison of two words of the same width; the order is that of unsigned numbers. */
public enum Condition {
    /** Equal. */
    EQ,
    /** Not equal. */
    NE,
    /** Left below right. */
    BELOW,
    /** Left above right or equal to it. */
    ABOVE_OR_EQUAL;

    /**
     * Tells whether the comparison holds.
     *
     * @param left one word
     * @param right the other
     * @param width how many of their bytes count
     */
    public boolean holds(long left, long right, Width width) {
        long l = width == Width.INT ? Integer.toUnsignedLong((int) left) : left;
        long r = width == Width.INT ? Integer.toUnsignedLong((int) right) : right;
        return switch (this) {
            case EQ -> l == r;
            case NE -> l != r;
            case BELOW -> Long.compareUnsigned(l, r) < 0;
            case ABOVE_OR_EQUAL -> Long.compareUnsigned(l, r) >= 0;
        };
    }
}
