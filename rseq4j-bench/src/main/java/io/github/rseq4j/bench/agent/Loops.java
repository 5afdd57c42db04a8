package io.github.rseq4j.bench.agent;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/** Measures the CPU time of threads that run a loop. */
final class Loops {
    private static final int SLICES = 3;
    private static final int WARM_UP_SLICES = 4;

    private Loops() {}

    /** A loop. One class for each, so that the JIT compiler compiles each for itself. */
    interface Loop {
        /**
         * Runs the loop for a moment.
         *
         * @param seed a value that differs from call to call
         * @return a value that depends on what was done
         */
        long run(long seed);
    }

    /**
     * Runs a loop on some threads at a time.
     *
     * @param loop the loop
     * @param threads the number of threads
     * @param millis the time of a slice
     * @return the nanoseconds of a thread's CPU time for a run: the median of three slices that follow the warm-up
     */
    static double nanos(Loop loop, int threads, long millis) throws InterruptedException {
        slice(loop, threads, millis * WARM_UP_SLICES);
        double[] slices = new double[SLICES];
        for (int i = 0; i < SLICES; i++) {
            slices[i] = slice(loop, threads, millis);
        }
        Arrays.sort(slices);
        return slices[SLICES / 2];
    }

    private static double slice(Loop loop, int threads, long millis) throws InterruptedException {
        ThreadMXBean times = ManagementFactory.getThreadMXBean();
        double[] each = new double[threads];
        long[] results = new long[threads];
        Thread[] running = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            int number = i;
            running[i] = new Thread(() -> {
                long runs = 0;
                long result = 0;
                long end = System.nanoTime() + millis * 1_000_000;
                long start = times.getCurrentThreadCpuTime();
                while (runs == 0 || System.nanoTime() < end) {
                    result += loop.run(runs++);
                }
                each[number] = (double) (times.getCurrentThreadCpuTime() - start) / runs;
                results[number] = result;
            });
        }
        for (Thread thread : running) {
            thread.start();
        }
        for (Thread thread : running) {
            thread.join();
        }
        if (Arrays.stream(results).sum() == 0) {
            throw new IllegalStateException("a loop did nothing");
        }
        return Arrays.stream(each).average().orElseThrow();
    }
}
