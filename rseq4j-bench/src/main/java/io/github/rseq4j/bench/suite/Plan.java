package io.github.rseq4j.bench.suite;

import java.util.List;

/**
 * How long a run measures.
 *
 * @param isQuick whether the run is the quick one
 * @param rounds the greatest number of rounds
 * @param threads the numbers of threads; a quick run measures families without contention with one thread
 * @param warmUps the iterations before the measured ones, in each JVM
 * @param iterations the measured iterations of each JVM
 * @param millis the duration of an iteration
 * @param limitSeconds the time after which no measurement begins; a round that would end later does not begin, except
 *     the first one
 */
record Plan(boolean isQuick, int rounds, List<Integer> threads, int warmUps, int iterations, int millis,
        int limitSeconds) {
    /** Three rounds at most, in less than three minutes on a machine that does nothing else. */
    static Plan quick() {
        return new Plan(true, 3, List.of(1, 2), 6, 3, 50, 165);
    }

    /** Five rounds, within an hour. */
    static Plan full() {
        return new Plan(false, 5, List.of(1, 2, 8), 4, 5, 100, 3600);
    }

    /** Returns a plan with longer iterations. */
    Plan slower(int times) {
        return new Plan(isQuick, rounds, threads, warmUps, iterations, millis * times, limitSeconds);
    }

    /** Returns the numbers of threads with which a family is measured. */
    List<Integer> threads(Family family) {
        return isQuick && !family.isContended() ? threads.subList(0, 1) : threads;
    }
}
