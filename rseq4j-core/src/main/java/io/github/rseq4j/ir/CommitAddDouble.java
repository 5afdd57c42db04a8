package io.github.rseq4j.ir;

import io.github.rseq4j.section.Order;

/**
 * {@code *to += value}, an addition of two doubles of 8 bytes. The addition rounds to nearest, ties to even (IEEE 754).
 * The bits of a result that is not a number depend on the processor.
 *
 * @param to the place that is written
 * @param value the bits of the double that is added
 * @param order the memory order
 */
public record CommitAddDouble(Mem to, Operand value, Order order) implements Step.Commit {
    @Override
    public Width width() {
        return Width.LONG;
    }

    @Override
    public <C> void accept(StepVisitor<C> visitor, C context) {
        visitor.commitAddDouble(this, context);
    }

    @Override
    public String toString() {
        return "commit double " + to + " += " + value + (order == Order.RELEASE ? " release" : "");
    }
}
