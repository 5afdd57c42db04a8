package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.prometheus.CounterCollector;
import io.github.rseq4j.prometheus.HistogramCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.stream.IntStream;

/**
 * A counter and a histogram of Prometheus whose updates are per-CPU. All exporters of Prometheus' client write them,
 * beside the client's own metrics. The series are looked up once.
 *
 * <pre>
 * http_requests: [1000.0]
 * latency_seconds: [1000]
 * </pre>
 */
final class Sample19Metrics {
    static void main() {
        PrometheusRegistry registry = new PrometheusRegistry();
        CounterCollector requests = new CounterCollector("http_requests", "requests served", "method");
        HistogramCollector latency = new HistogramCollector("latency_seconds", "of requests",
                DoubleBuckets.exponential(3, 1e-6, 1e3), "method");
        registry.register(requests);
        registry.register(latency);
        CounterCollector.Series gets = requests.labelValues("GET");
        HistogramCollector.Series getSeconds = latency.labelValues("GET");
        IntStream.range(0, 1000).parallel().forEach(i -> {
            gets.inc();
            getSeconds.observe(i / 1e4);
        });
        System.out.println("http_requests: " + requests.collect().getDataPoints().stream()
                .map(point -> point.getValue()).toList());
        System.out.println("latency_seconds: " + latency.collect().getDataPoints().stream()
                .map(point -> point.getCount()).toList());
    }
}
