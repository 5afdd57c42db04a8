package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.Printable;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace summary}: counts, rates and latencies of a trace. */
@Command(name = "summary", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Counts the events of a trace by name and by CPU, those that were discarded, and how long took"
                + " what begins and ends: events of one thread whose names end with _begin and _end.",
        footer = {"", "Exit status: 0 all was read, 2 something is wrong with the trace."})
final class TraceSummaryCommand implements Callable<Integer> {
    private static final int SHOWN_THREADS = 20;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        try (TraceInput input = new TraceInput(folder)) {
            TraceDescription trace = input.description();
            if (trace != null) {
                TraceSummary summary = new TraceSummary(trace, input.threads());
                for (TraceEvent event = input.next(); event != null; event = input.next()) {
                    summary.add(event);
                }
                Map<String, Object> object = summary.object(input.reader());
                if (json) {
                    Printable.json().writerWithDefaultPrettyPrinter().writeValue(out, object);
                    out.println();
                } else {
                    print(out, object);
                }
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    private static void print(PrintWriter out, Map<String, Object> summary) {
        double seconds = ((Number) Objects.requireNonNull(summary.get("seconds"))).doubleValue();
        out.println(number(summary.get("events")) + " events in " + String.format(Locale.ROOT, "%.6f", seconds) + " s, "
                + number(summary.get("perSecond")) + " a second; " + number(summary.get("discarded")) + " discarded, "
                + number(summary.get("lostPackets")) + " packets lost");
        if (summary.containsKey("from")) {
            out.println("from " + summary.get("from") + " to " + summary.get("to"));
        }
        Table events = new Table("<>>", "EVENT", "COUNT", "A SECOND");
        objects(summary, "byEvent").forEach(each -> events.row(String.valueOf(each.get("event")),
                number(each.get("count")), number(each.get("perSecond"))));
        print(out, events);
        Table cpus = new Table("<>>>>>", "CPU", "COUNT", "A SECOND", "PACKETS", "LOST", "DISCARDED");
        objects(summary, "byCpu").forEach(each -> cpus.row(each.values().stream().map(TraceSummaryCommand::number)
                .toArray()));
        print(out, cpus);
        print(out, threads(summary));
        Table latencies = new Table("<>>>>", "BEGIN TO END", "COUNT", "MEDIAN us", "P99 us", "MAX us");
        if (summary.get("latencies") instanceof Map<?, ?> pairs) {
            pairs.forEach((pair, latency) -> {
                Map<?, ?> values = (Map<?, ?>) latency;
                latencies.row(pair, number(values.get("count")), micros(values.get("medianNanos")),
                        micros(values.get("p99Nanos")), micros(values.get("maxNanos")));
            });
        }
        if (latencies.rows() > 1) {
            print(out, latencies);
        }
        Table samples = new Table("<>>", "CPU TIME IN", "SAMPLES", "PERCENT");
        objects(summary, "samples").forEach(each -> samples.row(Printable.name(String.valueOf(each.get("library"))),
                number(each.get("count")), number(each.get("percent"))));
        if (samples.rows() > 1) {
            print(out, samples);
        }
        if (summary.get("environment") instanceof Map<?, ?> environment
                && environment.get(TraceThread.FORGOTTEN) instanceof Long forgotten) {
            out.println();
            out.println("the names of " + number(forgotten) + " threads were not kept");
        }
        if (!Objects.equals(summary.get("unmatched"), 0L)) {
            out.println();
            out.println(number(summary.get("unmatched")) + " begins and ends have no other half");
        }
    }

    private static void print(PrintWriter out, Table table) {
        out.println();
        table.print(out);
    }

    /** Returns those with the most events, and one row for all others. */
    private static Table threads(Map<String, Object> summary) {
        Table table = new Table("<>>>", "THREAD", "COUNT", "A SECOND", "CPU SAMPLES");
        List<Map<String, Object>> threads = objects(summary, "byThread");
        long rest = (long) Objects.requireNonNull(summary.get("otherThreads"));
        for (int i = 0; i < threads.size(); i++) {
            Map<String, Object> each = threads.get(i);
            if (i < SHOWN_THREADS) {
                table.row(each.get("tid") + (Boolean.TRUE.equals(each.get("virtual")) ? " virtual" : "")
                        + TraceThreads.quoted(String.valueOf(each.getOrDefault("name", ""))),
                        number(each.get("count")), number(each.get("perSecond")), number(each.get("samples")));
            } else {
                rest += (long) Objects.requireNonNull(each.get("count"));
            }
        }
        if (rest > 0) {
            table.row("others", number(rest), "", "");
        }
        return table;
    }

    @SuppressWarnings("unchecked") // TraceSummary puts such lists.
    private static List<Map<String, Object>> objects(Map<String, Object> summary, String key) {
        return (List<Map<String, Object>>) Objects.requireNonNull(summary.get(key));
    }

    private static String number(@Nullable Object value) {
        return value instanceof Double rate ? String.format(Locale.ROOT, "%,.1f", rate)
                : String.format(Locale.ROOT, "%,d", ((Number) Objects.requireNonNull(value)).longValue());
    }

    private static String micros(@Nullable Object nanos) {
        return String.format(Locale.ROOT, "%,.3f", ((Number) Objects.requireNonNull(nanos)).longValue() / 1e3);
    }
}
