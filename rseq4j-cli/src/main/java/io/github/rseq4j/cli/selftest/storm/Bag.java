package io.github.rseq4j.cli.selftest.storm;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** A structure with a copy for each index, into which threads put tokens and from which they take tokens. */
interface Bag {
    /** The result of {@link #take} if the copy of the index is empty. */
    long EMPTY = -1;

    /** Returns the name of the structure, for reports. */
    String name();

    /** Returns the number of tokens. They are numbered from 0. */
    int tokens();

    /**
     * Puts a token into the copy of the calling thread's index.
     *
     * @param token the token, which only the calling thread holds
     * @param lane the calling thread's number, which selects its private memory
     * @param random decides on delays
     * @return whether there was room
     */
    boolean put(int token, int lane, SplittableRandom random);

    /**
     * Takes a token from the copy of the calling thread's index.
     *
     * @param lane the calling thread's number, which selects its private memory
     * @param random decides on delays
     * @return the token, or {@link #EMPTY}
     * @throws IllegalStateException if the content differs from what was put
     */
    long take(int lane, SplittableRandom random);

    /**
     * Visits the remaining tokens, after all threads have ended.
     *
     * @param visitor receives each token
     */
    void visit(IntConsumer visitor);

    /** Returns the operations whose aborts are counted. */
    List<Operation> sections();
}
