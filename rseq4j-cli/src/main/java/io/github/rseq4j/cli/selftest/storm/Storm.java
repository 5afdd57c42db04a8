package io.github.rseq4j.cli.selftest.storm;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A structure, the operations of many threads on it, and the conditions that must hold afterwards. A storm runs once.
 * The conditions are those of the kernel's own tests of rseq (tools/testing/selftests/rseq/param_test.c).
 */
public interface Storm {
    /** The default number of virtual threads, in addition to the platform threads. */
    int VIRTUAL_THREADS = 32;

    /** Returns the name of the storm, for reports. */
    String name();

    /** Returns the number of virtual threads that work on the structure. */
    default int virtualThreads() {
        return VIRTUAL_THREADS;
    }

    /**
     * Does the work of one of the threads, until the storm is over.
     *
     * @param weather tells when the storm is over, and makes pauses
     * @param random the thread's own source of random numbers
     */
    void work(Weather weather, SplittableRandom random);

    /**
     * Does the work of the manager, a single additional thread, until the storm is over.
     *
     * @param weather tells when the storm is over, and makes pauses
     * @param random the thread's own source of random numbers
     */
    default void manage(Weather weather, SplittableRandom random) {}

    /**
     * Checks the structure, after all threads have ended.
     *
     * @param faults receives the faults
     */
    void settle(Faults faults);

    /** Returns the number of operations that were done. */
    long operations();

    /** Returns the operations whose aborts are counted. */
    List<Operation> sections();
}
