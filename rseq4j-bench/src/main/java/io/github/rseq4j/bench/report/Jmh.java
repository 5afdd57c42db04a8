package io.github.rseq4j.bench.report;

import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Single runs of JMH's benchmarks: one method, one JVM. */
final class Jmh {
    private static final int ITERATIONS = 3;
    /** Avoids a warning of JMH in every JVM. */
    private static final String QUIET = "--sun-misc-unsafe-memory-access=allow";

    private Jmh() {}

    /**
     * Prepares a run.
     *
     * @param benchmark the class
     * @param method the method
     * @param threads the number of threads
     * @param warmUpMillis the duration of each iteration that warms up
     * @param millis the duration of each iteration that is measured
     */
    static ChainedOptionsBuilder options(Class<?> benchmark, String method, int threads, int warmUpMillis,
            int millis) {
        return new OptionsBuilder().include(benchmark.getName() + "." + method + "$").threads(threads).forks(1)
                .warmupIterations(ITERATIONS).warmupTime(TimeValue.milliseconds(warmUpMillis))
                .measurementIterations(ITERATIONS).measurementTime(TimeValue.milliseconds(millis))
                .jvmArgsAppend("--enable-native-access=ALL-UNNAMED", QUIET,
                        "-Djava.library.path=" + System.getProperty("java.library.path"))
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true);
    }

    /** Runs a method, and returns its nanoseconds. */
    static double nanos(ChainedOptionsBuilder options) throws RunnerException {
        return new Runner(options.build()).runSingle().getPrimaryResult().getScore();
    }
}
