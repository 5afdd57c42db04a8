package io.github.rseq4j.opentelemetry;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuDoubleCounter;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.github.rseq4j.percpu.PerCpuExponentialHistogram;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.SumData;
import io.opentelemetry.sdk.metrics.export.MetricProducer;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Counters and histograms that OpenTelemetry's SDK exports, and that any number of threads update without contention.
 * Each series is a structure of {@code io.github.rseq4j.percpu}. An exporter gets buckets, count and sum of a histogram
 * in one collection.
 *
 * {@snippet lang = java:
 * PerCpuMetrics metrics = new PerCpuMetrics("com.example.shop");
 * Function<Attributes, PerCpuCounter> requests = metrics.counter("requests", "served", "{request}");
 * SdkMeterProvider provider = SdkMeterProvider.builder().registerMetricProducer(metrics)
 *         .registerMetricReader(PeriodicMetricReader.create(exporter)).build();
 * PerCpuCounter gets = requests.apply(Attributes.of(AttributeKey.stringKey("method"), "GET")); // once, and kept
 * gets.increment();
 * }
 *
 * <p><b>Series.</b> The functions that make a metric return its series by attributes, made at the first call. The
 * caller keeps it: the lookup takes longer than an update. A series is never removed.
 *
 * <p><b>Temporality</b> is cumulative, whatever the reader prefers: the SDK passes on the data of producers as they
 * are. Views, exemplars, minimum and maximum do not apply to them. Counters are exported as monotonic; the caller adds
 * no negative numbers to them.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A collection includes every update that
 * happened-before it, and some concurrent ones. The count of a histogram is always the sum of its buckets.
 *
 * @since 0.1.0
 */
public final class PerCpuMetrics implements MetricProducer {
    private static final AggregationTemporality CUMULATIVE = AggregationTemporality.CUMULATIVE;

    private final InstrumentationScopeInfo scope;
    private final List<Instrument<?, ?>> instruments = new CopyOnWriteArrayList<>();

    /**
     * Creates a producer without metrics.
     *
     * @param scope the name of the instrumentation scope
     */
    public PerCpuMetrics(String scope) {
        this.scope = InstrumentationScopeInfo.create(scope);
    }

    static long nowNanos() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    private <S> Function<Attributes, S> add(Instrument<S, ?> instrument) {
        instruments.add(instrument);
        return instrument::series;
    }

    private Instrument.Description describe(String name, String text, String unit, MetricDataType type) {
        return new Instrument.Description(scope, name, text, unit, type);
    }

    /**
     * Adds a monotonic sum of integers.
     *
     * @param name its name
     * @param description its description
     * @param unit its unit, as in the Unified Code for Units of Measure
     * @return the counter of each set of attributes
     */
    public Function<Attributes, PerCpuCounter> counter(String name, String description, String unit) {
        return add(new Instrument<>(describe(name, description, unit, MetricDataType.LONG_SUM), PerCpuCounter::new,
                (start, now, attributes, counter) -> LongPointData.create(start, now, attributes, counter.sum()),
                points -> SumData.createLongSumData(true, CUMULATIVE, points)));
    }

    /**
     * Adds a monotonic sum of doubles.
     *
     * @param name its name
     * @param description its description
     * @param unit its unit, as in the Unified Code for Units of Measure
     * @return the counter of each set of attributes
     */
    public Function<Attributes, PerCpuDoubleCounter> doubleCounter(String name, String description, String unit) {
        return add(new Instrument<>(describe(name, description, unit, MetricDataType.DOUBLE_SUM),
                PerCpuDoubleCounter::new,
                (start, now, attributes, counter) -> DoublePointData.create(start, now, attributes, counter.sum(),
                        List.of()),
                points -> SumData.createDoubleSumData(true, CUMULATIVE, points)));
    }

    /**
     * Adds a histogram of explicit bounds. Values above the highest bound count in a bucket of their own.
     *
     * @param name its name
     * @param description its description
     * @param unit its unit, as in the Unified Code for Units of Measure
     * @param buckets its bounds
     * @return the histogram of each set of attributes
     * @throws IllegalArgumentException if the buckets are exponential
     */
    public Function<Attributes, PerCpuDoubleHistogram> histogram(String name, String description, String unit,
                                                                 DoubleBuckets buckets) {
        if (buckets.isExponential()) {
            throw new IllegalArgumentException(buckets + ", must be explicit; use exponentialHistogram");
        }
        List<Double> bounds = IntStream.range(0, buckets.size() - 1).mapToObj(buckets::upperBound).toList();
        return add(new Instrument<>(describe(name, description, unit, MetricDataType.HISTOGRAM),
                () -> new PerCpuDoubleHistogram(buckets),
                (start, now, attributes, histogram) -> explicit(start, now, attributes, histogram, bounds),
                points -> HistogramData.create(CUMULATIVE, points)));
    }

    /**
     * Adds an exponential histogram. The given range is that of ordinary values; others, also negative ones, are in
     * their buckets too. If they are so far apart that the buckets in between are more than 160, and more than the
     * given range has, they are exported at a lower scale, as the SDK's are.
     *
     * @param name its name
     * @param description its description
     * @param unit its unit, as in the Unified Code for Units of Measure
     * @param buckets its scale, and the range of ordinary values
     * @return the histogram of each set of attributes
     * @throws IllegalArgumentException if the buckets are explicit
     */
    public Function<Attributes, PerCpuExponentialHistogram> exponentialHistogram(String name, String description,
                                                                                 String unit, DoubleBuckets buckets) {
        if (!buckets.isExponential()) {
            throw new IllegalArgumentException(buckets + ", must be exponential; use histogram");
        }
        return add(new Instrument<>(describe(name, description, unit, MetricDataType.EXPONENTIAL_HISTOGRAM),
                () -> new PerCpuExponentialHistogram(buckets), ExponentialPoint::of,
                points -> ExponentialHistogramData.create(CUMULATIVE, points)));
    }

    private static HistogramPointData explicit(long start, long now, Attributes attributes,
                                               PerCpuDoubleHistogram histogram, List<Double> bounds) {
        PerCpuDoubleHistogram.Snapshot read = histogram.snapshot();
        long[] counts = new long[bounds.size() + 1];
        Arrays.setAll(counts, read::count);
        return HistogramPointData.create(start, now, attributes, read.sum(), false, 0, false, 0, bounds,
                new Counts(counts));
    }

    @Override
    public Collection<MetricData> produce(Resource resource) {
        long now = nowNanos();
        Stream<MetricData> all = instruments.stream().map(each -> each.collect(resource, now));
        return all.filter(metric -> !metric.isEmpty()).toList();
    }

    /** Returns the scope's name and the number of metrics. */
    @Override
    public String toString() {
        return "PerCpuMetrics[" + scope.getName() + ", metrics=" + instruments.size() + "]";
    }
}
