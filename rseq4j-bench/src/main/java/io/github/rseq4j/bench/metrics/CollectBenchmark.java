package io.github.rseq4j.bench.metrics;

import io.github.rseq4j.micrometer.PerCpuPrometheusMeterRegistry;
import io.github.rseq4j.opentelemetry.PerCpuMetrics;
import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.prometheus.CounterCollector;
import io.github.rseq4j.prometheus.HistogramCollector;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleConsumer;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Collecting 10,000 series of one metric, as a scrape or an export does before it writes them, beside the library's own
 * metric. Each series has some 200 values of two threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xmx4g"})
public class CollectBenchmark {
    private static final int SERIES = 10_000;
    private static final int VALUES = 100;
    private static final String LABEL = "method";

    /** The metric; the library's own is collected with {@code Peer}. */
    @Param({"prometheusCounter", "prometheusClassic", "prometheusNative", "micrometerCounter", "micrometerTimer",
        "micrometerHistogram", "openTelemetryCounter", "openTelemetryExplicit", "openTelemetryExponential"})
    public String metric = "";

    /** Whether the metric is the library's own. */
    @Param({"false", "true"})
    public boolean isPeer;

    private Supplier<Object> collector = Object::new;

    /**
     * Makes the series and updates them.
     *
     * @throws InterruptedException if the updates are interrupted
     */
    @Setup
    public void update() throws InterruptedException {
        List<DoubleConsumer> series = new ArrayList<>();
        if (metric.startsWith("prometheus")) {
            collector = prometheus(series);
        } else if (metric.startsWith("micrometer")) {
            collector = micrometer(series);
        } else {
            collector = openTelemetry(series);
        }
        Thread[] threads = new Thread[2];
        for (int t = 0; t < threads.length; t++) {
            threads[t] = Thread.ofPlatform().start(() -> {
                RecordBenchmark.Values values = new RecordBenchmark.Values();
                for (int i = 0; i < VALUES; i++) {
                    series.forEach(each -> each.accept(values.next()));
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private Supplier<Object> prometheus(List<DoubleConsumer> series) {
        PrometheusRegistry registry = new PrometheusRegistry();
        if (metric.equals("prometheusCounter")) {
            if (isPeer) {
                Counter counter = Counter.builder().name("c").labelNames(LABEL).register(registry);
                make(series, value -> counter.labelValues(value)::inc);
            } else {
                CounterCollector counter = new CounterCollector("c", "", LABEL);
                registry.register(counter);
                make(series, value -> counter.labelValues(value)::inc);
            }
            return registry::scrape;
        }
        boolean isNative = metric.equals("prometheusNative");
        if (isPeer) {
            Histogram.Builder builder = Histogram.builder().name("h").labelNames(LABEL);
            Histogram histogram = (isNative ? builder.nativeOnly().nativeInitialSchema(RecordBenchmark.SCALE)
                    : builder.classicOnly().classicUpperBounds(RecordBenchmark.BOUNDS)).register(registry);
            make(series, value -> histogram.labelValues(value)::observe);
        } else {
            HistogramCollector histogram = new HistogramCollector("h", "", isNative
                    ? DoubleBuckets.exponential(RecordBenchmark.SCALE, RecordBenchmark.LOWEST, RecordBenchmark.HIGHEST)
                    : DoubleBuckets.explicit(RecordBenchmark.BOUNDS), LABEL);
            registry.register(histogram);
            make(series, value -> histogram.labelValues(value)::observe);
        }
        return registry::scrape;
    }

    private Supplier<Object> micrometer(List<DoubleConsumer> series) {
        PrometheusMeterRegistry registry = isPeer ? new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)
                : new PerCpuPrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        if (metric.equals("micrometerCounter")) {
            make(series, value -> registry.counter("c", LABEL, value)::increment);
        } else {
            make(series, value -> {
                Timer.Builder builder = Timer.builder("t").tag(LABEL, value);
                Timer timer = (metric.equals("micrometerHistogram") ? builder.publishPercentileHistogram() : builder)
                        .register(registry);
                return seconds -> timer.record((long) (seconds * 1e9), TimeUnit.NANOSECONDS);
            });
        }
        return registry.getPrometheusRegistry()::scrape;
    }

    private Supplier<Object> openTelemetry(List<DoubleConsumer> series) {
        PerCpuMetrics metrics = new PerCpuMetrics("bench");
        Sdk sdk = isPeer ? new Sdk() : new Sdk(metrics);
        boolean isExponential = metric.equals("openTelemetryExponential");
        if (metric.equals("openTelemetryCounter")) {
            if (isPeer) {
                var counter = sdk.meter().counterBuilder("c").build();
                makeByAttributes(series, attributes -> _ -> counter.add(1, attributes));
            } else {
                var counters = metrics.counter("c", "", "");
                makeByAttributes(series, attributes -> {
                    var counter = counters.apply(attributes);
                    return _ -> counter.increment();
                });
            }
        } else if (isPeer) {
            var histogram = sdk.meter().histogramBuilder(isExponential ? Sdk.EXPONENTIAL : "h.peer").build();
            makeByAttributes(series, attributes -> seconds -> histogram.record(seconds * 1000, attributes));
        } else if (isExponential) {
            var histograms = metrics.exponentialHistogram("h", "", "", DoubleBuckets.exponential(RecordBenchmark.SCALE,
                    1000 * RecordBenchmark.LOWEST, 1000 * RecordBenchmark.HIGHEST));
            makeByAttributes(series, attributes -> {
                var histogram = histograms.apply(attributes);
                return seconds -> histogram.record(seconds * 1000);
            });
        } else {
            var histograms = metrics.histogram("h", "", "", DoubleBuckets.explicit(RecordBenchmark.SDK_BOUNDS));
            makeByAttributes(series, attributes -> {
                var histogram = histograms.apply(attributes);
                return seconds -> histogram.record(seconds * 1000);
            });
        }
        return sdk::collect;
    }

    /** Makes an update for the series of a label's value. */
    private interface Maker<L> {
        DoubleConsumer make(L label);
    }

    private static void make(List<DoubleConsumer> series, Maker<String> maker) {
        for (int i = 0; i < SERIES; i++) {
            series.add(maker.make("value" + i));
        }
    }

    private static void makeByAttributes(List<DoubleConsumer> series, Maker<Attributes> maker) {
        make(series, value -> maker.make(Attributes.of(AttributeKey.stringKey(LABEL), value)));
    }

    /** {@return the collected series} */
    @Benchmark
    public Object collect() {
        return collector.get();
    }
}
