package io.github.rseq4j.section;

/**
 * A comparison of two words of the same width, as unsigned numbers.
 *
 * @since 0.1.0
 */
public enum Condition {
    /** The left word is equal to the right one. */
    EQUAL,
    /** The left word is not equal to the right one. */
    NOT_EQUAL,
    /** The left word is less than the right one. */
    BELOW,
    /** The left word is greater than the right one, or equal to it. */
    ABOVE_OR_EQUAL;

    /**
     * Tells whether the comparison of two words of 8 bytes holds. Words of 4 bytes are compared when their upper halves
     * are 0.
     *
     * @param left the left word
     * @param right the right word
     * @return whether it holds
     */
    public boolean holds(long left, long right) {
        return switch (this) {
            case EQUAL -> left == right;
            case NOT_EQUAL -> left != right;
            case BELOW -> Long.compareUnsigned(left, right) < 0;
            case ABOVE_OR_EQUAL -> Long.compareUnsigned(left, right) >= 0;
        };
    }
}
