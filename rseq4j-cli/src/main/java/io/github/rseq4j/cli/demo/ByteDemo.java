package io.github.rseq4j.cli.demo;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.cli.io.Table;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** {@code demo --bytes}: many virtual threads count every byte of files, in per-CPU counters and in their peers. */
final class ByteDemo {
    private static final int ROUNDS = 3;
    private static final int TOP = 8;
    private static final long BYTES_PER_MB = 1_000_000;
    private static final double NANOS_PER_SECOND = 1e9;

    private final List<Supplier<ByteCount>> contestants;

    /**
     * Creates the demo.
     *
     * @param contestants make a contestant for each round
     */
    ByteDemo(List<Supplier<ByteCount>> contestants) {
        this.contestants = List.copyOf(contestants);
    }

    /** Returns the contestants: per-CPU counters and their peers. */
    static List<Supplier<ByteCount>> peers() {
        return List.of(ByteCount.PerCpu::new, ByteCount.Adders::new, ByteCount.Atomics::new);
    }

    /**
     * Counts the bytes of files.
     *
     * @param given files and folders; if there are none, the JDK's lib/modules
     * @param out the output
     * @return the exit status
     */
    int run(List<Path> given, PrintWriter out) throws InterruptedException {
        Input input = new Input(given.isEmpty()
                ? List.of(Path.of(System.getProperty("java.home"), "lib", "modules")) : given);
        Rseq.Availability availability = Rseq.availability();
        out.printf(Locale.ROOT, "%s in %s, read by %s on %s; one update for each byte, and one for each line%n",
                amount(input.bytes(), "byte"), amount(input.files(), "file"),
                amount(input.segments(), "virtual thread"), amount(Runtime.getRuntime().availableProcessors(), "CPU"));
        out.println("per-CPU counters run on " + (availability.available() ? "rseq, owner " + availability.owner()
                + ", index " + availability.index() : "the fallback: " + availability.reason()));
        out.flush();
        Map<String, List<Long>> nanos = new LinkedHashMap<>();
        List<String> wrong = new ArrayList<>();
        long[] expected = run(input, nanos, wrong);
        table(out, expected, input.bytes());
        speeds(out, nanos, input.bytes(), expected[ByteCount.VALUES]);
        for (String each : wrong) {
            out.println("DIFFERS: " + each);
        }
        out.println(wrong.isEmpty() ? "check: every count agrees with the count of one thread, in " + ROUNDS + " rounds"
                : "check: failed");
        out.flush();
        return wrong.isEmpty() ? ExitStatus.OK : ExitStatus.BAD;
    }

    private static String amount(long n, String what) {
        return number("%,d ", n) + (n == 1 ? what : what + "s");
    }

    private long[] run(Input input, Map<String, List<Long>> nanos, List<String> wrong)
            throws InterruptedException {
        try (Progress progress = Progress.ofBytes("counting",
                input.bytes() * (1 + (long) ROUNDS * contestants.size()))) {
            ByteCount alone = new ByteCount.Plain();
            progress.say(alone.name());
            input.countAlone(alone, progress);
            for (int round = 0; round < ROUNDS; round++) {
                for (Supplier<ByteCount> contestant : contestants) {
                    ByteCount count = contestant.get();
                    progress.say(count.name());
                    long start = System.nanoTime();
                    input.countTogether(count, progress);
                    nanos.computeIfAbsent(count.name(), _ -> new ArrayList<>()).add(System.nanoTime() - start);
                    compare(count, alone.counts(), wrong);
                }
            }
            return alone.counts();
        }
    }

    private static void compare(ByteCount count, long[] expected, List<String> wrong) {
        long[] counts = count.counts();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] != expected[i]) {
                wrong.add(count.name() + ", " + (i < ByteCount.VALUES ? "byte value " + i : "lines") + ": counted="
                        + counts[i] + ", expected=" + expected[i]);
            }
        }
    }

    private static void table(PrintWriter out, long[] counts, long bytes) {
        Table table = new Table(">>>>", "value", "char", "count", "share");
        IntStream.range(0, ByteCount.VALUES).filter(i -> counts[i] > 0).boxed()
                .sorted(Comparator.comparingLong(i -> -counts[i])).limit(TOP)
                .forEach(i -> table.row("0x%02x".formatted(i),
                        i >= ' ' && i < 0x7f ? "'" + (char) i.intValue() + "'" : "", number("%,d", counts[i]),
                        number("%.2f%%", 100.0 * counts[i] / bytes)));
        table.row("lines", "", number("%,d", counts[ByteCount.VALUES]), "");
        out.println();
        table.print(out);
    }

    private static String number(String format, Object number) {
        return String.format(Locale.ROOT, format, number);
    }

    private static void speeds(PrintWriter out, Map<String, List<Long>> nanos, long bytes, long lines) {
        Table table = new Table("<>>><", "", "MB/s", "ns/update", "relative time",
                "median of " + ROUNDS + " rounds");
        double first = median(nanos.values().iterator().next());
        nanos.forEach((name, each) -> {
            double median = median(each);
            String range = String.format(Locale.ROOT, "%.2f to %.2f s",
                    each.stream().mapToLong(n -> n).min().orElse(0) / NANOS_PER_SECOND,
                    each.stream().mapToLong(n -> n).max().orElse(0) / NANOS_PER_SECOND);
            table.row(name, number("%.0f", (double) bytes / BYTES_PER_MB / (median / NANOS_PER_SECOND)),
                    number("%.2f", median / (bytes + lines)), number("%.2f", median / first), range);
        });
        out.println();
        table.print(out);
        out.println("(ns/update: elapsed time divided by the updates of all threads)");
    }

    private static double median(List<Long> values) {
        long[] sorted = values.stream().mapToLong(n -> n).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
