package io.github.rseq4j.opentelemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.github.rseq4j.percpu.PerCpuExponentialHistogram;
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
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        try (Sdk sdk = new Sdk(metrics)) {
            DoubleHistogram explicitPeer = sdk.provider.get("peer").histogramBuilder("explicit.peer").build();
            for (int i = 0; i < 500; i++) {
                explicit.record(i / 40.3);
                explicitPeer.record(i / 40.3, GET);
            }
            Exported exported = sdk.export();
            HistogramPointData own = exported.get("explicit").getHistogramData().getPoints().iterator().next();
            HistogramPointData peer = exported.get("explicit.peer").getHistogramData().getPoints().iterator().next();
            assertEquals(peer.getBoundaries(), own.getBoundaries());
            assertEquals(peer.getCounts(), own.getCounts());
            assertEquals(peer.getCount(), own.getCount());
            assertEquals(peer.getSum(), own.getSum(), 1e-9 * peer.getSum());
        }
    }

    /** The SDK rounds a logarithm, which puts some powers of the base into the bucket above theirs; these are none. */
    private static double[] values(String kind) {
        return IntStream.range(0, 500).mapToDouble(i -> switch (kind) {
            case "ordinary" -> i / 40.3;
            case "signed" -> (i - 100) / 40.3;
            case "beyond" -> (i + 0.3) * 1e4;
            default -> Math.scalb(i % 2 == 0 ? 1.3 : -1.3, i * 2 - 400);
        }).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ordinary", "signed", "beyond", "far"})
    void exportsExponentialHistogramsAsTheSdksOwn(String kind) {
        PerCpuMetrics metrics = new PerCpuMetrics("shop");
        DoubleBuckets buckets = kind.equals("far") ? DoubleBuckets.exponential(3, 0x1p-1000, 0x1p-999)
                : DoubleBuckets.exponential(3, 1e-3, 1e2);
        PerCpuExponentialHistogram exponential =
                metrics.exponentialHistogram("exponential", "of requests", "s", buckets).apply(GET);
        try (Sdk sdk = new Sdk(metrics)) {
            DoubleHistogram peer = sdk.provider.get("peer").histogramBuilder("exponential.peer").build();
            for (double value : values(kind)) {
                exponential.record(value);
                // The SDK drops negative values before its aggregator, which could count them.
                if (value >= 0) {
                    peer.record(value, GET);
                }
            }
            Exported exported = sdk.export();
            ExponentialHistogramPointData own = exported.get("exponential").getExponentialHistogramData().getPoints()
                    .iterator().next();
            ExponentialHistogramPointData expected = exported.get("exponential.peer").getExponentialHistogramData()
                    .getPoints().iterator().next();
            assertEquals(expected.getScale(), own.getScale());
            assertEquals(expected.getZeroCount(), own.getZeroCount());
            assertEquals(expected.getPositiveBuckets().getOffset(), own.getPositiveBuckets().getOffset());
            assertEquals(expected.getPositiveBuckets().getBucketCounts(), own.getPositiveBuckets().getBucketCounts());
            assertEquals(500, own.getCount());
            assertEquals(500, own.getZeroCount() + own.getPositiveBuckets().getTotalCount()
                    + own.getNegativeBuckets().getTotalCount());
            double sum = Arrays.stream(values(kind)).sum();
            assertEquals(sum, own.getSum(), 1e-9 * Math.abs(sum));
            assertEquals(own.getScale(), own.getNegativeBuckets().getScale());
        }
    }

    /** The buckets of negative values are those that their magnitudes have. */
    @Test
    void negativeValuesHaveTheBucketsOfTheirMagnitudes() {
        PerCpuMetrics metrics = new PerCpuMetrics("shop");
        var histograms = metrics.exponentialHistogram("e", "", "", DoubleBuckets.exponential(3, 1e-3, 1e2));
        for (double value : values("beyond")) {
            histograms.apply(GET).record(value);
            histograms.apply(PUT).record(-value);
        }
        try (Sdk sdk = new Sdk(metrics)) {
            Map<Attributes, ExponentialHistogramPointData> points = new HashMap<>();
            sdk.export().get("e").getExponentialHistogramData().getPoints()
                    .forEach(point -> points.put(point.getAttributes(), point));
            ExponentialHistogramPointData above = Objects.requireNonNull(points.get(GET));
            ExponentialHistogramPointData below = Objects.requireNonNull(points.get(PUT));
            assertEquals(above.getPositiveBuckets().getOffset(), below.getNegativeBuckets().getOffset());
            assertEquals(above.getPositiveBuckets().getBucketCounts(), below.getNegativeBuckets().getBucketCounts());
            assertEquals(above.getScale(), below.getScale());
            assertEquals(-above.getSum(), below.getSum());
        }
    }

    @Test
    void refusesBucketsOfTheOtherKind() {
        PerCpuMetrics metrics = new PerCpuMetrics("shop");
        assertThrows(IllegalArgumentException.class,
                () -> metrics.histogram("h", "", "", DoubleBuckets.exponential(3, 1, 2)));
        assertThrows(IllegalArgumentException.class,
                () -> metrics.exponentialHistogram("h", "", "", DoubleBuckets.explicit(1, 2)));
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
