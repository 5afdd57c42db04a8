package io.github.rseq4j.demo.side;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.DoubleStream;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** A LongAdder and a Recorder of HdrHistogram for each kind of request, as metrics of Prometheus. */
final class AdderMetrics {
    private static final int DIGITS = 2;
    private static final double NANOS = 1e-9;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Map<Kind, LongAdder> requests = new EnumMap<>(Kind.class);
    private final Map<Kind, Latency> latencies = new EnumMap<>(Kind.class);

    /** The latencies of a kind: a Recorder, and the sum of the intervals that were taken from it. */
    private static final class Latency {
        private final Recorder recorder = new Recorder(DIGITS);
        private final Histogram total = new Histogram(DIGITS);

        synchronized Histogram total() {
            total.add(recorder.getIntervalHistogram());
            return total.copy();
        }
    }

    AdderMetrics() {
        for (Kind kind : Kind.values()) {
            requests.put(kind, new LongAdder());
            latencies.put(kind, new Latency());
        }
        Collector counter = this::counters;
        Collector histogram = this::histograms;
        registry.register(counter);
        registry.register(histogram);
    }

    void count(Kind kind, long nanos) {
        PeerMetrics.of(requests, kind).increment();
        PeerMetrics.of(latencies, kind).recorder.recordValue(nanos);
    }

    Map<String, Long> counted() {
        Map<String, Long> counts = new TreeMap<>();
        requests.forEach((kind, adder) -> counts.put(kind.name(), adder.sum()));
        return counts;
    }

    Map<String, Long> observed() {
        Map<String, Long> counts = new TreeMap<>();
        latencies.forEach((kind, latency) -> counts.put(kind.name(), latency.total().getTotalCount()));
        return counts;
    }

    String text() throws IOException {
        return PeerMetrics.text(registry);
    }

    private CounterSnapshot counters() {
        CounterSnapshot.Builder snapshot = CounterSnapshot.builder().name(Side.REQUESTS.replace("_total", ""))
                .help("requests, by kind");
        requests.forEach((kind, adder) -> snapshot.dataPoint(CounterSnapshot.CounterDataPointSnapshot.builder()
                .labels(Labels.of(Side.LABEL, kind.name())).value((double) adder.sum()).build()));
        return snapshot.build();
    }

    private HistogramSnapshot histograms() {
        HistogramSnapshot.Builder snapshot = HistogramSnapshot.builder().name(Side.LATENCY)
                .help("of requests, until the answer is ready");
        double[] bounds = DoubleStream.concat(Side.BOUNDS.stream().mapToDouble(each -> each),
                DoubleStream.of(Double.POSITIVE_INFINITY)).toArray();
        latencies.forEach((kind, latency) -> {
            Histogram total = latency.total();
            long[] counts = new long[bounds.length];
            long before = 0;
            for (int i = 0; i < counts.length; i++) {
                long below = i == Side.BOUNDS.size() ? total.getTotalCount()
                        : total.getCountBetweenValues(0, Math.round(bounds[i] / NANOS));
                counts[i] = below - before;
                before = below;
            }
            snapshot.dataPoint(HistogramSnapshot.HistogramDataPointSnapshot.builder()
                    .labels(Labels.of(Side.LABEL, kind.name()))
                    .classicHistogramBuckets(ClassicHistogramBuckets.of(bounds, counts))
                    .sum(total.getMean() * total.getTotalCount() * NANOS).build());
        });
        return snapshot.build();
    }
}
