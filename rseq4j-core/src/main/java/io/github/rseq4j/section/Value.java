package io.github.rseq4j.section;

/**
 * An operand of a step: a register or a constant. Places in memory are {@link Place}s. Immutable.
 *
 * @since 0.1.0
 */
public sealed interface Value permits Register, Value.Constant {
    /**
     * A constant, which is part of the emitted code.
     *
     * @param value the number
     * @since 0.1.0
     */
    record Constant(long value) implements Value {}

    /**
     * Makes a constant.
     *
     * @param value any number
     * @return the constant
     */
    static Value constant(long value) {
        return new Constant(value);
    }
}
