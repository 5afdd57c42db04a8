package io.github.rseq4j.bench.suite;

import io.github.rseq4j.bench.metrics.CollectBenchmark;
import io.github.rseq4j.bench.metrics.RecordBenchmark;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The families of the modules for metrics libraries. A group of each has a metric and the library's own beside it. */
final class MetricFamilies {
    private static final String PROMETHEUS = "Prometheus'";
    private static final String MICROMETER = "Micrometer's";
    private static final String OPEN_TELEMETRY = "OpenTelemetry's";
    private static final String COUNTER = "counter";
    /** The method of {@link RecordBenchmark} that {@link CollectBenchmark} has no metric for. */
    private static final String SUMMARY = "micrometerSummary";

    /**
     * A metric.
     *
     * @param library the library in the genitive case
     * @param name its name
     * @param method its method in {@link RecordBenchmark}, and its parameter in {@link CollectBenchmark}
     */
    private record Metric(String library, String name, String method) {
        String peer() {
            return library + " " + name;
        }
    }

    private static final List<Metric> METRICS = List.of(
            new Metric(PROMETHEUS, COUNTER, "prometheusCounter"),
            new Metric(PROMETHEUS, "classic histogram", "prometheusClassic"),
            new Metric(PROMETHEUS, "native histogram", "prometheusNative"),
            new Metric(MICROMETER, COUNTER, "micrometerCounter"),
            new Metric(MICROMETER, "timer", "micrometerTimer"),
            new Metric(MICROMETER, "timer with percentile histogram", "micrometerHistogram"),
            new Metric(MICROMETER, "distribution summary", SUMMARY),
            new Metric(OPEN_TELEMETRY, COUNTER, "openTelemetryCounter"),
            new Metric(OPEN_TELEMETRY, "explicit histogram", "openTelemetryExplicit"),
            new Metric(OPEN_TELEMETRY, "exponential histogram", "openTelemetryExponential"));

    private MetricFamilies() {}

    static List<Family> all() {
        return List.of(recording("Prometheus", PROMETHEUS), recording("Micrometer", MICROMETER),
                recording("OpenTelemetry", OPEN_TELEMETRY), collecting());
    }

    /** Returns the updates of one library. */
    private static Family recording(String title, String library) {
        List<Row> rows = new ArrayList<>();
        List<Goal> goals = new ArrayList<>();
        for (Metric metric : METRICS) {
            if (metric.library().equals(library)) {
                String ours = "per-CPU " + metric.name();
                rows.add(new Row(ours, Side.OURS, Sources.jmh(RecordBenchmark.class, metric.method()), metric.name()));
                rows.add(new Row(metric.peer(), Side.PEER, Sources.jmh(RecordBenchmark.class, metric.method() + "Peer"),
                        metric.name()));
                goals.add(Goal.ratio(ours, 1, metric.peer()).with(1));
                goals.add(Goal.ratio(ours, 1 / 3.0, metric.peer()).with(8));
            }
        }
        return new Family(title.toLowerCase(Locale.ROOT), "an update for " + title, "ns", true, rows, goals);
    }

    private static Family collecting() {
        List<Row> rows = new ArrayList<>();
        List<Goal> goals = new ArrayList<>();
        for (Metric metric : METRICS) {
            if (!metric.method().equals(SUMMARY)) {
                String ours = metric.peer() + ", per CPU";
                rows.add(new Row(ours, Side.OURS, collected(metric, false), metric.peer()));
                rows.add(new Row(metric.peer(), Side.PEER, collected(metric, true), metric.peer()));
                goals.add(Goal.ratio(ours, 1, metric.peer()).with(1));
            }
        }
        return new Family("collect", "10,000 series collected", "ms", false, true, rows, goals);
    }

    private static Source collected(Metric metric, boolean isPeer) {
        return Sources.single(Sources.slow(Sources.jmh(CollectBenchmark.class, "collect", "metric", metric.method(),
                "isPeer", String.valueOf(isPeer))));
    }
}
