package io.github.rseq4j.section;

/**
 * An operand of a step other than a place in memory: a register or a constant.
 *
 * @since 0.1.0
 */
public sealed interface Value permits Register, Value.Constant {
    /**
     * A constant, which is part of the emitted code.
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
