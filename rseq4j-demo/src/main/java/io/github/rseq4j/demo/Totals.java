package io.github.rseq4j.demo;

import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.demo.side.Kind;
import io.github.rseq4j.demo.side.Side;
import io.github.rseq4j.demo.side.Sides;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Compares the clients' own counts with everything that a service has counted. */
final class Totals {
    private static final Pattern LINE = Pattern.compile("(?m)^(\\w+)\\{" + Side.LABEL
            + "=\"(\\w+)\"(,le=\"[^\"]*\")?,?\\} (\\S+)$");
    private static final String INFINITE = ",le=\"+Inf\"";
    /** A line of the text format: a comment, or a name, labels, a number, and perhaps a time. */
    private static final Pattern FORMAT = Pattern.compile("#.*|[a-zA-Z_:][\\w:]*(\\{[^{}]*\\})?"
            + " ([-+]?[0-9.]+([eE][-+]?[0-9]+)?|[-+]?Inf|NaN)( -?[0-9]+)?|");

    private final List<String> differences = new ArrayList<>();

    /** Returns what differs, a sentence for each count. */
    List<String> differences() {
        return List.copyOf(differences);
    }

    /** A request without an answer may be counted. */
    private void compare(Sides side, String what, Kind kind, LoadResult all, @Nullable Long found) {
        long expected = all.answers(kind);
        if (found == null || found < expected || found > expected + all.unanswered(kind)) {
            differences.add(side.title() + ", " + what + " of " + kind + ": "
                    + (found == null ? "missing" : "counted=" + found) + ", the client has " + expected);
        }
    }

    /**
     * Checks all requests since a service has started.
     *
     * @param side the side
     * @param all what the clients have counted, warm-up included
     * @param now the service's counts
     * @param metrics the text of {@code /metrics}
     */
    void check(Sides side, LoadResult all, Sample now, String metrics) {
        if (all.unexpectedCount() > 0) {
            differences.add(side.title() + ": " + all.unexpectedCount() + " requests were not answered as expected, the"
                    + " first one: " + all.firstUnexpected());
        }
        Map<String, Long> scraped = scraped(metrics);
        for (Kind kind : Kind.values()) {
            compare(side, "counter", kind, all, now.counted().get(kind.name()));
            compare(side, "histogram", kind, all, now.observed().get(kind.name()));
            for (String metric : List.of(Side.REQUESTS, Side.LATENCY + "_count", Side.LATENCY + "_bucket" + INFINITE)) {
                compare(side, "/metrics " + metric, kind, all, scraped.get(metric + " " + kind));
            }
        }
        metrics.lines().filter(line -> !FORMAT.matcher(line).matches()).findFirst().ifPresent(line ->
                differences.add(side.title() + ", /metrics: not in the format of Prometheus: " + line));
        if (now.lost() > 0) {
            differences.add(side.title() + ": the recorder has lost " + now.lost() + " events");
        }
    }

    /**
     * Checks the events of a turn.
     *
     * @param side the side
     * @param turn the turn
     */
    void check(Sides side, Turn turn) {
        long expected = turn.load().requests();
        long found = turn.held().requests();
        long most = expected + Stream.of(Kind.values()).mapToLong(turn.load()::unanswered).sum();
        if (turn.held().isWhole() && found < expected || found > most) {
            differences.add(side.title() + ", recorder: requests=" + found + ", the client has " + expected);
        }
        if (turn.slow().failure() != null) {
            differences.add(side.title() + ": no snapshot of a slow request: " + turn.slow().failure());
        }
    }

    /** Returns the values of the lines with a kind, by name and kind. */
    static Map<String, Long> scraped(String metrics) {
        Map<String, Long> values = new TreeMap<>();
        for (Matcher line = LINE.matcher(metrics); line.find();) {
            String bound = line.group(3);
            if (bound == null || bound.equals(INFINITE)) {
                values.put(line.group(1) + (bound == null ? "" : bound) + " " + line.group(2),
                        Math.round(Double.parseDouble(line.group(4))));
            }
        }
        return values;
    }
}
