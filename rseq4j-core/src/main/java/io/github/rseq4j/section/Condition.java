package io.github.rseq4j.section;

/** A comparison of two words of the same width, as unsigned numbers. */
public enum Condition {
    /** Equal. */
    EQUAL(io.github.rseq4j.code.Condition.EQ),
    /** Not equal. */
    NOT_EQUAL(io.github.rseq4j.code.Condition.NE),
    /** Left below right. */
    BELOW(io.github.rseq4j.code.Condition.BELOW),
    /** Left above right or equal to it. */
    ABOVE_OR_EQUAL(io.github.rseq4j.code.Condition.ABOVE_OR_EQUAL);

    private final io.github.rseq4j.code.Condition code;

    Condition(io.github.rseq4j.code.Condition code) {
        this.code = code;
    }

    io.github.rseq4j.code.Condition code() {
        return code;
    }
}
