package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Medians;
import io.github.rseq4j.bench.counter.OwnerBenchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * The cost of an addition by the owner of the thread's registration, libc or this library, measured by turns. The
 * environment of a JVM chooses the owner, so each fork has a launcher of its own.
 */
public final class OwnerReport {
    private static final int ROUNDS = 5;

    private OwnerReport() {}

    /**
     * Runs {@link OwnerBenchmark} with both owners by turns, and prints medians of all iterations.
     *
     * @param arguments none
     * @throws IOException if a launcher cannot be written
     * @throws RunnerException if JMH fails
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
            lines.add(String.format("%-6s LIBC %s, OWN %s ns", benchmark, Medians.text("%.2f", libc),
                    Medians.text("%.2f", own)));
        }
        lines.forEach(System.out::println);
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
