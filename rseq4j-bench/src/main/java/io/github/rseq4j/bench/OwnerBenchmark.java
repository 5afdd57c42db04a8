package io.github.rseq4j.bench;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
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
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * One addition where libc registered and where this library did, turn by turn: glibc's tunable is a variable of the
 * environment, so {@link #main} gives each fork a launcher of its own.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class OwnerBenchmark {
    private static final int ROUNDS = 5;

    /** The owner that the fork must find. */
    @Param({"LIBC", "OWN"})
    public String owner = "LIBC";

    private final PerCpuCounter counter = new PerCpuCounter();
    private long delta = 3;

    /** Makes the counter. */
    public OwnerBenchmark() {}

    /** Refuses to measure another owner than is said. */
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

    /**
     * Runs both owners in turn and prints medians of all iterations.
     *
     * @param arguments none
     * @throws IOException when no launcher can be written
     * @throws RunnerException when JMH fails
     */
    public static void main(String[] arguments) throws IOException, RunnerException {
        List<String> lines = new ArrayList<>();
        for (String benchmark : List.of("empty", "add")) {
            List<Double> libc = new ArrayList<>();
            List<Double> own = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                libc.addAll(run(benchmark, "LIBC"));
                own.addAll(run(benchmark, "OWN"));
            }
            lines.add(String.format(Locale.ROOT, "%-6s LIBC %s, OWN %s", benchmark, summary(libc), summary(own)));
        }
        lines.forEach(System.out::println);
    }

    private static String summary(List<Double> values) {
        Collections.sort(values);
        return String.format(Locale.ROOT, "%.2f ns (%.2f to %.2f)", values.get(values.size() / 2), values.getFirst(),
                values.getLast());
    }

    private static List<Double> run(String benchmark, String owner) throws IOException, RunnerException {
        Path launcher = Files.createTempFile("java", ".sh");
        try {
            Files.writeString(launcher, "#!/bin/sh\n" + (owner.equals("OWN")
                    ? "export GLIBC_TUNABLES=glibc.pthread.rseq=0\n" : "") + "exec "
                    + Path.of(System.getProperty("java.home"), "bin", "java") + " \"$@\"\n");
            if (!launcher.toFile().setExecutable(true)) {
                throw new IOException(launcher + " cannot be made executable");
            }
            RunResult result = new Runner(new OptionsBuilder()
                    .include(OwnerBenchmark.class.getName() + "." + benchmark + "$").param("owner", owner)
                    .jvm(launcher.toString()).build()).runSingle();
            return values(result);
        } finally {
            Files.delete(launcher);
        }
    }

    private static List<Double> values(RunResult result) {
        List<Double> values = new ArrayList<>();
        result.getPrimaryResult().getStatistics().getRawData().forEachRemaining(entry -> {
            for (long i = 0; i < entry.getValue(); i++) {
                values.add(entry.getKey());
            }
        });
        return values;
    }
}
