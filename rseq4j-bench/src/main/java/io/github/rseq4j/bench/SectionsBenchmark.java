package io.github.rseq4j.bench;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.percpu.PerCpuByteStack;
import io.github.rseq4j.sections.LoadAddStoreStore;
import io.github.rseq4j.sections.LoadCbeqStoreAddLoadStore;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * A pop and a push of a list, and a push and a pop of a record of 24 bytes, beside two empty critical downcalls; and,
 * turn by turn, by {@link #main}, beside the same in C, which is compiled for it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class SectionsBenchmark {
    private static final int ROUNDS = 7;
    private static final int NODES = 8;
    private static final int RECORD_BYTES = 24;
    private static final MethodHandle POP = Engine.get().handle(LoadCbeqStoreAddLoadStore.RELAXED);
    private static final MethodHandle PUSH = Engine.get().handle(LoadAddStoreStore.RELAXED);

    private final long head = Cells.get().allocate(this, 1);
    private final MemorySegment nodes = Arena.global().allocate(NODES * 8L, 8);
    private final MemorySegment popped = Arena.global().allocate(8, 8);
    private final PerCpuByteStack records = new PerCpuByteStack(64 * (RECORD_BYTES + 8), RECORD_BYTES);
    private final MemorySegment record = MemorySegment.ofArray(new byte[RECORD_BYTES]);
    private final MemorySegment into = MemorySegment.ofArray(new byte[RECORD_BYTES]);
    private long delta = 3;

    /** Makes empty lists and stacks. */
    public SectionsBenchmark() {}

    /** Gives the list of the CPU that this runs on its nodes; a thread that moves on finds the others' empty. */
    @Setup
    public void fill() {
        for (int i = 0; i < NODES; i++) {
            push(nodes.address() + 8L * i);
        }
    }

    private void push(long node) {
        try {
            long status = (long) PUSH.invokeExact(head, node, 0L);
            if (status < 0) {
                Engine.get().complete(LoadAddStoreStore.RELAXED, status, head, node, 0);
            }
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** {@return the result of two empty critical downcalls} */
    @Benchmark
    public long twoEmpty() {
        return Empty.call(delta, delta) + Empty.call(delta, delta);
    }

    /**
     * Pops a node and pushes it again.
     *
     * @throws Throwable never
     */
    @Benchmark
    public void list() throws Throwable {
        long status = (long) POP.invokeExact(head, 0L, 0L, popped.address());
        if (status >= 0) {
            push(popped.get(ValueLayout.JAVA_LONG, 0));
        }
    }

    /** {@return the length of a record that is pushed and popped} */
    @Benchmark
    public int record() {
        return records.push(record) ? records.pop(into) : 0;
    }

    /**
     * Runs C and Java in turn and prints the medians.
     *
     * @param arguments none
     * @throws IOException when the program cannot be written, compiled or run
     * @throws InterruptedException when the thread is interrupted
     * @throws RunnerException when JMH fails
     */
    public static void main(String[] arguments) throws IOException, InterruptedException, RunnerException {
        Path folder = Files.createTempDirectory("rseq4j-sections");
        Path source = folder.resolve("sections.c");
        Path program = folder.resolve("sections");
        try (InputStream text = Objects.requireNonNull(SectionsBenchmark.class.getResourceAsStream("sections.c"))) {
            Files.copy(text, source);
        }
        output("gcc", "-O2", "-o", program.toString(), source.toString());
        double[][] nanos = new double[5][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            String[] inC = output(program.toString()).strip().split(" ", 2);
            nanos[0][round] = run("twoEmpty");
            nanos[1][round] = Double.parseDouble(inC[0]);
            nanos[2][round] = run("list");
            nanos[3][round] = Double.parseDouble(inC[1]);
            nanos[4][round] = run("record");
        }
        print("two empty critical downcalls", nanos[0]);
        print("list, pop and push, in C", nanos[1]);
        print("list, pop and push", nanos[2]);
        print("record of 24 bytes, push and pop, in C", nanos[3]);
        print("record of 24 bytes, push and pop", nanos[4]);
        Files.delete(program);
        Files.delete(source);
        Files.delete(folder);
    }

    private static void print(String what, double[] nanos) {
        Arrays.sort(nanos);
        System.out.printf(Locale.ROOT, "%-40s %6.2f ns (%.2f to %.2f)%n", what, nanos[nanos.length / 2], nanos[0],
                nanos[nanos.length - 1]);
    }

    private static double run(String benchmark) throws RunnerException {
        return new Runner(new OptionsBuilder().include(SectionsBenchmark.class.getName() + "." + benchmark + "$")
                .build()).runSingle().getPrimaryResult().getScore();
    }

    private static String output(String... command) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(command));
        Process process = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", words) + " ended with status " + process.exitValue());
        }
        return output;
    }
}
