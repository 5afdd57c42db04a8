package io.github.rseq4j.section;

/** A comparison of two words of the same width, as unsigned numbers. */
public enum Condition {
    /** Equal. */
    EQUAL(io.github.rseq4j.ir.Condition.EQ),
    /** Not equal. */
    NOT_EQUAL(io.github.rseq4j.ir.Condition.NE),
    /** Left below right. */
    BELOW(io.github.rseq4j.ir.Condition.BELOW),
    /** Left above right or equal to it. */
    ABOVE_OR_EQUAL(io.github.rseq4j.ir.Condition.ABOVE_OR_EQUAL);

    private final io.github.rseq4j.ir.Condition code;

    Condition(io.github.rseq4j.ir.Condition code) {
        this.code = code;
    }

    io.github.rseq4j.ir.Condition code() {
        return code;
    }
}
