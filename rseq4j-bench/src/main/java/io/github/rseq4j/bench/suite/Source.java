package io.github.rseq4j.bench.suite;

import java.io.IOException;

/** Measures one operation. */
interface Source {
    /**
     * Measures the operation in a JVM or process of its own.
     *
     * @param threads the number of threads
     * @param plan how long to measure
     * @return the time of an operation in each iteration, in the unit of the family
     * @throws IOException if the process cannot be started, or fails; the message says what is missing
     * @throws InterruptedException if this thread is interrupted
     */
    double[] measure(int threads, Plan plan) throws IOException, InterruptedException;

    /** {@return whether the operation is measured with this number of threads} */
    default boolean has(int threads) {
        return true;
    }
}
