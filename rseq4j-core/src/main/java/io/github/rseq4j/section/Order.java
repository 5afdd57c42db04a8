package io.github.rseq4j.section;

/**
 * The memory order of a commit, for threads that read the committed word elsewhere. Sections that run at the same index
 * need no order among themselves, because one runs after the other.
 *
 * @since 0.1.0
 */
public enum Order {
    /** No order with other accesses. Other threads still see the committed word as a whole. */
    RELAXED,
    /** A thread that reads the committed word with acquire order sees all earlier writes of the committing thread. */
    RELEASE
}
