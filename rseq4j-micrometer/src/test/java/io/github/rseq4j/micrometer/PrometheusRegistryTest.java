package io.github.rseq4j.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.LongTaskTimer;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A registry with per-CPU meters is scraped as Micrometer's own, on restartable sequences and on the fallback. */
final class PrometheusRegistryTest {
    private static final int THREADS = 8;
    private static final int UPDATES = 20_000;

    private final MockClock clock = new MockClock();
    private final PerCpuPrometheusMeterRegistry ours =
            new PerCpuPrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), clock);
    private final PrometheusMeterRegistry theirs =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), clock);

    private static void update(MeterRegistry registry, String tag) {
        Counter counter = Counter.builder("requests").description("served \"x\"\n").baseUnit("calls")
                .tag("http.method", tag).register(registry);
        counter.increment();
        counter.increment(2.5);
        counter.increment(-1);
        Timer plain = Timer.builder("plain").description("no buckets").tag("m", tag).register(registry);
        Timer fine = Timer.builder("fine").tag("m", tag).publishPercentileHistogram()
                .serviceLevelObjectives(Duration.ofMillis(7), Duration.ofMillis(70)).register(registry);
        Timer objectives = Timer.builder("objectives").serviceLevelObjectives(Duration.ofMillis(7)).tag("m", tag)
                .register(registry);
        Timer percentiles = Timer.builder("percentiles").tag("m", tag).publishPercentiles(0.5, 0.99)
                .register(registry);
        Timer both = Timer.builder("both").tag("m", tag).publishPercentiles(0.5).publishPercentileHistogram()
                .register(registry);
        DistributionSummary sizes = DistributionSummary.builder("sizes").baseUnit("bytes").scale(0.5).tag("m", tag)
                .register(registry);
        DistributionSummary fineSizes = DistributionSummary.builder("fine.sizes").publishPercentileHistogram()
                .minimumExpectedValue(1.0).maximumExpectedValue(5000.0).tag("m", tag).register(registry);
        for (int i = -1; i < 500; i++) {
            for (Timer timer : List.of(plain, fine, objectives, percentiles, both)) {
                timer.record(i * 1_000_003L, TimeUnit.NANOSECONDS);
            }
            sizes.record(i * 8.25);
            fineSizes.record(i * 16.5);
        }
        fine.record(Duration.ofMillis(7));
        fine.record(3, TimeUnit.HOURS);
        sizes.record(Double.NaN);
    }

    private static List<String> lines(PrometheusMeterRegistry registry, boolean isOpenMetrics) {
        return registry.scrape(isOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8").lines().sorted().toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void scrapesAsMicrometersOwnMeters(boolean isOpenMetrics) {
        for (String tag : List.of("GET", "PUT")) {
            update(ours, tag);
            update(theirs, tag);
        }
        List<String> scraped = lines(ours, isOpenMetrics);
        assertEquals(lines(theirs, isOpenMetrics), scraped);
        assertTrue(scraped.contains("requests_calls_total{http_method=\"GET\"} 3.5"), scraped::toString);
        assertTrue(scraped.contains("fine_seconds_max{m=\"PUT\"} 10800.0"), scraped::toString);
        assertTrue(scraped.stream().filter(line -> line.startsWith("fine_seconds_bucket")).count() > 100);
    }

    @Test
    void removesMetersFromScrapes() {
        update(ours, "GET");
        update(theirs, "GET");
        for (PrometheusMeterRegistry registry : List.of(ours, theirs)) {
            registry.remove(registry.get("fine").timer());
            registry.remove(registry.get("requests").counter());
        }
        List<String> scraped = lines(ours, false);
        assertEquals(lines(theirs, false), scraped);
        assertFalse(scraped.toString().contains("fine_seconds"));
        update(ours, "GET");
        assertTrue(lines(ours, false).toString().contains("fine_seconds_count{m=\"GET\"} 502"));
    }

    @Test
    void refusesASecondMeterOfOneNameInPrometheusThatDiffers() {
        List<String> failures = new ArrayList<>();
        ours.config().onMeterRegistrationFailed((id, reason) -> failures.add(id.getName() + ": " + reason));
        ours.timer("a", "m", "x").record(1, TimeUnit.SECONDS);
        assertEquals(List.of(), failures);
        Timer.builder("a").tag("m", "y").publishPercentileHistogram().register(ours).record(Duration.ofSeconds(1));
        DistributionSummary.builder("a.seconds").register(ours).record(1);
        assertEquals(2, failures.size(), failures::toString);
        assertTrue(failures.getFirst().startsWith("a: name=a_seconds is that of TIMER a, whose "), failures::toString);
        List<String> scraped = lines(ours, false);
        assertEquals(1, scraped.stream().filter(line -> line.startsWith("a_seconds_count")).count(),
                scraped::toString);
    }

    @Test
    void countsEveryUpdateOfPlatformAndVirtualThreads() throws InterruptedException {
        Counter counter = ours.counter("updates");
        Timer timer = Timer.builder("fine").publishPercentileHistogram().register(ours);
        DistributionSummary summary = DistributionSummary.builder("sizes").register(ours);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            Thread.Builder builder = t % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
            threads.add(builder.start(() -> {
                for (int i = 0; i < UPDATES; i++) {
                    counter.increment();
                    timer.record(i % 4, TimeUnit.MILLISECONDS);
                    summary.record(i % 8 / 2.0);
                    if (i % 1000 == 0) {
                        LockSupport.parkNanos(1);
                    }
                }
            }));
        }
        while (threads.stream().anyMatch(Thread::isAlive)) {
            HistogramDataPointSnapshot point = ours.getPrometheusRegistry().scrape().stream()
                    .filter(HistogramSnapshot.class::isInstance).map(HistogramSnapshot.class::cast).findFirst()
                    .orElseThrow().getDataPoints().getFirst();
            long all = 0;
            for (int i = 0; i < point.getClassicBuckets().size(); i++) {
                all += point.getClassicBuckets().getCount(i);
            }
            assertEquals(all, point.getCount());
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long updates = (long) THREADS * UPDATES;
        assertEquals((double) updates, counter.count());
        assertEquals(updates, timer.count());
        assertEquals(updates * 1.5, timer.totalTime(TimeUnit.MILLISECONDS));
        assertEquals(3, timer.max(TimeUnit.MILLISECONDS));
        assertEquals(updates, summary.count());
        assertEquals(updates * 1.75, summary.totalAmount());
        assertEquals(3.5, summary.max());
    }

    @Test
    void leavesOtherMetersToTheSuperclass() {
        for (PrometheusMeterRegistry registry : List.of(ours, theirs)) {
            registry.gauge("temperature", 20.5);
            LongTaskTimer.builder("migration").register(registry).start();
            registry.more().counter("evictions", List.of(), 7);
        }
        assertEquals(lines(theirs, false), lines(ours, false));
        assertNotEquals(List.of(), lines(ours, false));
    }
}
