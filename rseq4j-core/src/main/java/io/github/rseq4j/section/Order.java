package io.github.rseq4j.section;

/** The memory order of a commit. Threads that run sections at the same index need none: one runs after the other. */
public enum Order {
    /** No order: the word itself is seen whole. */
    RELAXED(io.github.rseq4j.ir.Order.RELAXED),
    /** What the thread wrote before is seen by whoever reads the committed word with acquire order. */
    RELEASE(io.github.rseq4j.ir.Order.RELEASE);

    private final io.github.rseq4j.ir.Order code;

    Order(io.github.rseq4j.ir.Order code) {
        this.code = code;
    }

    io.github.rseq4j.ir.Order code() {
        return code;
    }
}
