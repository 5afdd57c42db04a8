package io.github.rseq4j.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusProtobufWriter;
import io.prometheus.metrics.expositionformats.generated.Metrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Native histograms have the buckets of the client's own, on restartable sequences and on the fallback. */
final class NativeHistogramTest {
    private static final int THREADS = 4;
    private static final int VALUES = 4000;

    private final PrometheusRegistry ours = new PrometheusRegistry();
    private final PrometheusRegistry theirs = new PrometheusRegistry();

    private HistogramCollector.Series make(DoubleBuckets buckets) {
        HistogramCollector collector = new HistogramCollector("values", "native", buckets);
        ours.register(collector);
        return collector.labelValues();
    }

    /** Makes the client's own histogram, of the same name, schema and zero bucket. */
    private Histogram makePeer(DoubleBuckets buckets) {
        return Histogram.builder().name("values").help("native").nativeOnly().nativeInitialSchema(buckets.scale())
                .nativeMaxNumberOfBuckets(0).nativeMinZeroThreshold(buckets.upperBound(0))
                .nativeMaxZeroThreshold(buckets.upperBound(0)).register(theirs);
    }

    private static HistogramDataPointSnapshot point(PrometheusRegistry registry) {
        return (HistogramDataPointSnapshot) registry.scrape().get(0).getDataPoints().getFirst();
    }

    private static Map<Integer, Long> counts(NativeHistogramBuckets buckets) {
        Map<Integer, Long> counts = new TreeMap<>();
        for (int i = 0; i < buckets.size(); i++) {
            counts.merge(buckets.getBucketIndex(i), buckets.getCount(i), Long::sum);
        }
        counts.values().removeIf(count -> count == 0);
        return counts;
    }

    /** Writes a scrape in the protobuf format, parses it with the client's own classes, and leaves out its time. */
    private static String parsed(PrometheusRegistry registry) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new PrometheusProtobufWriter().write(out, registry.scrape());
        var family = Metrics.MetricFamily.parseDelimitedFrom(new ByteArrayInputStream(out.toByteArray())).toBuilder();
        family.getMetricBuilder(0).getHistogramBuilder().clearCreatedTimestamp().clearSampleSum();
        assertEquals(1, family.getMetricCount());
        return family.build().toString();
    }

    private static List<Double> values(String kind, SplittableRandom random) {
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < VALUES; i++) {
            double ordinary = Math.pow(10, random.nextDouble(-3, 2));
            values.add(switch (kind) {
                case "ordinary" -> ordinary;
                case "signed" -> random.nextInt(4) == 0 ? 0.0 : random.nextBoolean() ? ordinary : -ordinary;
                case "powers" -> Math.scalb(1.0, random.nextInt(-40, 1024));
                default -> Math.copySign(Math.scalb(random.nextDouble(1, 2), random.nextInt(-1000, 1024)),
                        random.nextDouble(-1, 1));
            });
        }
        if (kind.equals("all")) {
            values.addAll(List.of(Double.MAX_VALUE, -Double.MAX_VALUE, Double.MIN_VALUE, 0.0, -0.0, Double.NaN,
                    Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 65_536.0, Math.nextUp(65_536.0)));
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {-4, -1, 0, 1, 3, 5, 8})
    void everyValueIsInTheClientsBucket(int schema) throws IOException {
        DoubleBuckets buckets = DoubleBuckets.exponential(schema, 1e-3, 100);
        HistogramCollector.Series own = make(buckets);
        Histogram peer = makePeer(buckets);
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        for (String kind : List.of("ordinary", "signed", "powers", "all")) {
            for (double value : values(kind, random)) {
                own.observe(value);
                peer.observe(value);
            }
            String context = kind + ", seed=" + seed;
            HistogramDataPointSnapshot expected = point(theirs);
            HistogramDataPointSnapshot actual = point(ours);
            assertEquals(schema, actual.getNativeSchema());
            assertEquals(expected.getNativeZeroThreshold(), actual.getNativeZeroThreshold());
            assertEquals(expected.getNativeZeroCount(), actual.getNativeZeroCount(), context);
            assertEquals(counts(expected.getNativeBucketsForPositiveValues()),
                    counts(actual.getNativeBucketsForPositiveValues()), context);
            assertEquals(counts(expected.getNativeBucketsForNegativeValues()),
                    counts(actual.getNativeBucketsForNegativeValues()), context);
            assertEquals(expected.getCount(), actual.getCount(), context);
            assertEquals(parsed(theirs), parsed(ours), context);
            if (kind.equals("signed")) {
                assertEquals(expected.getSum(), actual.getSum(), 1e-6, context);
                assertTrue(actual.getNativeZeroCount() > 0 && actual.getNativeBucketsForNegativeValues().size() > 0);
            }
        }
        assertTrue(Double.isNaN(point(ours).getSum()), "it has both infinities");
    }

    @Test
    void rangesThatThreadsMakeTogetherLoseNothing() throws InterruptedException {
        HistogramCollector.Series series = make(DoubleBuckets.exponential(0, 1, 10));
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            threads.add(Thread.ofVirtual().start(() -> {
                for (int exponent = 0; exponent < 1000; exponent++) {
                    series.observe(Math.scalb(1.0, exponent));
                    series.observe(-Math.scalb(1.0, 999 - exponent));
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        HistogramDataPointSnapshot point = point(ours);
        assertEquals(2L * THREADS * 1000, point.getCount());
        Map<Integer, Long> expected = new TreeMap<>();
        for (int index = 0; index < 1000; index++) {
            expected.put(index, (long) THREADS);
        }
        assertEquals(expected, counts(point.getNativeBucketsForPositiveValues()));
        assertEquals(expected, counts(point.getNativeBucketsForNegativeValues()));
        assertEquals(0, point.getNativeZeroCount());
    }
}
