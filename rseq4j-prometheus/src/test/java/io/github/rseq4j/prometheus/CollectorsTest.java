package io.github.rseq4j.prometheus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The collectors are scraped as Prometheus' own, value by value, on restartable sequences and on the fallback. */
final class CollectorsTest {
    private static final int THREADS = 8;
    private static final int UPDATES = 20_000;
    private static final double[] BOUNDS = {0.25, 1, 2.5};

    private static String scrape(PrometheusRegistry registry, boolean isOpenMetrics) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (isOpenMetrics) {
            OpenMetricsTextFormatWriter.create().write(out, registry.scrape());
        } else {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        }
        return out.toString(StandardCharsets.UTF_8);
    }

    /** Parses the samples of a scrape: name and labels, to the value. Times of creation are left out. */
    private static Map<String, Double> samples(String scraped) {
        Map<String, Double> samples = new TreeMap<>();
        scraped.lines().filter(line -> !line.startsWith("#") && !line.contains("_created")).forEach(line -> {
            int end = line.lastIndexOf(' ');
            samples.put(line.substring(0, end), Double.parseDouble(line.substring(end + 1)));
        });
        return samples;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void scrapesAsPrometheusOwnMetrics(boolean isOpenMetrics) throws IOException {
        PrometheusRegistry ours = new PrometheusRegistry();
        PrometheusRegistry theirs = new PrometheusRegistry();
        CounterCollector counter = new CounterCollector("requests_total", "served", "method", "code");
        HistogramCollector histogram = new HistogramCollector("latency_seconds", "of requests",
                DoubleBuckets.explicit(BOUNDS), "method");
        ours.register(counter);
        ours.register(histogram);
        Counter peer = Counter.builder().name("requests_total").help("served").labelNames("method", "code")
                .register(theirs);
        Histogram peerHistogram = Histogram.builder().name("latency_seconds").help("of requests").classicOnly()
                .classicUpperBounds(BOUNDS).labelNames("method").register(theirs);
        for (String method : List.of("GET", "PUT \"x\"\n")) {
            counter.labelValues(method, "200").inc();
            counter.labelValues(method, "200").inc(2.5);
            counter.labelValues(method, "500").inc(7);
            peer.labelValues(method, "200").inc();
            peer.labelValues(method, "200").inc(2.5);
            peer.labelValues(method, "500").inc(7);
            for (double value : new double[] {-1, 0, 0.25, 0.5, 1, 2, 2.5, 3, Double.NaN, 100}) {
                histogram.labelValues(method).observe(value);
                peerHistogram.labelValues(method).observe(value);
            }
        }
        Map<String, Double> scraped = samples(scrape(ours, isOpenMetrics));
        assertEquals(samples(scrape(theirs, isOpenMetrics)), scraped);
        assertEquals(3.5, scraped.get("requests_total{code=\"200\",method=\"GET\"}"), scraped.toString());
        counter.remove("GET", "200");
        assertEquals(scraped.size() - 1, samples(scrape(ours, isOpenMetrics)).size());
    }

    @Test
    void countsEveryUpdateWhileScrapesSeeConsistentBuckets() throws InterruptedException {
        CounterCollector counter = new CounterCollector("updates", "made", "thread");
        HistogramCollector histogram = new HistogramCollector("values", "seen", DoubleBuckets.explicit(BOUNDS));
        HistogramCollector.Series values = histogram.labelValues();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            CounterCollector.Series updates = counter.labelValues("t" + t % 2);
            threads.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < UPDATES; i++) {
                    updates.inc();
                    values.observe(i % 8 / 2.0);
                }
            }));
        }
        while (threads.stream().anyMatch(Thread::isAlive)) {
            HistogramDataPointSnapshot point = histogram.collect().getDataPoints().getFirst();
            long all = 0;
            ClassicHistogramBuckets buckets = point.getClassicBuckets();
            for (int i = 0; i < buckets.size(); i++) {
                all += buckets.getCount(i);
            }
            assertEquals(all, point.getCount());
        }
        for (Thread thread : threads) {
            thread.join();
        }
        HistogramDataPointSnapshot point = histogram.collect().getDataPoints().getFirst();
        assertEquals((long) THREADS * UPDATES, point.getCount());
        assertEquals(THREADS * UPDATES * 1.75, point.getSum());
        assertEquals(THREADS / 2.0 * UPDATES, counter.labelValues("t0").get());
        assertEquals(THREADS / 2.0 * UPDATES, counter.labelValues("t1").get());
    }

    @Test
    void refusesWhatPrometheusRefuses() {
        CounterCollector counter = new CounterCollector("c", "help", "a");
        assertThrows(IllegalArgumentException.class, () -> counter.labelValues());
        assertThrows(IllegalArgumentException.class, () -> counter.labelValues("x", "y"));
        assertThrows(IllegalArgumentException.class, () -> counter.labelValues("x").inc(-1));
        assertThrows(IllegalArgumentException.class, () -> counter.labelValues("x").inc(-0.5));
        assertThrows(IllegalArgumentException.class, () -> counter.labelValues("x").inc(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new CounterCollector("", "help"));
        assertThrows(IllegalArgumentException.class, () -> new CounterCollector("c", "help", "a", "a"));
    }
}
