package io.github.rseq4j.ir;

/** The memory order of a commit. */
public enum Order {
    /** No order: the value itself is seen whole. */
    RELAXED,
    /** What the thread wrote before is seen by whoever reads the committed value with acquire order. */
    RELEASE
}
