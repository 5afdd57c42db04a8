package io.github.rseq4j.opentelemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.Base2ExponentialHistogramOptions;
import io.opentelemetry.sdk.metrics.ExplicitBucketHistogramOptions;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.testing.exporter.InMemoryMetricExporter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The SDK exports our metrics as its own, on restartable sequences and on the fallback. */
final class PerCpuMetricsTest {
    private static final int THREADS = 8;
    private static final int UPDATES = 20_000;
    private static final Attributes GET = Attributes.of(AttributeKey.stringKey("method"), "GET");
    private static final Attributes PUT = Attributes.of(AttributeKey.stringKey("method"), "PUT");

    /** An SDK with an exporter to memory. */
    private static final class Sdk implements AutoCloseable {
        private final InMemoryMetricExporter exporter = InMemoryMetricExporter.create();
        private final SdkMeterProvider provider;

        Sdk(PerCpuMetrics metrics) {
            provider = SdkMeterProvider.builder().registerMetricProducer(metrics)
                    .registerMetricReader(PeriodicMetricReader.builder(exporter).setInterval(Duration.ofHours(1))
                            .build())
                    .registerView(InstrumentSelector.builder().setName("explicit.peer").build(), View.builder()
                            .setAggregation(Aggregation.explicitBucketHistogram(
                                    ExplicitBucketHistogramOptions.builder()
                                            .setBucketBoundaries(List.of(0.25, 1.0, 2.5)).build())).build())
                    .registerView(InstrumentSelector.builder().setName("exponential.peer").build(), View.builder()
                            .setAggregation(Aggregation.base2ExponentialBucketHistogram(
                                    Base2ExponentialHistogramOptions.builder().setMaxBuckets(160).setMaxScale(3)
                                            .build())).build())
                    .build();
        }

        Exported export() {
            exporter.reset();
            assertTrue(provider.forceFlush().join(30, TimeUnit.SECONDS).isSuccess());
            Map<String, MetricData> metrics = new TreeMap<>();
            exporter.getFinishedMetricItems().forEach(metric -> metrics.put(metric.getName(), metric));
            return new Exported(metrics);
        }

        @Override
        public void close() {
            provider.close();
        }
    }

    /** The metrics of one export, by name. */
    private record Exported(Map<String, MetricData> metrics) {
        MetricData get(String name) {
            return Objects.requireNonNull(metrics.get(name), name);
        }
    }

    @Test
    void exportsSumsOfEachSetOfAttributes() {
        PerCpuMetrics metrics = new PerCpuMetrics("shop");
        var requests = metrics.counter("requests", "served", "{request}");
        var seconds = metrics.doubleCounter("busy", "time", "s");
        PerCpuCounter observed = new PerCpuCounter();
        try (Sdk sdk = new Sdk(metrics)) {
            sdk.provider.get("recipe").counterBuilder("observed").buildWithCallback(m -> m.record(observed.sum(), GET));
            requests.apply(GET).add(3);
            requests.apply(PUT).increment();
            seconds.apply(GET).add(0.75);
            observed.add(5);
            Exported exported = sdk.export();
            MetricData sums = exported.get("requests");
            assertEquals("shop", sums.getInstrumentationScopeInfo().getName());
            assertEquals("{request}", sums.getUnit());
            assertTrue(sums.getLongSumData().isMonotonic());
            assertEquals(AggregationTemporality.CUMULATIVE, sums.getLongSumData().getAggregationTemporality());
            Map<Attributes, Long> values = new HashMap<>();
            sums.getLongSumData().getPoints().forEach(point -> values.put(point.getAttributes(), point.getValue()));
            assertEquals(Map.of(GET, 3L, PUT, 1L), values);
            assertEquals(0.75, exported.get("busy").getDoubleSumData().getPoints().iterator().next().getValue());
            assertEquals(5, exported.get("observed").getLongSumData().getPoints().iterator().next().getValue());
            requests.apply(GET).increment();
            assertEquals(5, sdk.export().get("requests").getLongSumData().getPoints().stream()
                    .mapToLong(point -> point.getValue()).sum(), "cumulative");
        }
    }

