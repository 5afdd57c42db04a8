package io.github.rseq4j.cli.selftest.storm;

import java.util.List;
import java.util.SplittableRandom;

/**
 * One structure, what many threads do to it at the same time, and what must then be true of it. A storm runs once; the
 * invariants are those of the kernel's own tests of rseq (tools/testing/selftests/rseq/param_test.c).
 */
public interface Storm {
    /** How many virtual threads work, besides the platform threads, where a storm asks for nothing else. */
    int VIRTUAL_THREADS = 32;

    /** Returns what a person calls it. */
    String name();

    /** Returns how many virtual threads work on it. */
    default int virtualThreads() {
        return VIRTUAL_THREADS;
    }

    /**
     * Works until the weather is over: one thread's part.
     *
     * @param weather tells when it is over, and makes pauses
     * @param random decides, for this thread alone
     */
    void work(Weather weather, SplittableRandom random);

    /**
     * Does until the weather is over what one thread alone does beside all others.
     *
     * @param weather tells when it is over, and makes pauses
     * @param random decides, for this thread alone
     */
    default void manage(Weather weather, SplittableRandom random) {}

    /**
     * Adds up, when all threads have ended.
     *
     * @param faults takes what is wrong
     */
    void settle(Faults faults);

    /** Returns how many operations there were. */
    long operations();

    /** Returns the operations whose aborts are counted. */
    List<Operation> sections();
}
