package io.github.rseq4j.bench.counter;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.percpu.FusedCounters;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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

/** One addition, and several additions in one call, beside LongAdder and the empty critical downcall. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class CounterBenchmark {
    private final PerCpuCounter counter = new PerCpuCounter();
    private final PerCpuCounters block = new PerCpuCounters(8);
    private final FusedCounters three = block.fused(0, 1, 2);
    private final FusedCounters four = block.fused(0, 1, 2, 3);
    private final FusedCounters eight = block.fused(0, 1, 2, 3, 4, 5, 6, 7);
    private final LongAdder adder = new LongAdder();
    private final LongAdder[] adders = new LongAdder[8];
    private final AtomicLong atomic = new AtomicLong();
    private final int[] indices = {0, 1, 2, 3, 4, 5, 6, 7};
    private final long[] deltas = {1, 2, 3, 4, 5, 6, 7, 8};
    private long delta = 3;

    /** Creates the peers. */
    public CounterBenchmark() {
        for (int i = 0; i < adders.length; i++) {
            adders[i] = new LongAdder();
        }
    }

    /** {@return the result of an empty critical downcall} */
    @Benchmark
    public long empty() {
        return Empty.call(delta, delta);
    }

    /** Adds to a per-CPU counter. */
    @Benchmark
    public void add() {
        counter.add(delta);
    }

    /** Adds to a LongAdder. */
    @Benchmark
    public void addLongAdder() {
        adder.add(delta);
    }

    /** Adds to an AtomicLong. */
    @Benchmark
    public void addAtomicLong() {
        atomic.addAndGet(delta);
    }

    /** Adds to three counters in one call. */
    @Benchmark
    public void fused3() {
        three.add(delta, delta + 1, delta + 2);
    }

    /** Adds to three LongAdders. */
    @Benchmark
    public void fused3LongAdder() {
        adders[0].add(delta);
        adders[1].add(delta + 1);
        adders[2].add(delta + 2);
    }

    /** Adds to four counters in one call. */
    @Benchmark
    public void fused4() {
        four.add(delta, delta + 1, delta + 2, delta + 3);
    }

    /** Adds to four LongAdders. */
    @Benchmark
    public void fused4LongAdder() {
        adders[0].add(delta);
        adders[1].add(delta + 1);
        adders[2].add(delta + 2);
        adders[3].add(delta + 3);
    }

    /** Adds to eight counters in one call. */
    @Benchmark
    public void fused8() {
        eight.add(delta, delta + 1, delta + 2, delta + 3, delta + 4, delta + 5, delta + 6, delta + 7);
    }

    /** Adds to eight LongAdders. */
    @Benchmark
    public void fused8LongAdder() {
        adders[0].add(delta);
        adders[1].add(delta + 1);
        adders[2].add(delta + 2);
        adders[3].add(delta + 3);
        adders[4].add(delta + 4);
        adders[5].add(delta + 5);
        adders[6].add(delta + 6);
        adders[7].add(delta + 7);
    }

    /** Adds numbers of an array to eight bound counters, in one call. */
    @Benchmark
    public void fused8Array() {
        eight.add(deltas);
    }

    /** Adds to eight counters that an array names, in one call. */
    @Benchmark
    public void fused8Arrays() {
        block.add(indices, deltas);
    }

    /** Adds to eight LongAdders that an array names. */
    @Benchmark
    public void fused8ArraysLongAdder() {
        for (int i = 0; i < adders.length; i++) {
            adders[indices[i]].add(deltas[i]);
        }
    }
}
