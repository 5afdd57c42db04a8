package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Medians;
import io.github.rseq4j.bench.trace.TracePeersBenchmark;
import io.github.rseq4j.bench.trace.TracerBenchmark;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures the cost of rseq4j's events beside other tracers: LTTng-UST's tracepoints in C, its agent for
 * java.util.logging, and JFR. Also measures how many events rseq4j and LTTng write to files. All are measured in turns;
 * the report has medians, with the least and the greatest value.
 */
public final class LttngReport {
    private static final String PROGRAM = "lttng";
    private static final String HEADER = "lttng-events.h";
    private static final String EVENTS = "rseq4j_peer:*";
    private static final List<Integer> THREADS = List.of(1, 2, 8);
    private static final int PROGRAM_MILLIS = 500;
    private static final int STREAM_MILLIS = 2000;
    /** With eight threads on two CPUs the JVM's compiler needs longer. */
    private static final int WARM_UP_MILLIS = 500;
    private static final int ITERATION_MILLIS = 200;
    private static final int ITERATIONS = 3;
    private static final int SHORT_MILLIS = 50;
    /** The rate of the streams that do not run as fast as possible. */
    private static final int EVENTS_A_SECOND = 1_000_000;

    private final Path home;
    private final LttngDaemon daemon;
    private final Plan plan;
    private final List<Table> tables = new ArrayList<>();

    /**
     * The plan of a report.
     *
     * @param isShort whether the run only checks that everything works
     * @param rounds the number of rounds
     * @param groups the groups
     */
    private record Plan(boolean isShort, int rounds, List<String> groups) {
        static final List<String> GROUPS = List.of("longs", "text", "log", "stream");

        static Plan of(List<String> arguments) {
            List<String> words = new ArrayList<>(arguments);
            boolean isShort = words.remove("short");
            int rounds = isShort ? 1 : 5;
            if (!words.isEmpty() && words.getFirst().matches("[1-9]\\d{0,3}")) {
                rounds = Integer.parseInt(words.removeFirst());
            }
            if (!GROUPS.containsAll(words)) {
                throw new IllegalArgumentException("arguments=" + arguments + ", expected [short] [ROUNDS] [GROUP...]"
                        + " with groups of " + GROUPS);
            }
            return new Plan(isShort, rounds, words.isEmpty() ? GROUPS : words);
        }

        List<Integer> threads() {
            return isShort ? THREADS.subList(0, 1) : THREADS;
        }

        int millis(int full) {
            return isShort ? SHORT_MILLIS : full;
        }
    }

    /** The output of the program in C. */
    private record Emitted(long events, double nanos) {}

    /**
     * The figures of a group, by row and column, round by round.
     *
     * @param title the title
     * @param columns the columns' names
     * @param rows the figures
     */
    private record Table(String title, List<String> columns, Map<String, List<List<Double>>> rows) {
        Table(String title, List<String> columns) {
            this(title, columns, new LinkedHashMap<>());
        }

        /** Adds values to a row, from a column on. */
        void add(String row, int column, double... values) {
            List<List<Double>> cells = rows.computeIfAbsent(row,
                    _ -> columns.stream().<List<Double>>map(_ -> new ArrayList<>()).toList());
            for (int i = 0; i < values.length; i++) {
                cells.get(column + i).add(values[i]);
            }
        }

        void print() {
            System.out.printf("%-44s", title);
            columns.forEach(column -> System.out.printf(" %27s", column));
            System.out.println();
            rows.forEach((row, cells) -> {
                System.out.printf("%-44s", row);
                cells.forEach(cell -> System.out.printf(" %27s", text(cell)));
                System.out.println();
            });
            System.out.println();
        }

        private static String text(List<Double> values) {
            double median = Medians.of(values);
            return median >= 1e6
                    ? Medians.text("%,.2f", values.stream().map(value -> value / 1e6).toList()).replaceFirst(" ", "M ")
                    : Medians.text(median >= 1e3 ? "%,.0f" : "%.1f", values);
        }
    }

