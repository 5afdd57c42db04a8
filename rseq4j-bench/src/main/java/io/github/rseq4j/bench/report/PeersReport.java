package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.trace.Peer;
import io.github.rseq4j.bench.trace.PeerBenchmark;
import io.github.rseq4j.bench.trace.TracePeersBenchmark;
import io.github.rseq4j.bench.trace.TracerBenchmark;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.runner.RunnerException;

/**
 * Measures rseq4j's tracer beside its peers: LTTng-UST as installed and as Debian's newest suite has it, JFR,
 * async-profiler's spans, OpenTelemetry and asynchronous Log4j. Measures the cost of an event, a span and a text, and
 * how many records reach files. All are measured in turns; the report has medians, with the least and the greatest
 * value. A peer that cannot be measured has a row with the reason.
 */
public final class PeersReport {
    private static final List<String> OURS = List.of("rseq4j", "rseq4j-unordered", Peer.BLOCKING);
    /** The peers that write files. The order of time hardly matters to them. */
    private static final List<String> STREAMING = Stream.concat(Stream.of("rseq4j", Peer.BLOCKING),
            Peer.NAMES.stream().filter(peer -> !OURS.contains(peer))).toList();
    private static final int PROGRAM_MILLIS = 500;
    private static final int STREAM_MILLIS = 1500;
    private static final int BYTES_MILLIS = 500;
    /** With eight threads on two CPUs the JVM's compiler needs longer. */
    private static final int WARM_UP_MILLIS = 300;
    private static final int ITERATION_MILLIS = 200;
    /** The rate of the streams that do not run as fast as possible. */
    private static final int A_SECOND = 1_000_000;
    /** The rate at which no peer loses a record. */
    private static final int SLOWLY = 100_000;

    private final PeersPlan plan;
    private final Map<String, Table> tables = new LinkedHashMap<>();
    private final List<LttngChild> lttngs = new ArrayList<>();

    private PeersReport(PeersPlan plan) {
        this.plan = plan;
        List<String> threads = plan.threads().stream().map(n -> n + (n == 1 ? " thread" : " threads")).toList();
        for (String group : plan.groups()) {
            tables.put(group, switch (group) {
                case "clock" -> new Table("ns a clock read, and the least costs", threads);
                case "longs" -> new Table("ns an event with two longs", threads);
                case "span" -> new Table("ns a span, begin and end", threads);
                case "text" -> new Table("ns an event with 32 characters", threads);
                case "log" -> new Table("ns a java.util.logging record", threads);
                case "bytes" -> new Table("bytes in files", List.of("two longs", "span", "32 characters"));
                default -> new Table("to files", List.of("arrived a second", "% lost",
                        "% of a CPU in its consumer", "bytes each"));
            });
        }
    }

    /**
     * Runs the report.
     *
     * @param arguments {@code [short] [ROUNDS] [MINUTESm] [GROUP]...}: see {@link PeersPlan}
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        PeersPlan plan;
        try {
            plan = PeersPlan.of(List.of(arguments));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        PeersReport report = new PeersReport(plan);
        report.startLttng();
        int rounds = report.measure();
        System.out.println(PeersPlan.machine() + "; " + rounds + " rounds\n");
        report.tables.values().forEach(Table::print);
        System.exit(0);
    }

    /** Starts what there is of LTTng; what is missing gets rows with the reason. */
    private void startLttng() throws IOException, InterruptedException {
        try {
            lttngs.add(LttngChild.installed());
        } catch (LttngChild.Missing e) {
            addMissing("LTTng-UST as installed", e);
        }
        try {
            lttngs.add(LttngChild.newest());
        } catch (LttngChild.Missing e) {
            addMissing("LTTng-UST of Debian's newest suite", e);
        }
    }

    private void addMissing(String row, Exception reason) {
        tables.forEach((group, table) -> {
            if (!group.equals("clock")) {
                table.addMissing(row, reason);
            }
        });
    }

