package io.github.rseq4j.bench.suite;

import io.github.rseq4j.bench.metrics.CollectBenchmark;
import io.github.rseq4j.bench.metrics.RecordBenchmark;
import java.util.ArrayList;
import java.util.List;

/** The families of the modules for metrics libraries. A group of each has a metric and the library's own beside it. */
final class MetricFamilies {
    private static final String PROMETHEUS = "Prometheus'";
    private static final String MICROMETER = "Micrometer's";
    private static final String OPEN_TELEMETRY = "OpenTelemetry's";
    private static final String COUNTER = "counter";
    private static final String CLASSIC = "classic histogram";
    private static final String NATIVE = "native histogram";
    private static final String TIMER = "timer";
    private static final String BUCKETS = "timer with percentile histogram";
    private static final String EXPLICIT = "explicit histogram";
    private static final String EXPONENTIAL = "exponential histogram";

    private MetricFamilies() {}

    static List<Family> all() {
        return List.of(
                recording("prometheus", PROMETHEUS, List.of(COUNTER, CLASSIC, NATIVE),
                        List.of("prometheusCounter", "prometheusClassic", "prometheusNative")),
                recording("micrometer", MICROMETER, List.of(COUNTER, TIMER, BUCKETS, "distribution summary"),
                        List.of("micrometerCounter", "micrometerTimer", "micrometerHistogram", "micrometerSummary")),
                recording("opentelemetry", OPEN_TELEMETRY, List.of(COUNTER, EXPLICIT, EXPONENTIAL),
                        List.of("openTelemetryCounter", "openTelemetryExplicit", "openTelemetryExponential")),
                collecting());
    }

    /** Returns the updates of one library, whose methods have the same order as the metrics. */
    private static Family recording(String name, String library, List<String> metrics, List<String> methods) {
        List<Row> rows = new ArrayList<>();
        List<Goal> goals = new ArrayList<>();
        for (int i = 0; i < metrics.size(); i++) {
            String metric = metrics.get(i);
            String ours = "per-CPU " + metric;
            String peer = library + " " + metric;
            rows.add(new Row(ours, Side.OURS, Sources.jmh(RecordBenchmark.class, methods.get(i)), metric));
            rows.add(new Row(peer, Side.PEER, Sources.jmh(RecordBenchmark.class, methods.get(i) + "Peer"), metric));
            goals.add(Goal.ratio(ours, 1, peer).with(1));
            goals.add(Goal.ratio(ours, 1 / 3.0, peer).with(8));
        }
        return new Family(name, "an update for " + library.replace("'s", "").replace("'", ""), "ns", true, rows, goals);
    }

    private static Family collecting() {
        List<Row> rows = new ArrayList<>();
        List<Goal> goals = new ArrayList<>();
        addCollecting(rows, goals, PROMETHEUS, COUNTER, "prometheusCounter");
        addCollecting(rows, goals, PROMETHEUS, CLASSIC, "prometheusClassic");
        addCollecting(rows, goals, PROMETHEUS, NATIVE, "prometheusNative");
        addCollecting(rows, goals, MICROMETER, COUNTER, "micrometerCounter");
        addCollecting(rows, goals, MICROMETER, TIMER, "micrometerTimer");
        addCollecting(rows, goals, MICROMETER, BUCKETS, "micrometerHistogram");
        addCollecting(rows, goals, OPEN_TELEMETRY, COUNTER, "openTelemetryCounter");
        addCollecting(rows, goals, OPEN_TELEMETRY, EXPLICIT, "openTelemetryExplicit");
        addCollecting(rows, goals, OPEN_TELEMETRY, EXPONENTIAL, "openTelemetryExponential");
        return new Family("collect", "10,000 series collected", "ms", false, true, rows, goals);
    }

    private static void addCollecting(List<Row> rows, List<Goal> goals, String library, String metric, String value) {
        String peer = library + " " + metric;
        String ours = peer + ", per CPU";
        for (Side side : List.of(Side.OURS, Side.PEER)) {
            rows.add(new Row(side == Side.OURS ? ours : peer, side, Sources.single(Sources.slow(Sources.jmh(
                    CollectBenchmark.class, "collect", "metric", value, "isPeer", String.valueOf(side == Side.PEER)))),
                    peer));
        }
        goals.add(Goal.ratio(ours, 1, peer).with(1));
    }
}