    private LttngReport(Path home, LttngDaemon daemon, Plan plan) {
        this.home = home;
        this.daemon = daemon;
        this.plan = plan;
        List<String> threads = plan.threads().stream().map(n -> n + (n == 1 ? " thread" : " threads")).toList();
        for (String group : plan.groups()) {
            tables.add(switch (group) {
                case "longs" -> new Table("ns an event with two longs", threads);
                case "text" -> new Table("ns an event with 32 characters", threads);
                case "log" -> new Table("ns a java.util.logging record", threads);
                default -> new Table("to files, two longs", List.of("events arrived a second", "% discarded",
                        "% of a CPU in its consumer", "bytes an event"));
            });
        }
    }

    /**
     * Runs the report; or, with a folder as the first argument, is the JVM that measures in it.
     *
     * @param arguments {@code [short] [ROUNDS] [longs | text | log | stream]...}: a short run, which only checks that
     *     everything works; the number of rounds (default 5); the groups (default all)
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        List<String> words = new ArrayList<>(List.of(arguments));
        if (words.isEmpty() || !words.getFirst().startsWith("/")) {
            try {
                Plan.of(words);
            } catch (IllegalArgumentException e) {
                System.err.println(e.getMessage());
                System.exit(2);
            }
            System.exit(LttngHome.run(LttngReport.class.getName(), words));
        }
        Thread.ofPlatform().daemon().start(LttngReport::endWithInput);
        Path home = Path.of(words.removeFirst());
        try (LttngDaemon daemon = new LttngDaemon(home)) {
            new LttngReport(home, daemon, Plan.of(words)).report();
        }
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // It is not used.
            }
        } catch (IOException e) {
            System.err.println(e.getMessage());
        }
        System.exit(1);
    }

    private void report() throws IOException, InterruptedException, RunnerException {
        compile();
        for (int round = 0; round < plan.rounds(); round++) {
            for (int i = 0; i < tables.size(); i++) {
                measure(plan.groups().get(i), tables.get(i));
            }
        }
        tables.forEach(Table::print);
    }

    private void compile() throws IOException, InterruptedException {
        for (String name : List.of(PROGRAM + ".c", HEADER)) {
            try (InputStream text = Objects.requireNonNull(LttngReport.class.getResourceAsStream(name))) {
                Files.copy(text, home.resolve(name));
            }
        }
        Commands.output("gcc", "-O2", "-pthread", "-I" + home, "-o", home.resolve(PROGRAM).toString(),
                home.resolve(PROGRAM + ".c").toString(), "-llttng-ust", "-ldl");
    }

    /** Measures a group once, rseq4j and the other tracers in turns. */
    private void measure(String group, Table table) throws IOException, InterruptedException, RunnerException {
        if (group.equals("stream")) {
            streamBoth(table, "1 thread, " + EVENTS_A_SECOND + " a second", 1, EVENTS_A_SECOND);
            streamBoth(table, "1 thread, as fast as it can", 1, 0);
            if (!plan.isShort()) {
                streamBoth(table, "2 threads, as fast as they can", 2, 0);
            }
            return;
        }
        for (int column = 0; column < plan.threads().size(); column++) {
            int threads = plan.threads().get(column);
            switch (group) {
                case "longs" -> {
                    table.add("time stamp counter, in C", column, emit("cycles", threads, PROGRAM_MILLIS, 0).nanos());
                    table.add("clock_gettime, in C", column, emit("clock", threads, PROGRAM_MILLIS, 0).nanos());
                    table.add("empty critical downcall", column, jmh("empty", threads));
                    table.add("time stamp counter, in a critical downcall", column, jmh("timestamp", threads));
                    table.add("System.nanoTime", column, jmh("nanoTime", threads));
                    table.add("LTTng-UST tracepoint, in C", column, tracepoint("longs", threads));
                    table.add("JFR event", column, jmh("jfrLongs", threads));
                    table.add("rseq4j event", column, tracer("longs", threads));
                    table.add("rseq4j event, disabled", column, tracer("disabled", threads));
                    table.add("nothing", column, tracer("nothing", threads));
                }
                case "text" -> {
                    table.add("LTTng-UST tracepoint, in C", column, tracepoint("text", threads));
                    table.add("JFR event", column, jmh("jfrText", threads));
                    table.add("rseq4j event", column, tracer("text", threads));
                    table.add("rseq4j event with two longs", column, tracer("longs", threads));
                }
                default -> {
                    table.add("to a handler that does nothing", column, log("silent", threads));
                    table.add("to a StreamHandler to nowhere", column, log("stream", threads));
                    table.add("to TraceLogHandler", column, log("rseq4j", threads));
                    table.add("to LTTng's agent", column, daemon.recorded("--jul", TracePeersBenchmark.LOGGER,
                            () -> log("lttng", threads)));
                }
            }
        }
    }

