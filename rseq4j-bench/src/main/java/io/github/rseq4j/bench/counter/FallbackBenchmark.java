package io.github.rseq4j.bench.counter;

import io.github.rseq4j.percpu.PerCpuCounter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One addition on the fallback, beside LongAdder. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "-Drseq4j.registration=never")
public class FallbackBenchmark {
    private final PerCpuCounter counter = new PerCpuCounter();
    private final LongAdder adder = new LongAdder();

    /** Makes the counters. */
    public FallbackBenchmark() {}

    /** Adds to a per-CPU counter on the fallback. */
    @Benchmark
    public void add() {
        counter.add(3);
    }

    /** Adds to a LongAdder. */
    @Benchmark
    public void addLongAdder() {
        adder.add(3);
    }
}
