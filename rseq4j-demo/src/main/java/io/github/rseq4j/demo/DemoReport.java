package io.github.rseq4j.demo;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.demo.ServiceDemo;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.demo.load.Documents;
import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.service.SlowRequest;
import io.github.rseq4j.demo.side.Sides;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The table of a demo, as text and as the data of the page. */
final class DemoReport {
    private static final List<Sides> PEERS = List.of(Sides.JDK, Sides.MICROMETER);
    private static final int CURVE_STEPS = 12;
    private static final double NANOS_PER_MILLI = 1e6;

    private final Contest contest;
    private final Documents documents;
    private final int clients;
    private final ServiceDemo.Options options;

    DemoReport(Contest contest, Documents documents, int clients, ServiceDemo.Options options) {
        this.contest = contest;
        this.documents = documents;
        this.clients = clients;
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
        lines.add(String.format(Locale.ROOT, "%,d documents (%,d bytes) from %s; %d clients on %d CPUs, load and"
                + " services share them", documents.size(), documents.bytes(), documents.source(), clients,
                Runtime.getRuntime().availableProcessors()));
        lines.addAll(documents.notes());
        lines.add("the service: Jetty on virtual threads, Jackson, H2; each side in a JVM of its own, "
                + contest.rounds() + " turns of " + String.format(Locale.ROOT, "%.1f s",
                contest.turnNanos() / 1e9) + " each, in the order "
                + String.join(", ", Stream.of(Sides.values()).map(Sides::title).toList()));
        for (Sides side : Sides.values()) {
            lines.add("  " + side.title() + ": " + side.parts());
        }
        lines.add("per-CPU structures run on " + contest.engine());
        return lines;
    }

    private double median(Measure measure, Sides side) {
        return Ratio.median(contest.turns(side).stream().mapToDouble(measure::of).sorted().toArray());
    }

    private Ratio ratio(Measure measure, Sides peer) {
        return Ratio.of(measure, contest.turns(Sides.RSEQ4J), contest.turns(peer));
    }

    /** Prints the table, and where ours is not better. */
    void table(PrintWriter out) {
        Table table = new Table("<>>><>><", "median of " + contest.rounds() + " turns", Sides.RSEQ4J.title(),
                Sides.JDK.title(), "rseq4j/JDK", "", Sides.MICROMETER.title(), "rseq4j/Micrometer", "");
        for (Measure measure : Measure.values()) {
            Ratio jdk = ratio(measure, Sides.JDK);
            Ratio micrometer = ratio(measure, Sides.MICROMETER);
            table.row(measure.title(), measure.text(median(measure, Sides.RSEQ4J)),
                    measure.text(median(measure, Sides.JDK)), jdk.text(), word(jdk),
                    measure.text(median(measure, Sides.MICROMETER)), micrometer.text(), word(micrometer));
        }
        table.print(out);
        sentences().forEach(out::println);
        out.flush();
    }

    private static String word(Ratio ratio) {
        return ratio.verdict() == Ratio.Verdict.SAME ? "~" : ratio.verdict().text();
    }

    /** Returns what the table means, and where ours is not better. */
    private List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        sentences.add("ratios: median (smallest to greatest) over the rounds, each turn beside the peer's next one;"
                + " better or worse: in every round; otherwise no difference is shown (~)");
        for (Sides peer : PEERS) {
            for (Ratio.Verdict verdict : List.of(Ratio.Verdict.WORSE, Ratio.Verdict.SAME)) {
                List<String> found = Arrays.stream(Measure.values()).filter(each -> ratio(each, peer).verdict() == verdict)
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
        row.put("values", Stream.of(Sides.values()).map(side -> measure.text(median(measure, side))).toList());
        row.put("turns", Stream.of(Sides.values()).map(side -> contest.turns(side).stream()
                .map(turn -> measure.text(measure.of(turn))).toList()).toList());
        row.put("ratios", PEERS.stream().map(peer -> ratio(measure, peer)).map(each ->
                Map.of("text", each.text(), "verdict", each.verdict().text())).toList());
        return row;
    }

    /** Returns the latency in milliseconds at percentiles that come closer to 100 by constant factors. */
    private Map<String, Object> curve(Sides side) {
        LoadResult all = new LoadResult();
        contest.turns(side).forEach(turn -> all.add(turn.load()));
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
