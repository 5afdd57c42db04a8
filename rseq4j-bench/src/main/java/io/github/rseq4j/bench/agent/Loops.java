package io.github.rseq4j.bench.agent;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;

/** Measures the CPU time of threads that run a loop. */
final class Loops {
    private static final int SLICES = 3;
    private static final int WARM_UP_SLICES = 4;
    /** Where thousands of methods are traced, the JIT compiler works for half a minute. */
    private static final int MOST_WARM_UPS = 10;
    /** The JIT compiler is idle if it compiles for less than this part of a slice. */
    private static final double IDLE = 0.03;

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
     * @return the nanoseconds of a thread's CPU time for a run: the median of three slices that follow the warm-up,
     *     which ends when the JIT compiler is idle, or after ten times its least duration
     */
    static double nanos(Loop loop, int threads, long millis) throws InterruptedException {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long compiled = 0;
        for (int i = 0; i < MOST_WARM_UPS; i++) {
            slice(loop, threads, millis * WARM_UP_SLICES);
            long earlier = compiled;
            compiled = compiler.getTotalCompilationTime();
            if (compiled - earlier < IDLE * millis * WARM_UP_SLICES) {
                break;
            }
        }
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
