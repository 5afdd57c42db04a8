package io.github.rseq4j.ir;

import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code to[0] += value, to[1] += second}: adds to two neighbouring words, and writes both by one instruction. So an
 * abort leaves either both sums or none. The first word's address is a multiple of {@link #BYTES}.
 *
 * @param to the place of the first word
 * @param value the value that is added to it
 * @param second the value that is added to the word after it
 */
public record CommitAddPair(Mem to, Operand value, Operand second) implements Step.Commit {
    /* How it works
     *
     * The kernel aborts a section between two instructions, so a commit must be one instruction of which an interrupt
     * leaves nothing undone. An aligned pair lies in one page, so a page fault comes before the first byte is written.
     *
     * x86-64: an interrupt is taken between two instructions (AMD64 Architecture Programmer's Manual, volume 2, 8.1.1).
     * AArch64: an interrupt may be taken in the middle of stp, which then starts again, unless the pair is single-copy
     * atomic (Arm ARM, B2.2.1; D1.3.6). FEAT_LSE2 makes an aligned pair single-copy atomic. Without it the engine does
     * not run this step (kernel.Architecture.storesPairs).
     *
     * Another thread reads each word whole, and may read one before the commit and the other after it.
     */
    /** The number of bytes of a pair. */
    public static final int BYTES = 2 * Long.BYTES;

    @Override
    public List<Operand> operands() {
        return List.of(value, second);
    }

    @Override
    public Width width() {
        return Width.LONG;
    }

    @Override
    public int bytes() {
        return BYTES;
    }

    @Override
    public Order order() {
        return Order.RELAXED;
    }

    @Override
    public <C> void accept(StepVisitor<C> visitor, C context) {
        visitor.commitAddPair(this, context);
    }

    @Override
    public String toString() {
        return "commit pair " + to + " += " + value + ", " + second;
    }
}
