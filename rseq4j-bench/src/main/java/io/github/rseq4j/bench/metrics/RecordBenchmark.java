package io.github.rseq4j.bench.metrics;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.micrometer.PerCpuPrometheusMeterRegistry;
import io.github.rseq4j.opentelemetry.PerCpuMetrics;
import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.github.rseq4j.percpu.PerCpuExponentialHistogram;
import io.github.rseq4j.prometheus.CounterCollector;
import io.github.rseq4j.prometheus.HistogramCollector;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One update of a series, beside that of the library's own metric: Prometheus' client, Micrometer and OpenTelemetry.
 * The name of a method without {@code Peer} is that of rseq4j. The series is looked up once and kept, where the library
 * has that; OpenTelemetry's instruments look it up by its attributes in each call.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class RecordBenchmark {
    /** The client's default bounds, in seconds. */
    static final double[] BOUNDS = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
    /** The SDK's default bounds. */
    static final double[] SDK_BOUNDS = {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000};
    /** The resolution at which the values below fit into 160 buckets, the default limit of both libraries. */
    static final int SCALE = 3;
    static final double LOWEST = 1e-3;
    static final double HIGHEST = 10;
    static final Attributes ATTRIBUTES = Attributes.of(AttributeKey.stringKey("method"), "GET");
    private static final String LABEL = "method";
    private static final String VALUE = "GET";

    private final CounterCollector.Series prometheusCounter = new CounterCollector("c", "", LABEL).labelValues(VALUE);
    private final CounterDataPoint prometheusCounterPeer =
            Counter.builder().name("c").labelNames(LABEL).build().labelValues(VALUE);
    private final HistogramCollector.Series classic =
            new HistogramCollector("h", "", DoubleBuckets.explicit(BOUNDS), LABEL).labelValues(VALUE);
    private final DistributionDataPoint classicPeer = Histogram.builder().name("h").classicOnly()
            .classicUpperBounds(BOUNDS).labelNames(LABEL).build().labelValues(VALUE);
    private final HistogramCollector.Series nativeBuckets = new HistogramCollector("n", "",
            DoubleBuckets.exponential(SCALE, LOWEST, HIGHEST), LABEL).labelValues(VALUE);
    private final DistributionDataPoint nativeBucketsPeer = Histogram.builder().name("n").nativeOnly()
            .nativeInitialSchema(SCALE).labelNames(LABEL).build().labelValues(VALUE);

    private final Meters meters = new Meters(new PerCpuPrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    private final Meters metersPeer = new Meters(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));

    private final PerCpuMetrics metrics = new PerCpuMetrics("bench");
    private final Sdk sdk = new Sdk(metrics);
    private final PerCpuCounter sdkCounter = metrics.counter("c", "", "").apply(ATTRIBUTES);
    private final LongCounter sdkCounterPeer = sdk.meter().counterBuilder("c.peer").build();
    private final PerCpuDoubleHistogram explicit =
            metrics.histogram("h", "", "", DoubleBuckets.explicit(SDK_BOUNDS)).apply(ATTRIBUTES);
    private final DoubleHistogram explicitPeer = sdk.meter().histogramBuilder("h.peer").build();
    private final PerCpuExponentialHistogram exponential = metrics.exponentialHistogram("e", "", "",
            DoubleBuckets.exponential(SCALE, 1000 * LOWEST, 1000 * HIGHEST)).apply(ATTRIBUTES);
    private final DoubleHistogram exponentialPeer = sdk.meter().histogramBuilder(Sdk.EXPONENTIAL).build();

    /** The meters of a registry. */
    private static final class Meters {
        private final io.micrometer.core.instrument.Counter counter;
        private final Timer timer;
        private final Timer histogram;
        private final DistributionSummary summary;

        Meters(MeterRegistry registry) {
            counter = registry.counter("c", LABEL, VALUE);
            timer = registry.timer("t", LABEL, VALUE);
            histogram = Timer.builder("h").tag(LABEL, VALUE).publishPercentileHistogram().register(registry);
            summary = registry.summary("s", LABEL, VALUE);
        }
    }

    /** The values of one thread: 1 millisecond to 10 seconds, each factor of ten equally often. */
    @State(Scope.Thread)
    public static class Values {
        private static final int SIZE = 1024;

        private final double[] seconds = new double[SIZE];
        private int next;

        /** Creates the same values for each thread. */
        public Values() {
            SplittableRandom random = new SplittableRandom(1);
            for (int i = 0; i < SIZE; i++) {
                seconds[i] = Math.pow(10, random.nextDouble(-3, 1));
            }
        }

        double next() {
            next = next + 1 & SIZE - 1;
            return seconds[next];
        }

        long nextNanos() {
            return (long) (next() * 1e9);
        }
    }

    /**
     * Passes a value to an empty critical downcall.
     *
     * @param values the values
     * @return its result
     */
    @Benchmark
    public long empty(Values values) {
        long nanos = values.nextNanos();
        return Empty.call(nanos, nanos);
    }

    /** Increments a counter for Prometheus. */
    @Benchmark
    public void prometheusCounter() {
        prometheusCounter.inc();
    }

    /** Increments the client's counter. */
    @Benchmark
    public void prometheusCounterPeer() {
        prometheusCounterPeer.inc();
    }

    /**
     * Observes a value in a classic histogram for Prometheus.
     *
     * @param values the values
     */
    @Benchmark
    public void prometheusClassic(Values values) {
        classic.observe(values.next());
    }

    /**
     * Observes a value in the client's classic histogram.
     *
     * @param values the values
     */
    @Benchmark
    public void prometheusClassicPeer(Values values) {
        classicPeer.observe(values.next());
    }

    /**
     * Observes a value in a native histogram for Prometheus.
     *
     * @param values the values
     */
    @Benchmark
    public void prometheusNative(Values values) {
        nativeBuckets.observe(values.next());
    }

    /**
     * Observes a value in the client's native histogram.
     *
     * @param values the values
     */
    @Benchmark
    public void prometheusNativePeer(Values values) {
        nativeBucketsPeer.observe(values.next());
    }

    /** Increments a counter of a registry with per-CPU meters. */
    @Benchmark
    public void micrometerCounter() {
        meters.counter.increment();
    }

    /** Increments a counter of Micrometer's registry. */
    @Benchmark
    public void micrometerCounterPeer() {
        metersPeer.counter.increment();
    }

    /**
     * Records a duration in a timer of a registry with per-CPU meters.
     *
     * @param values the values
     */
    @Benchmark
    public void micrometerTimer(Values values) {
        meters.timer.record(values.nextNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Records a duration in a timer of Micrometer's registry.
     *
     * @param values the values
     */
    @Benchmark
    public void micrometerTimerPeer(Values values) {
        metersPeer.timer.record(values.nextNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Records a duration in a timer with a percentile histogram of a registry with per-CPU meters.
     *
     * @param values the values
     */
    @Benchmark
    public void micrometerHistogram(Values values) {
        meters.histogram.record(values.nextNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Records a duration in a timer with a percentile histogram of Micrometer's registry.
     *
     * @param values the values
     */
    @Benchmark
    public void micrometerHistogramPeer(Values values) {
        metersPeer.histogram.record(values.nextNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Records an amount in a summary of a registry with per-CPU meters.
     *
     * @param values the values
     */
    @Benchmark
    public void micrometerSummary(Values values) {
        meters.summary.record(values.next());
    }

    /**
     * Records an amount in a summary of Micrometer's registry.
     *
     * @param values the values
     */
    @Benchmark
    public void micrometerSummaryPeer(Values values) {
        metersPeer.summary.record(values.next());
    }

    /** Increments a counter for OpenTelemetry. */
    @Benchmark
    public void openTelemetryCounter() {
        sdkCounter.increment();
    }

    /** Increments the SDK's counter. */
    @Benchmark
    public void openTelemetryCounterPeer() {
        sdkCounterPeer.add(1, ATTRIBUTES);
    }

    /**
     * Records a value in a histogram of explicit bounds for OpenTelemetry.
     *
     * @param values the values
     */
    @Benchmark
    public void openTelemetryExplicit(Values values) {
        explicit.record(values.next() * 1000);
    }

    /**
     * Records a value in the SDK's histogram of explicit bounds.
     *
     * @param values the values
     */
    @Benchmark
    public void openTelemetryExplicitPeer(Values values) {
        explicitPeer.record(values.next() * 1000, ATTRIBUTES);
    }

    /**
     * Records a value in an exponential histogram for OpenTelemetry.
     *
     * @param values the values
     */
    @Benchmark
    public void openTelemetryExponential(Values values) {
        exponential.record(values.next() * 1000);
    }

    /**
     * Records a value in the SDK's exponential histogram.
     *
     * @param values the values
     */
    @Benchmark
    public void openTelemetryExponentialPeer(Values values) {
        exponentialPeer.record(values.next() * 1000, ATTRIBUTES);
    }
}
