package io.github.rseq4j.bench.report;

import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Single runs of JMH's benchmarks: one method, one JVM. */
public final class Jmh {
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
     * @return the options, which run three iterations of each kind in one JVM
     */
    public static ChainedOptionsBuilder options(Class<?> benchmark, String method, int threads, int warmUpMillis,
            int millis) {
        // Two users may measure at a time; the load of the machine is in each report.
        System.setProperty("jmh.ignoreLock", "true");
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

    /**
     * Runs a method.
     *
     * @param options its options, with one JVM
     * @return the nanoseconds of each measured iteration
     * @throws RunnerException if JMH or the method fails
     */
    public static double[] iterations(ChainedOptionsBuilder options) throws RunnerException {
        return new Runner(options.build()).runSingle().getBenchmarkResults().stream()
                .flatMap(jvm -> jvm.getIterationResults().stream())
                .mapToDouble(iteration -> iteration.getPrimaryResult().getScore()).toArray();
    }

    /**
     * Returns why a run failed.
     *
     * @param failure what JMH has thrown, which is often a list of failures without a message of its own
     * @return the message of the first failure
     */
    public static String cause(RunnerException failure) {
        Throwable first = failure;
        while (first.getCause() != null || first.getSuppressed().length > 0) {
            first = first.getCause() != null ? first.getCause() : first.getSuppressed()[0];
        }
        return String.valueOf(first.getMessage());
    }
}
