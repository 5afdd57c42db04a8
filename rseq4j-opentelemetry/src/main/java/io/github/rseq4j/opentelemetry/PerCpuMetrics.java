package io.github.rseq4j.opentelemetry;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuDoubleCounter;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramBuckets;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import io.opentelemetry.sdk.metrics.data.HistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.SumData;
import io.opentelemetry.sdk.metrics.export.MetricProducer;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Instant;
import java.util.AbstractList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
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
 * no negative numbers to them, and none to exponential histograms, whose zero bucket would count them.
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
     * Adds a histogram: with explicit buckets one of OpenTelemetry's explicit bounds, with exponential ones an
     * exponential histogram of that scale. Values above the highest bucket count in the one after it.
     *
     * @param name its name
     * @param description its description
     * @param unit its unit, as in the Unified Code for Units of Measure
     * @param buckets the buckets
     * @return the histogram of each set of attributes
     */
    public Function<Attributes, PerCpuDoubleHistogram> histogram(String name, String description, String unit,
                                                                 DoubleBuckets buckets) {
        if (buckets.isExponential()) {
            return add(new Instrument<>(describe(name, description, unit, MetricDataType.EXPONENTIAL_HISTOGRAM),
                    () -> new PerCpuDoubleHistogram(buckets), PerCpuMetrics::exponential,
                    points -> ExponentialHistogramData.create(CUMULATIVE, points)));
        }
        List<Double> bounds = IntStream.range(0, buckets.size() - 1).mapToObj(buckets::upperBound).toList();
        return add(new Instrument<>(describe(name, description, unit, MetricDataType.HISTOGRAM),
                () -> new PerCpuDoubleHistogram(buckets),
                (start, now, attributes, histogram) -> explicit(start, now, attributes, histogram, bounds),
                points -> HistogramData.create(CUMULATIVE, points)));
    }

    private static HistogramPointData explicit(long start, long now, Attributes attributes,
                                               PerCpuDoubleHistogram histogram, List<Double> bounds) {
        PerCpuDoubleHistogram.Snapshot read = histogram.snapshot();
        return HistogramPointData.create(start, now, attributes, read.sum(), false, 0, false, 0, bounds,
                counts(read, 0, bounds.size() + 1));
    }

    /** A bucket of OpenTelemetry has the exponent of its lower bound, the buckets here that of their upper one. */
    private static ExponentialHistogramPointData exponential(long start, long now, Attributes attributes,
                                                             PerCpuDoubleHistogram histogram) {
        PerCpuDoubleHistogram.Snapshot read = histogram.snapshot();
        int scale = read.buckets().scale();
        int first = 1;
        int end = read.buckets().size();
        while (first < end && read.count(first) == 0) {
            first++;
        }
        while (end > first && read.count(end - 1) == 0) {
            end--;
        }
        ExponentialHistogramBuckets positive = ExponentialHistogramBuckets.create(scale,
                first == end ? 0 : read.buckets().lowestIndex() + first - 1, counts(read, first, end));
        return ExponentialHistogramPointData.create(scale, read.sum(), read.count(0), false, 0, false, 0, positive,
                ExponentialHistogramBuckets.create(scale, 0, List.of()), start, now, attributes, List.of());
    }

    private static List<Long> counts(PerCpuDoubleHistogram.Snapshot read, int from, int to) {
        return new Counts(read, from, to - from);
    }

    /** The counts of consecutive buckets, read in place. */
    private static final class Counts extends AbstractList<Long> implements RandomAccess {
        private final PerCpuDoubleHistogram.Snapshot read;
        private final int from;
        private final int size;

        Counts(PerCpuDoubleHistogram.Snapshot read, int from, int size) {
            this.read = read;
            this.from = from;
            this.size = size;
        }

        @Override
        public Long get(int index) {
            return read.count(from + Objects.checkIndex(index, size));
        }

        @Override
        public int size() {
            return size;
        }
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
