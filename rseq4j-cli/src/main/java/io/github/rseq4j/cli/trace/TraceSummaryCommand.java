package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.EventText;
import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.TraceSummary;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace summary}: prints counts, rates and latencies of a trace. */
@Command(name = "summary", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Counts the events of a trace by name, CPU and thread, and discarded events. Measures spans: two"
                + " events of one thread whose names end with _begin and _end, or one event with durationNanos.",
        footer = {"", "Exit status: 0 the whole trace was read, 4 something is wrong with it."})
final class TraceSummaryCommand implements Callable<Integer> {
    private static final int SHOWN_THREADS = 20;
    private static final int SHOWN_FUNCTIONS = 20;

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
        try (TraceInput input = new TraceInput(folder).stoppable()) {
            TraceSummary summary = summary(input);
            if (summary != null && json) {
                printJson(out, summary);
            } else if (summary != null) {
                print(out, summary);
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    /** Reads the trace, or returns null if its metadata cannot be read. */
    private static @Nullable TraceSummary summary(TraceInput input) {
        Trace trace = input.trace();
        try (Progress _ = input.progress()) {
            return trace == null ? null : TraceSummary.of(trace);
        }
    }

    private static void printJson(PrintWriter out, TraceSummary summary) {
        try {
            summary.json(OutputWriter.json(out));
        } catch (IOException _) {
            // Launch reports the lost output.
            return;
        }
        out.println();
    }

    private static void print(PrintWriter out, TraceSummary summary) {
        out.println(number(summary.count()) + " events in " + String.format(Locale.ROOT, "%.6f", summary.seconds())
                + " s, " + number(summary.perSecond()) + " per second; " + number(summary.discarded()) + " discarded, "
                + number(summary.lostPackets()) + " packets lost"
                + (summary.omitted() == 0 ? "" : ", " + number(summary.omitted()) + " left out by limits"));
        if (summary.from() != null && summary.to() != null) {
            out.println("from " + EventText.time(summary.from()) + " to " + EventText.time(summary.to()));
        }
        print(out, events(summary));
        Table cpus = new Table("<>>>>>", "CPU", "COUNT", "PER SECOND", "PACKETS", "LOST", "DISCARDED");
        summary.byCpu().forEach(each -> cpus.row(number((long) each.cpu()), number(each.count()),
                number(each.perSecond()), number(each.packets()), number(each.lostPackets()),
                number(each.discarded())));
        print(out, cpus);
        print(out, threads(summary));
        Table latencies = new Table("<>>>>", "SPAN", "COUNT", "MEDIAN us", "P99 us", "MAX us");
        summary.latencies().forEach((name, each) -> latencies.row(name, number(each.count()),
                micros(each.medianNanos()), micros(each.p99Nanos()), micros(each.maxNanos())));
        Table samples = new Table("<>>", "CPU TIME IN", "SAMPLES", "PERCENT");
        summary.samples().forEach(each -> samples.row(Printable.name(each.library()), number(each.count()),
                number(each.percent())));
        Table functions = new Table("<>>", "CPU TIME IN JAVA FUNCTION", "SAMPLES", "PERCENT");
        summary.functions().stream().limit(SHOWN_FUNCTIONS).forEach(each -> functions.row(each.function(),
                number(each.count()), number(each.percent())));
        for (Table table : List.of(latencies, samples, functions)) {
            if (table.rows() > 1) {
                print(out, table);
            }
        }
        if (summary.environment().get(TraceThread.FORGOTTEN) instanceof Long forgotten) {
            out.println();
            out.println("the names of " + number(forgotten) + " threads were not kept");
        }
        if (summary.unmatched() != 0) {
            out.println();
            out.println(number(summary.unmatched()) + " begin and end events have no counterpart");
        }
        if (summary.impossibleDurations() != 0) {
            out.println();
            out.println("events with an impossible durationNanos (negative, or longer than the clock has run): "
                    + number(summary.impossibleDurations()));
        }
    }

    /** Returns a table of the events, with the calls that limits left out if there are any. */
    private static Table events(TraceSummary summary) {
        boolean isLimited = summary.omitted() > 0;
        Table table = isLimited ? new Table("<>>>", "EVENT", "COUNT", "PER SECOND", "LEFT OUT")
                : new Table("<>>", "EVENT", "COUNT", "PER SECOND");
        for (TraceSummary.EventCount each : summary.byEvent()) {
            if (isLimited) {
                table.row(each.event(), number(each.count()), number(each.perSecond()), number(each.omitted()));
            } else {
                table.row(each.event(), number(each.count()), number(each.perSecond()));
            }
        }
        return table;
    }

    private static void print(PrintWriter out, Table table) {
        out.println();
        table.print(out);
    }

    /** Returns a table of the threads with the most events, with one row for all others. */
    private static Table threads(TraceSummary summary) {
        Table table = new Table("<>>>", "THREAD", "COUNT", "PER SECOND", "CPU SAMPLES");
        long rest = summary.otherThreads();
        List<TraceSummary.ThreadCount> threads = summary.byThread();
        for (int i = 0; i < threads.size(); i++) {
            TraceSummary.ThreadCount each = threads.get(i);
            TraceThread thread = each.thread();
            if (i < SHOWN_THREADS) {
                String name = thread == null ? "" : (thread.isVirtual() ? " virtual" : "")
                        + Printable.quoted(thread.name());
                table.row(each.threadId() + name, number(each.count()), number(each.perSecond()),
                        number(each.samples()));
            } else {
                rest += each.count();
            }
        }
        if (rest > 0) {
            table.row("others", number(rest), "", "");
        }
        return table;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%,.1f", value);
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String micros(long nanos) {
        return String.format(Locale.ROOT, "%,.3f", nanos / 1e3);
    }
}