    private double tracepoint(String what, int threads) throws IOException, InterruptedException, RunnerException {
        return daemon.recorded("--userspace", EVENTS, () -> emit(what, threads, PROGRAM_MILLIS, 0)).nanos();
    }

    private Emitted emit(String what, int threads, int millis, int eventsASecond)
            throws IOException, InterruptedException {
        String[] said = Commands.output(home.resolve(PROGRAM).toString(), what, Integer.toString(threads),
                Integer.toString(plan.millis(millis)), Integer.toString(eventsASecond)).strip().split(" ", 2);
        return new Emitted(Long.parseLong(said[0]), Double.parseDouble(said[1]));
    }

    private void stream(Table table, String how, int threads, int eventsASecond)
            throws IOException, InterruptedException, RunnerException {
        LttngDaemon.Streamed<Emitted> streamed = daemon.streamed(EVENTS,
                () -> emit("longs", threads, STREAM_MILLIS, eventsASecond));
        long emitted = streamed.result().events();
        // The client's number of discarded events is not used: once it was more than 2^63.
        if (streamed.arrived() == 0 || streamed.arrived() > emitted) {
            throw new IllegalStateException("emitted=" + emitted + " but " + streamed);
        }
        double seconds = emitted * streamed.result().nanos() / threads / 1e9;
        table.add(how, 0, streamed.arrived() / seconds, 100.0 * (emitted - streamed.arrived()) / emitted,
                100 * streamed.cpuSeconds() / seconds, (double) streamed.bytes() / streamed.arrived());
    }

    private void streamBoth(Table table, String how, int threads, int eventsASecond)
            throws IOException, InterruptedException, RunnerException {
        stream(table, "LTTng-UST, " + how, threads, eventsASecond);
        TracerStream.Streamed ours = TracerStream.run(home, threads, plan.millis(STREAM_MILLIS), eventsASecond);
        table.add("rseq4j, " + how, 0, ours.arrived() / ours.seconds(), 100.0 * ours.discarded() / ours.emitted(),
                100 * ours.cpuSeconds() / ours.seconds(), (double) ours.bytes() / ours.arrived());
    }

    private double log(String handler, int threads) throws IOException, RunnerException {
        return jmh(options(TracePeersBenchmark.class, "log", threads).param("handler", handler));
    }

    private double jmh(String method, int threads) throws IOException, RunnerException {
        return jmh(options(TracePeersBenchmark.class, method, threads));
    }

    private double tracer(String method, int threads) throws IOException, RunnerException {
        return jmh(options(TracerBenchmark.class, method, threads));
    }

    /** Runs a method of a benchmark, and returns its nanoseconds. */
    private static double jmh(ChainedOptionsBuilder options) throws RunnerException {
        return new Runner(options.build()).runSingle().getPrimaryResult().getScore();
    }

    private ChainedOptionsBuilder options(Class<?> benchmark, String method, int threads) throws IOException {
        TimeValue warmUp = TimeValue.milliseconds(plan.millis(WARM_UP_MILLIS));
        TimeValue time = TimeValue.milliseconds(plan.millis(ITERATION_MILLIS));
        return new OptionsBuilder().include(benchmark.getName() + "." + method + "$").threads(threads)
                .forks(1).warmupIterations(ITERATIONS).warmupTime(warmUp).measurementIterations(ITERATIONS)
                .measurementTime(time).jvmArgsAppend("--enable-native-access=ALL-UNNAMED", LttngHome.QUIET,
                        "-Djava.library.path=" + LttngHome.nativeFolder())
                .verbosity(VerboseMode.SILENT).shouldFailOnError(true);
    }
}
