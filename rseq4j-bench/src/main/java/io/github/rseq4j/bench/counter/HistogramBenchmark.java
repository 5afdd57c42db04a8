package io.github.rseq4j.bench.counter;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.percpu.PerCpuHistogram;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Recorder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Recording a value, beside HdrHistogram's concurrent histograms and the empty critical downcall. All have the same
 * values and the same resolution.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class HistogramBenchmark {
    private static final long HOUR_NANOS = TimeUnit.HOURS.toNanos(1);
    /** HdrHistogram keeps two decimal digits in 256 buckets below its first power of two; 7 bits are as many. */
    private static final int DIGITS = 2;
    private static final int BITS = 7;

    private final PerCpuHistogram histogram = new PerCpuHistogram(HOUR_NANOS, BITS);
    private final ConcurrentHistogram concurrent = new ConcurrentHistogram(HOUR_NANOS, DIGITS);
    private final Recorder recorder = new Recorder(HOUR_NANOS, DIGITS);

    /** The values of one thread: 1 microsecond to 1 millisecond, each factor of ten equally often. */
    @State(Scope.Thread)
    public static class Values {
        private static final int SIZE = 1024;

        private final long[] nanos = new long[SIZE];
        private int next;

        /** Creates the same values for each thread. */
        public Values() {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < SIZE; i++) {
                nanos[i] = (long) Math.pow(10, random.nextDouble(3, 6));
            }
        }

        long next() {
            next = next + 1 & SIZE - 1;
            return nanos[next];
        }
    }

    /**
     * Reads a value, and does nothing else.
     *
     * @param values the values
     * @return one of them
     */
    @Benchmark
    public long value(Values values) {
        return values.next();
    }

    /**
     * Passes a value to an empty critical downcall.
     *
     * @param values the values
     * @return its result
     */
    @Benchmark
    public long empty(Values values) {
        long value = values.next();
        return Empty.call(value, value);
    }

    /**
     * Records a value in a per-CPU histogram.
     *
     * @param values the values
     */
    @Benchmark
    public void record(Values values) {
        histogram.record(values.next());
    }

    /**
     * Records a value in HdrHistogram's concurrent histogram.
     *
     * @param values the values
     */
    @Benchmark
    public void recordConcurrentHistogram(Values values) {
        concurrent.recordValue(values.next());
    }

    /**
     * Records a value in HdrHistogram's recorder, whose histogram can be taken like a snapshot of PerCpuHistogram.
     *
     * @param values the values
     */
    @Benchmark
    public void recordRecorder(Values values) {
        recorder.recordValue(values.next());
    }
}
