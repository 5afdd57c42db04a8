package io.github.rseq4j.bench.report;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.bench.Medians;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The time of the first update of a counter and of the first event of a tracer in a fresh JVM, beside the first
 * critical downcall in another fresh JVM, each without and with an AOT cache of the same program. The JVMs run by
 * turns, and measure the time themselves.
 */
@SuppressWarnings("restricted")
public final class StartupReport {
    private static final int RUNS = 21;
    private static final String FOLDER = "rseq4j.startup.folder";
    private static final List<String> KINDS = List.of("downcall", "counter", "event");

    private StartupReport() {}

    /** The events of the tracer that is measured. */
    interface Events {
        /** Records two longs. */
        void happened(@Field("first") long first, @Field("second") long second);
    }

    /**
     * Runs the report. With the name of a measurement, runs as one of its JVMs.
     *
     * @param arguments none, or the number of JVMs of each kind (21), or {@code downcall}, {@code counter} or
     *     {@code event}
     * @throws Throwable if a measurement fails
     */
    public static void main(String[] arguments) throws Throwable {
        if (arguments.length == 0 || !KINDS.contains(arguments[0])) {
            report(arguments.length == 0 ? RUNS : Integer.parseInt(arguments[0]));
            return;
        }
        long start = System.nanoTime();
        switch (arguments[0]) {
            case "downcall" -> downcall();
            case "counter" -> new PerCpuCounter().increment();
            default -> {
                // The tracer stays open: its end is not measured.
                Tracer tracer = Tracer.flightRecorder(Path.of(System.getProperty(FOLDER)));
                tracer.probes(Events.class).happened(1, 2);
            }
        }
        long nanos = System.nanoTime() - start;
        if (!arguments[0].equals("downcall") && !Rseq.availability().available()) {
            throw new IllegalStateException(Rseq.availability().reason());
        }
        System.out.println(nanos);
    }

    private static void downcall() throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle function = linker.downcallHandle(linker.defaultLookup().find("labs").orElseThrow(),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
                Linker.Option.critical(false));
        long _ = (long) function.invokeExact(-1L, 0L);
    }

    /**
     * A kind of JVMs.
     *
     * @param kind the measurement
     * @param cache the AOT cache, or null if none is used
     * @param millis the results, in the order of the turns
     */
    private record Row(String kind, @Nullable Path cache, List<Double> millis) {
        String name() {
            return "first " + kind + (cache == null ? "" : ", AOT cache");
        }

        List<String> options() {
            return cache == null ? List.of() : List.of("-XX:AOTMode=on", "-XX:AOTCache=" + cache);
        }
    }

    private static void report(int runs) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("rseq4j-startup");
        try {
            List<Row> plain = new ArrayList<>();
            List<Row> cached = new ArrayList<>();
            for (String kind : KINDS) {
                Path cache = folder.resolve(kind + ".aot");
                run(folder.resolve(kind + "-training"), kind, List.of("-XX:AOTCacheOutput=" + cache));
                plain.add(new Row(kind, null, new ArrayList<>()));
                cached.add(new Row(kind, cache, new ArrayList<>()));
            }
            for (int i = 0; i < runs; i++) {
                for (int k = 0; k < KINDS.size(); k++) {
                    for (Row row : List.of(plain.get(k), cached.get(k))) {
                        row.millis.add(run(folder.resolve(row.name() + i), row.kind, row.options()));
                    }
                }
            }
            print(plain);
            print(cached);
        } finally {
            Folders.delete(folder);
        }
    }

    /** Prints rows, the first of which is the downcall. */
    private static void print(List<Row> rows) {
        for (Row row : rows) {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < row.millis.size(); i++) {
                ratios.add(row.millis.get(i) / rows.getFirst().millis.get(i));
            }
            System.out.printf("%-26s %s ms, of the downcall in the same turn %s%n", row.name(),
                    Medians.text("%.1f", row.millis), Medians.text("%.2f", ratios));
        }
    }

    /**
     * Runs a JVM and returns the milliseconds that it measured. It gets no option but these: an option that opens a
     * module takes the JDK's own archive of modules away.
     */
    private static double run(Path folder, String kind, List<String> options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-D" + FOLDER + "=" + folder));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), StartupReport.class.getName(), kind));
        String output = Commands.output(command.toArray(String[]::new));
        return Long.parseLong(output.lines().filter(line -> line.matches("[0-9]+")).findFirst().orElseThrow()) / 1e6;
    }
}
