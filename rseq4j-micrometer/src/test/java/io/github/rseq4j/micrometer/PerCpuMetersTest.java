package io.github.rseq4j.micrometer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.percpu.PerCpuCounter;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.micrometer.core.instrument.distribution.pause.PauseDetector;
import io.micrometer.core.instrument.simple.CountingMode;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The meters answer as those of Micrometer's simple registry, on restartable sequences and on the fallback. */
final class PerCpuMetersTest {
    private final MockClock clock = new MockClock();
    private final MeterRegistry theirs = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
    private final MeterRegistry ours = new Extended(clock);

    /** The registry of the documentation. */
    private static final class Extended extends SimpleMeterRegistry {
        Extended(MockClock clock) {
            super(SimpleConfig.DEFAULT, clock);
        }

        @Override
        protected Counter newCounter(Meter.Id id) {
            return PerCpuMeters.counter(id);
        }

        @Override
        protected Timer newTimer(Meter.Id id, DistributionStatisticConfig config, PauseDetector detector) {
            return PerCpuMeters.timer(id, clock, config, getBaseTimeUnit());
        }

        @Override
        protected DistributionSummary newDistributionSummary(Meter.Id id, DistributionStatisticConfig config,
                                                             double scale) {
            return PerCpuMeters.summary(id, clock, config, scale);
        }
    }

    private static Timer timer(MeterRegistry registry) {
        return Timer.builder("latency").serviceLevelObjectives(Duration.ofMillis(10), Duration.ofMillis(100))
                .publishPercentiles(0.5).register(registry);
    }

    private void assertSame(HistogramSnapshot expected, HistogramSnapshot actual) {
        assertEquals(expected.count(), actual.count());
        assertEquals(expected.total(), actual.total());
        assertEquals(expected.max(), actual.max());
        assertArrayEquals(expected.histogramCounts(), actual.histogramCounts());
        assertEquals(expected.percentileValues().length, actual.percentileValues().length);
        for (int i = 0; i < expected.percentileValues().length; i++) {
            assertEquals(expected.percentileValues()[i].value(), actual.percentileValues()[i].value());
        }
    }

    @Test
    void answersAsTheSimpleRegistrysMeters() throws Exception {
        for (MeterRegistry registry : new MeterRegistry[] {ours, theirs}) {
            Callable<String> call = () -> {
                clock.add(Duration.ofMillis(50));
                return "done";
            };
            assertEquals("done", timer(registry).recordCallable(call));
            timer(registry).record(() -> clock.add(Duration.ofMillis(2)));
            timer(registry).record(Duration.ofNanos(Long.MAX_VALUE / 2));
            timer(registry).record(Duration.ofMillis(-1));
            Timer.Sample sample = Timer.start(registry);
            clock.add(Duration.ofMillis(100));
            assertEquals(Duration.ofMillis(100).toNanos(), sample.stop(timer(registry)));
            registry.counter("c").increment();
            registry.counter("c").increment(0.5);
            DistributionSummary summary = DistributionSummary.builder("s").scale(2)
                    .serviceLevelObjectives(1, 8).register(registry);
            summary.record(0);
            summary.record(4);
            summary.record(4.25);
            summary.record(-4);
        }
        assertSame(timer(theirs).takeSnapshot(), timer(ours).takeSnapshot());
        assertEquals(4, timer(ours).count());
        assertEquals(timer(theirs).mean(TimeUnit.SECONDS), timer(ours).mean(TimeUnit.SECONDS));
        assertEquals(timer(theirs).baseTimeUnit(), timer(ours).baseTimeUnit());
        assertSame(theirs.summary("s").takeSnapshot(), ours.summary("s").takeSnapshot());
        assertEquals(16.5, ours.summary("s").totalAmount());
        assertEquals(8.5, ours.summary("s").max());
        assertEquals(theirs.counter("c").count(), ours.counter("c").count());
        assertEquals(1.5, ours.counter("c").count());
    }

    @Test
    void maximumLastsForAsManyExpiriesAsThereAreBuffers() {
        DistributionStatisticConfig config = DistributionStatisticConfig.builder().expiry(Duration.ofSeconds(10))
                .bufferLength(3).build().merge(DistributionStatisticConfig.DEFAULT);
        DistributionSummary summary = PerCpuMeters.summary(new Meter.Id("s", Tags.empty(),
                null, null, Meter.Type.DISTRIBUTION_SUMMARY), clock, config, 1);
        assertEquals(0, summary.max());
        summary.record(7);
        summary.record(3);
        assertEquals(7, summary.max());
        clock.add(Duration.ofSeconds(10));
        assertEquals(7, summary.max(), "here its three steps begin");
        summary.record(5);
        clock.add(Duration.ofSeconds(20));
        assertEquals(7, summary.max());
        clock.add(Duration.ofSeconds(10));
        assertEquals(5, summary.max());
        clock.add(Duration.ofSeconds(20));
        assertEquals(0, summary.max());
        summary.record(9);
        clock.add(Duration.ofHours(1));
        assertEquals(9, summary.max(), "no reading was between the record and this one");
        clock.add(Duration.ofHours(1));
        assertEquals(0, summary.max());
        assertEquals(4, summary.count());
    }

    @Test
    void aFunctionCounterExportsTheChangesOfEachStep() {
        SimpleConfig config = new SimpleConfig() {
            @Override
            public @Nullable String get(String key) {
                return null;
            }

            @Override
            public CountingMode mode() {
                return CountingMode.STEP;
            }

            @Override
            public Duration step() {
                return Duration.ofMinutes(1);
            }
        };
        MeterRegistry registry = new SimpleMeterRegistry(config, clock);
        PerCpuCounter requests = new PerCpuCounter();
        FunctionCounter exported = FunctionCounter.builder("requests", requests, PerCpuCounter::sum)
                .register(registry);
        requests.add(5);
        assertEquals(0, exported.count());
        clock.add(Duration.ofMinutes(1));
        assertEquals(5, exported.count());
        requests.add(2);
        clock.add(Duration.ofMinutes(1));
        assertEquals(2, exported.count());
        assertEquals(7, requests.sum());
    }
}
