package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.bench.Medians;
import io.github.rseq4j.bench.section.StackBenchmark;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** The cost of {@link StackBenchmark}'s operations and of the same sections in C, measured by turns. Needs gcc. */
public final class StackReport {
    private static final int ROUNDS = 7;

    private StackReport() {}

    /**
     * Runs C and Java by turns, and prints the medians.
     *
     * @param arguments none
     * @throws IOException if the program in C cannot be written, compiled or run
     * @throws InterruptedException if this thread is interrupted
     * @throws RunnerException if JMH fails
     */
    public static void main(String[] arguments) throws IOException, InterruptedException, RunnerException {
        Path folder = Files.createTempDirectory("rseq4j-stack");
        try {
            report(folder);
        } finally {
            Folders.delete(folder);
        }
    }

    private static void report(Path folder) throws IOException, InterruptedException, RunnerException {
        String program = compiled(folder).toString();
        double[][] nanos = new double[5][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            nanos[0][round] = run("twoEmpty");
            nanos[1][round] = inC(program, "list");
            nanos[2][round] = run("list");
            nanos[3][round] = inC(program, "record");
            nanos[4][round] = run("record");
        }
        print("two empty critical downcalls", nanos[0]);
        print("list, pop and push, in C", nanos[1]);
        print("list, pop and push", nanos[2]);
        print("record of 24 bytes, push and pop, in C", nanos[3]);
        print("record of 24 bytes, push and pop", nanos[4]);
    }

    /**
     * Compiles {@code stack.c}, whose comment tells what the program measures.
     *
     * @param folder the folder of the program
     * @return the program
     * @throws IOException if gcc is missing or fails
     * @throws InterruptedException if this thread is interrupted
     */
    public static Path compiled(Path folder) throws IOException, InterruptedException {
        if (!Commands.has("gcc")) {
            throw new IOException("gcc is not on the PATH; install it to measure sections in C");
        }
        Path source = folder.resolve("stack.c");
        Path program = folder.resolve("stack");
        try (InputStream text = Objects.requireNonNull(StackReport.class.getResourceAsStream("stack.c"))) {
            Files.copy(text, source);
        }
        Commands.output("gcc", "-O2", "-o", program.toString(), source.toString());
        return program;
    }

    private static double inC(String program, String operation) throws IOException, InterruptedException {
        return Medians.of(Commands.output(program, operation).lines().map(Double::valueOf).toList());
    }

    private static void print(String what, double[] nanos) {
        System.out.printf("%-40s %s ns%n", what, Medians.text("%.2f", nanos));
    }

    private static double run(String benchmark) throws RunnerException {
        return new Runner(new OptionsBuilder().include(StackBenchmark.class.getName() + "." + benchmark + "$")
                .build()).runSingle().getPrimaryResult().getScore();
    }
}
