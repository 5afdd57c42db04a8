package io.github.rseq4j.cli.selftest.storm;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** A structure with a copy for each index that tokens are put into and taken from. */
interface Bag {
    /** What {@link #take} returns when this index's copy is empty. */
    long EMPTY = -1;

    /** Returns what a person calls it. */
    String name();

    /** Returns how many tokens it knows: 0 to one less. */
    int tokens();

    /**
     * Puts a token into the copy of the calling thread's index.
     *
     * @param token the token, which nobody else has
     * @param lane the calling thread's number, for memory of its own
     * @param random decides about delays
     * @return whether there was room
     */
    boolean put(int token, int lane, SplittableRandom random);

    /**
     * Takes a token from the copy of the calling thread's index.
     *
     * @param lane the calling thread's number, for memory of its own
     * @param random decides about delays
     * @return the token, or {@link #EMPTY}
     * @throws IllegalStateException when what was taken is not as it was put
     */
    long take(int lane, SplittableRandom random);

    /**
     * Visits what is left, when nobody else works on it.
     *
     * @param visitor takes each token
     */
    void visit(IntConsumer visitor);

    /** Returns the operations whose aborts are counted. */
    List<Operation> sections();
}
