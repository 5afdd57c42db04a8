package io.github.rseq4j.section;

/** What a step takes besides a place in memory: a register or a constant. */
public sealed interface Value permits Register, Value.Constant {
    /**
     * A number that is part of the code.
     *
     * @param value the number
     */
    record Constant(long value) implements Value {}

    /**
     * Makes a constant.
     *
     * @param value the number
     * @return the constant
     */
    static Value constant(long value) {
        return new Constant(value);
    }
}
