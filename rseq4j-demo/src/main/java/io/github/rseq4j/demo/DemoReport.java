package io.github.rseq4j.demo;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.demo.ServiceDemo;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.demo.load.Documents;
import io.github.rseq4j.demo.load.Load;
import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.load.Schedule;
import io.github.rseq4j.demo.service.SlowRequest;
import io.github.rseq4j.demo.side.Sides;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The table of a demo, as text and as the data of the page. */
final class DemoReport {
    private static final List<Sides> PEERS = List.of(Sides.JDK, Sides.MICROMETER);
    private static final int CURVE_STEPS = 12;
    private static final double NANOS_PER_MILLI = 1e6;
    /** Fewer documents have no 99.9th percentile. */
    private static final int FEW = 1000;

    private final Contest contest;
    private final Documents documents;
    private final Load load;
    private final ServiceDemo.Options options;

    DemoReport(Contest contest, Documents documents, Load load, ServiceDemo.Options options) {
        this.contest = contest;
        this.documents = documents;
        this.load = load;
        this.options = options;
    }

    /** Prints what is compared. */
    void intro(PrintWriter out) {
        intro().forEach(out::println);
        out.println();
        out.flush();
    }

    private List<String> intro() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "%,d documents (%,d bytes) from %s; load and services share %d CPUs",
                documents.size(), documents.bytes(), documents.source(), Runtime.getRuntime().availableProcessors()));
        lines.addAll(documents.notes());
        lines.add("the service: Jetty on virtual threads, Jackson, H2; each side in a JVM of its own, in turns: "
                + String.join(", ", Stream.of(Sides.values()).map(Sides::title).toList()));
        lines.add(String.format(Locale.ROOT, "capacity: %d rounds of %.1f s, %d clients that send the next document"
                + " after the last answer", contest.rounds(), seconds(Phase.CAPACITY), load.clients()));
        lines.add(String.format(Locale.ROOT, "latency: then %d rounds of %.1f s, documents at fixed times, at half of"
                + " the slowest side's capacity", contest.rounds(), seconds(Phase.LATENCY)));
        for (Sides side : Sides.values()) {
            lines.add("  " + side.title() + ": " + side.parts());
        }
        lines.add("per-CPU structures run on " + contest.engine());
        return lines;
    }

    private double seconds(Phase phase) {
        return contest.turnNanos(phase) / 1e9;
    }

    /** Returns the measures whose phase has turns. */
    private List<Measure> measures() {
        return Stream.of(Measure.values()).filter(each -> !contest.turns(each.phase(), Sides.RSEQ4J).isEmpty())
                .toList();
    }

    private Ratio ratio(Measure measure, Sides peer) {
        return Ratio.of(measure, contest.turns(measure.phase(), Sides.RSEQ4J), contest.turns(measure.phase(), peer));
    }

    private String text(Measure measure, Sides side) {
        return measure.text(contest.median(measure, side));
    }

    /** Prints the table of all complete rounds, and where ours is not better. */
    void table(PrintWriter out) {
        if (measures().isEmpty()) {
            out.println("no round was complete");
            out.flush();
            return;
        }
        Table table = new Table("<>>><>><", "median of " + (contest.isComplete() ? contest.rounds() + " turns"
                : "complete rounds"), Sides.RSEQ4J.title(), Sides.JDK.title(), "rseq4j/JDK", "",
                Sides.MICROMETER.title(), "rseq4j/Micrometer", "");
        for (Measure measure : measures()) {
            Ratio jdk = ratio(measure, Sides.JDK);
            Ratio micrometer = ratio(measure, Sides.MICROMETER);
            table.row(measure.title(), text(measure, Sides.RSEQ4J), text(measure, Sides.JDK), jdk.text(), word(jdk),
                    text(measure, Sides.MICROMETER), micrometer.text(), word(micrometer));
        }
        table.print(out);
        sentences().forEach(out::println);
        out.flush();
    }

    private static String word(Ratio ratio) {
        return ratio.verdict() == Ratio.Verdict.SAME ? "~" : ratio.verdict().text();
    }

    /** Returns the meaning of the table, and where ours is not better. */
    private List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        Schedule schedule = contest.schedule();
        sentences.add("requests a second: the capacity" + (schedule == null ? "" : String.format(Locale.ROOT, "; all"
                + " else at %,.0f documents/s on each side, half of the capacity of the slowest one (%s), %,d a turn;"
                + " latencies count from the time at which a request was due", schedule.perSecond(),
                contest.slowest().title(), schedule.documents())));
        if (schedule != null && schedule.documents() < FEW) {
            sentences.add("p99.9 is the slowest request of a turn with fewer than " + FEW + " documents, and p99 that"
                    + " of a turn with fewer than " + FEW / 10 + ": run longer (--seconds) on a quiet machine");
        }
        if (!contest.isComplete()) {
            sentences.add(Stream.of(Phase.values()).map(phase -> phase.title() + ": "
                    + contest.turns(phase, Sides.RSEQ4J).size() + " of " + contest.rounds()
                    + " rounds were complete").collect(Collectors.joining("; ")));
        }
        sentences.add("ratios: median (smallest to greatest) over the rounds, each turn beside the peer's next one;"
                + " better or worse: in every round; otherwise no difference is shown (~)");
        for (Sides peer : PEERS) {
            for (Ratio.Verdict verdict : List.of(Ratio.Verdict.WORSE, Ratio.Verdict.SAME)) {
                List<String> found = measures().stream().filter(each -> ratio(each, peer).verdict() == verdict)
                        .map(each -> each.title() + ": " + ratio(each, peer).text()).toList();
                if (!found.isEmpty()) {
                    sentences.add("rseq4j is " + (verdict == Ratio.Verdict.WORSE ? "worse than "
                            : "not shown to be better than ") + peer.title() + " in (ratio) "
                            + String.join("; ", found));
                }
            }
        }
        return sentences;
    }

    /** Returns the data of the page. */
    Map<String, Object> facts(@Nullable SlowRequest slow) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("intro", intro());
        facts.put("sentences", sentences());
        facts.put("differences", contest.differences().stream().map(Printable::text).toList());
        facts.put("rounds", contest.rounds());
        facts.put("sides", Stream.of(Sides.values()).map(Sides::title).toList());
        facts.put("measures", Stream.of(Measure.values()).map(this::row).toList());
        facts.put("curves", Stream.of(Sides.values()).map(this::curve).toList());
        if (slow != null) {
            facts.put("slow", Map.of("id", slow.id(), "path", slow.path(), "nanos", slow.nanos(), "waitNanos",
                    slow.waitNanos()));
        }
        facts.put("machine", MachineFacts.of(options, contest.engine()));
        return facts;
    }

    private Map<String, Object> row(Measure measure) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("title", measure.title());
        row.put("values", Stream.of(Sides.values()).map(side -> text(measure, side)).toList());
        row.put("turns", Stream.of(Sides.values()).map(side -> contest.turns(measure.phase(), side).stream()
                .map(turn -> measure.text(measure.of(turn))).toList()).toList());
        row.put("ratios", PEERS.stream().map(peer -> ratio(measure, peer)).map(each ->
                Map.of("text", each.text(), "verdict", each.verdict().text())).toList());
        return row;
    }

    /** Returns the latency in milliseconds at percentiles that come closer to 100 by constant factors. */
    private Map<String, Object> curve(Sides side) {
        LoadResult all = new LoadResult();
        contest.turns(Phase.LATENCY, side).forEach(turn -> all.add(turn.load()));
        Histogram latency = all.latency();
        List<Object> ones = new ArrayList<>();
        List<Object> millis = new ArrayList<>();
        // Beyond one of all requests there is only the greatest one.
        double last = Math.log10((double) Math.max(latency.getTotalCount(), 10));
        for (int i = 0; i <= last * CURVE_STEPS; i++) {
            double oneIn = Math.pow(10, (double) i / CURVE_STEPS);
            ones.add(oneIn);
            millis.add(latency.getValueAtPercentile(100 - 100 / oneIn) / NANOS_PER_MILLI);
        }
        return Map.of("side", side.title(), "oneIn", ones, "millis", millis);
    }
}
