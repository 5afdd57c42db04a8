package io.github.rseq4j.demo.side;

import io.github.rseq4j.jackson.PerCpuRecyclerPool;
import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.prometheus.CounterCollector;
import io.github.rseq4j.prometheus.HistogramCollector;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/** Per-CPU counters, histograms and recyclers, and a flight recorder of rseq4j. */
final class Rseq4jSide implements Side {
    private static final int SUB_BUFFER_BYTES = 1 << 20;
    private static final int MOST_SUB_BUFFERS = 16;
    /** The rings of all CPUs together have at most this many sub-buffers, but two for each CPU. */
    private static final int ALL_SUB_BUFFERS = 1024;
    private static final double NANOS = 1e-9;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final HistogramCollector latency = new HistogramCollector(LATENCY, "of requests, until the answer is ready",
            DoubleBuckets.explicit(BOUNDS.stream().mapToDouble(each -> each).toArray()), LABEL);
    private final Map<Kind, CounterCollector.Series> requests = new EnumMap<>(Kind.class);
    private final Map<Kind, HistogramCollector.Series> latencies = new EnumMap<>(Kind.class);
    private final PerCpuRecyclerPool recyclers = new PerCpuRecyclerPool();
    private final Tracer tracer;
    private final ServiceEvents events;

    Rseq4jSide(Path folder) throws IOException {
        CounterCollector counter = new CounterCollector(REQUESTS, "requests, by kind", LABEL);
        for (Kind kind : Kind.values()) {
            requests.put(kind, counter.labelValues(kind.name()));
            latencies.put(kind, latency.labelValues(kind.name()));
        }
        registry.register(counter);
        registry.register(latency);
        int count = Math.clamp(ALL_SUB_BUFFERS / Runtime.getRuntime().availableProcessors(),
                TracerOptions.MIN_SUB_BUFFERS, MOST_SUB_BUFFERS);
        tracer = Tracer.flightRecorder(folder.resolve("recorder"),
                TracerOptions.defaults().withSubBuffers(SUB_BUFFER_BYTES, Integer.highestOneBit(count)));
        events = tracer.probes(ServiceEvents.class);
    }

    @Override
    public void count(Kind kind, long nanos) {
        PeerMetrics.of(requests, kind).inc();
        PeerMetrics.of(latencies, kind).observe(nanos * NANOS);
    }

    @Override
    public Map<String, Long> counted() {
        Map<String, Long> counts = new TreeMap<>();
        requests.forEach((kind, series) -> counts.put(kind.name(), Math.round(series.get())));
        return counts;
    }

    @Override
    public Map<String, Long> observed() {
        Map<String, Long> counts = new TreeMap<>();
        latency.collect().getDataPoints().forEach(point -> counts.put(point.getLabels().get(LABEL), point.getCount()));
        return counts;
    }

    @Override
    public String metrics() throws IOException {
        return PeerMetrics.text(registry);
    }

    @Override
    public PerCpuRecyclerPool pool() {
        return recyclers;
    }

    @Override
    public long recyclers() {
        return recyclers.stats().created();
    }

    @Override
    public ServiceEvents events() {
        return events;
    }

    @Override
    public void snapshot(Path target) throws IOException {
        tracer.snapshot(target);
    }

    @Override
    public void forget() {
        // The rings have a fixed size.
    }

    @Override
    public long lost() {
        return tracer.stats().discarded() + tracer.stats().lost();
    }

    @Override
    public void close() {
        tracer.close();
    }
}