    @Test
    void exportsHistogramsAsTheSdksOwn() {
        PerCpuMetrics metrics = new PerCpuMetrics("shop");
        PerCpuDoubleHistogram explicit = metrics.histogram("explicit", "of requests", "s",
                DoubleBuckets.explicit(0.25, 1, 2.5)).apply(GET);
        PerCpuDoubleHistogram exponential = metrics.histogram("exponential", "of requests", "s",
                DoubleBuckets.exponential(3, 1e-6, 1e6)).apply(GET);
        try (Sdk sdk = new Sdk(metrics)) {
            DoubleHistogram explicitPeer = sdk.provider.get("peer").histogramBuilder("explicit.peer").build();
            DoubleHistogram exponentialPeer = sdk.provider.get("peer").histogramBuilder("exponential.peer").build();
            for (int i = 0; i < 500; i++) {
                // The SDK rounds a logarithm, which puts some powers of two into the bucket above theirs.
                double value = i / 40.3;
                explicit.record(value);
                explicitPeer.record(value, GET);
                exponential.record(value);
                exponentialPeer.record(value, GET);
            }
            Exported exported = sdk.export();
            HistogramPointData own = exported.get("explicit").getHistogramData().getPoints().iterator().next();
            HistogramPointData peer = exported.get("explicit.peer").getHistogramData().getPoints().iterator().next();
            assertEquals(peer.getBoundaries(), own.getBoundaries());
            assertEquals(peer.getCounts(), own.getCounts());
            assertEquals(peer.getCount(), own.getCount());
            assertEquals(peer.getSum(), own.getSum(), 1e-9 * peer.getSum());
            ExponentialHistogramPointData fine = exported.get("exponential").getExponentialHistogramData().getPoints()
                    .iterator().next();
            ExponentialHistogramPointData finePeer = exported.get("exponential.peer").getExponentialHistogramData()
                    .getPoints().iterator().next();
            assertEquals(finePeer.getScale(), fine.getScale());
            assertEquals(finePeer.getZeroCount(), fine.getZeroCount());
            assertEquals(finePeer.getCount(), fine.getCount());
            assertEquals(finePeer.getPositiveBuckets().getOffset(), fine.getPositiveBuckets().getOffset());
            assertEquals(finePeer.getPositiveBuckets().getBucketCounts(), fine.getPositiveBuckets().getBucketCounts());
            assertEquals(finePeer.getSum(), fine.getSum(), 1e-9 * finePeer.getSum());
        }
    }

    @Test
    void countsEveryUpdateWhileExportsSeeConsistentBuckets() throws InterruptedException {
        PerCpuMetrics metrics = new PerCpuMetrics("shop");
        PerCpuCounter counter = metrics.counter("c", "", "").apply(GET);
        PerCpuDoubleHistogram histogram = metrics.histogram("h", "", "", DoubleBuckets.explicit(1, 2)).apply(GET);
        try (Sdk sdk = new Sdk(metrics)) {
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < UPDATES; i++) {
                        counter.increment();
                        histogram.record(i % 8 / 2.0);
                    }
                }));
            }
            while (threads.stream().anyMatch(Thread::isAlive)) {
                HistogramPointData point = sdk.export().get("h").getHistogramData().getPoints().iterator().next();
                assertEquals(point.getCounts().stream().mapToLong(each -> each).sum(), point.getCount());
            }
            for (Thread thread : threads) {
                thread.join();
            }
            Exported exported = sdk.export();
            HistogramPointData point = exported.get("h").getHistogramData().getPoints().iterator().next();
            long updates = (long) THREADS * UPDATES;
            assertEquals(List.of(updates * 3 / 8, updates * 2 / 8, updates * 3 / 8), point.getCounts());
            assertEquals(updates * 1.75, point.getSum());
            assertEquals(updates, exported.get("c").getLongSumData().getPoints().iterator().next().getValue());
        }
    }
}
