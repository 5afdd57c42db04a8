package io.github.rseq4j.bench.counter;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One addition where libc registered the thread, or where this library did. The environment variable GLIBC_TUNABLES
 * chooses the owner, so OwnerReport runs this benchmark.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class OwnerBenchmark {
    /** The owner that the fork must have. */
    @Param({"LIBC", "OWN"})
    public String owner = "LIBC";

    private final PerCpuCounter counter = new PerCpuCounter();
    private long delta = 3;

    /** Creates the counter. */
    public OwnerBenchmark() {}

    /** Fails if another owner than the expected one registered the thread. */
    @Setup
    public void requireOwner() {
        String found = Rseq.availability().owner().name();
        if (!found.equals(owner)) {
            throw new IllegalStateException("owner=" + found + ", expected " + owner);
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
}
