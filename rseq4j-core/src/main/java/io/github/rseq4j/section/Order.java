package io.github.rseq4j.section;

/**
 * The memory order of a commit. Sections that run at the same index need none: one runs after the other.
 *
 * @since 0.1.0
 */
public enum Order {
    /** No order. The committed word is still seen whole. */
    RELAXED,
    /** A thread that reads the committed word with acquire order sees what the committing thread wrote before. */
    RELEASE
}