    /** Measures round by round while there is time, and returns the number of rounds. */
    private int measure() throws IOException, InterruptedException, RunnerException {
        long start = System.nanoTime();
        int round = 0;
        while (round < plan.rounds() && (System.nanoTime() - start) * (round + 1) / Math.max(1, round)
                <= TimeUnit.MINUTES.toNanos(plan.minutes())) {
            for (Map.Entry<String, Table> each : tables.entrySet()) {
                Table table = each.getValue();
                switch (each.getKey()) {
                    case "stream" -> stream(table);
                    // Sizes hardly differ from round to round.
                    case "bytes" -> bytes(table, round == 0 ? Peer.Kind.values() : new Peer.Kind[0]);
                    default -> cost(each.getKey(), table);
                }
            }
            round++;
            System.err.printf("round %d of at most %d, %d s%n", round, plan.rounds(),
                    TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start));
        }
        return round;
    }

    private void cost(String group, Table table) throws IOException, RunnerException {
        for (int column = 0; column < plan.threads().size(); column++) {
            int threads = plan.threads().get(column);
            switch (group) {
                case "clock" -> clocks(table, column, threads);
                case "log" -> logs(table, column, threads);
                default -> events(Peer.Kind.valueOf(group.toUpperCase(Locale.ROOT)), table, column, threads);
            }
        }
    }

    private void clocks(Table table, int column, int threads) throws IOException, RunnerException {
        for (LttngChild lttng : lttngs.subList(0, Math.min(1, lttngs.size()))) {
            table.add("time stamp counter, in C", column, program(lttng, "emit", "cycles", threads));
            table.add("time stamp counter in order (lfence), in C", column, program(lttng, "emit", "ordered", threads));
            table.add("clock_gettime, in C", column, program(lttng, "emit", "clock", threads));
        }
        table.add("System.nanoTime", column, jmh(TracePeersBenchmark.class, "nanoTime", threads));
        table.add("empty critical downcall", column, jmh(TracePeersBenchmark.class, "empty", threads));
        table.add("time stamp counter, in a critical downcall", column,
                jmh(TracePeersBenchmark.class, "timestamp", threads));
        table.add("rseq4j, a disabled event", column, jmh(TracerBenchmark.class, "disabled", threads));
        table.add("a method that does nothing", column, jmh(TracerBenchmark.class, "nothing", threads));
    }

    private void logs(Table table, int column, int threads) throws IOException, RunnerException {
        for (String handler : List.of("silent", "stream", "rseq4j")) {
            table.add("handler=" + handler, column, Jmh.nanos(Jmh.options(TracePeersBenchmark.class, "log", threads,
                    plan.millis(WARM_UP_MILLIS), plan.millis(ITERATION_MILLIS)).param("handler", handler)));
        }
        for (LttngChild lttng : lttngs) {
            if (lttng.hasAgent()) {
                table.add("LTTng's agent, " + lttng.version(), column, Double.parseDouble(lttng.ask("log", threads,
                        plan.millis(WARM_UP_MILLIS), plan.millis(ITERATION_MILLIS))));
            }
        }
    }

    private void events(Peer.Kind kind, Table table, int column, int threads) throws IOException, RunnerException {
        for (LttngChild lttng : lttngs) {
            table.add(row(lttng), column, program(lttng, "record", name(kind), threads));
        }
        for (String peer : Peer.NAMES) {
            if (!Peer.of(peer).kinds().contains(kind)) {
                table.addMissing(Peer.of(peer).title(), "it has no event with fields");
                continue;
            }
            try {
                table.add(Peer.of(peer).title(), column, Jmh.nanos(Jmh.options(PeerBenchmark.class, name(kind), threads,
                        plan.millis(WARM_UP_MILLIS), plan.millis(ITERATION_MILLIS)).param("peer", peer)));
            } catch (RunnerException e) {
                addFailed(table, Peer.of(peer).title(), peer, e);
            }
        }
    }

    /** Adds the row of another peer that fails here, for example for lack of a native library. */
    private static <E extends Exception> void addFailed(Table table, String row, String peer, E failure) throws E {
        if (OURS.contains(peer)) {
            throw failure;
        }
        table.addMissing(row, failure);
    }

    private void stream(Table table) throws IOException, InterruptedException {
        streamAll(table, "1 thread, 1 M a second", 1, A_SECOND);
        streamAll(table, "1 thread flat out", 1, 0);
        if (!plan.isShort()) {
            streamAll(table, "2 threads flat out", 2, 0);
        }
    }

    private void streamAll(Table table, String how, int threads, int aSecond)
            throws IOException, InterruptedException {
        for (LttngChild lttng : lttngs) {
            add(table, how + ": " + row(lttng), PeerStream.Streamed.of(lttng.ask("stream", name(Peer.Kind.LONGS),
                    threads, plan.millis(STREAM_MILLIS), aSecond)));
        }
        for (String peer : STREAMING) {
            Peer.Kind kind = Peer.of(peer).kinds().contains(Peer.Kind.LONGS) ? Peer.Kind.LONGS : Peer.Kind.SPAN;
            String row = how + ": " + Peer.of(peer).title();
            try {
                add(table, row, PeerStream.run(peer, kind, threads, plan.millis(STREAM_MILLIS), aSecond));
            } catch (IllegalStateException e) {
                addFailed(table, row, peer, e);
            }
        }
    }

    private static void add(Table table, String row, PeerStream.Streamed streamed) {
        table.add(row, 0, streamed.arrived() / streamed.seconds(),
                100.0 * (streamed.emitted() - streamed.arrived()) / streamed.emitted(),
                100 * streamed.cpuSeconds() / streamed.seconds(), bytesEach(streamed));
    }

    private static double bytesEach(PeerStream.Streamed streamed) {
        return streamed.bytes() == 0 || streamed.arrived() == 0 ? Double.NaN
                : (double) streamed.bytes() / streamed.arrived();
    }

    /** Measures the size of records at a rate at which none is lost. */
    private void bytes(Table table, Peer.Kind... kinds) throws IOException, InterruptedException {
        for (Peer.Kind kind : kinds) {
            for (LttngChild lttng : lttngs) {
                table.add(row(lttng), kind.ordinal(), bytesEach(PeerStream.Streamed.of(
                        lttng.ask("stream", name(kind), 1, plan.millis(BYTES_MILLIS), SLOWLY))));
            }
            for (String peer : STREAMING) {
                if (!Peer.of(peer).kinds().contains(kind) || peer.equals(Peer.BLOCKING)) {
                    continue;
                }
                try {
                    table.add(Peer.of(peer).title(), kind.ordinal(), bytesEach(
                            PeerStream.run(peer, kind, 1, plan.millis(BYTES_MILLIS), SLOWLY)));
                } catch (IllegalStateException e) {
                    addFailed(table, Peer.of(peer).title(), peer, e);
                }
            }
        }
    }

    private static String row(LttngChild lttng) {
        return "LTTng-UST " + lttng.version() + ", in C";
    }

    /** Returns the name of a method of PeerBenchmark, and of a part of lttng.c. */
    private static String name(Peer.Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private double program(LttngChild lttng, String command, String what, int threads) throws IOException {
        return Double.parseDouble(lttng.ask(command, what, threads, plan.millis(PROGRAM_MILLIS)));
    }

    private double jmh(Class<?> benchmark, String method, int threads) throws RunnerException {
        return Jmh.nanos(Jmh.options(benchmark, method, threads, plan.millis(WARM_UP_MILLIS),
                plan.millis(ITERATION_MILLIS)));
    }
}
