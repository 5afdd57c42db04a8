package io.github.rseq4j.prometheus;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.github.rseq4j.percpu.PerCpuExponentialHistogram;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.MetricType;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.NativeHistogramBuckets;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A histogram of Prometheus, classic or native, that any number of threads observe without contention. Explicit buckets
 * make a classic one. Exponential buckets make a native one of schema {@link DoubleBuckets#scale()}, whose buckets are
 * exactly Prometheus': those of a {@link PerCpuExponentialHistogram}.
 *
 * {@snippet lang = java:
 * DoubleBuckets bounds = DoubleBuckets.explicit(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);
 * HistogramCollector latency = new HistogramCollector("latency_seconds", "of requests", bounds, "method");
 * PrometheusRegistry.defaultRegistry.register(latency);
 * HistogramCollector.Series get = latency.labelValues("GET"); // looked up once, and kept
 * get.observe(0.031);
 * }
 *
 * <p><b>Native histograms.</b> The given range is that of ordinary values. The bound of its first bucket is the zero
 * threshold of a scrape. Every value, also a negative one, is in the bucket that has it in Prometheus. The schema never
 * changes, and nothing is reset to keep the number of buckets small.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. {@link Series#observe} is one downcall. A scrape
 * includes every observation that happened-before it, and some concurrent ones; its count is always the sum of its
 * buckets. Of a concurrent observation the sum of values may be missing, or be there without the bucket.
 *
 * <p><b>Memory.</b> For each series and CPU 8 bytes for each bucket and 8 for the sum, and the objects of the
 * series. Values outside of the given range of a native histogram take more, as its structure says.
 *
 * <p>Exemplars are not sampled. The client's sampler, and the tracers that it asks for the current span, are in
 * {@code prometheus-metrics-core}; this module needs only the client's model.
 *
 * @since 0.1.0
 */
public final class HistogramCollector implements Collector {
    private final MetricMetadata metadata;
    private final Children<Series> children;

    /**
     * Creates a histogram. It is not registered.
     *
     * @param name its name
     * @param help its description
     * @param buckets the buckets of each series
     * @param labelNames the names of its labels; without labels it has one series, {@link #labelValues} of nothing
     * @throws IllegalArgumentException if a name is not one of Prometheus, or occurs twice
     */
    public HistogramCollector(String name, String help, DoubleBuckets buckets, String... labelNames) {
        metadata = new MetricMetadata(name, help);
        double[] bounds = new double[buckets.isExponential() ? 0 : buckets.size()];
        Arrays.setAll(bounds, buckets::upperBound);
        children = new Children<>(labelNames, labels -> new Series(labels, buckets, bounds));
    }

    /**
     * Returns the series of these values, which the caller keeps: the lookup takes longer than an observation.
     *
     * @param values a value for each label
     * @return the series, made at the first call
     * @throws IllegalArgumentException if the number of values is not that of the labels
     */
    public Series labelValues(String... values) {
        return children.get(values);
    }

    /**
     * Removes a series from scrapes. Observations of a kept {@link Series} are no longer seen.
     *
     * @param values its values
     */
    public void remove(String... values) {
        children.remove(values);
    }

    @Override
    public HistogramSnapshot collect() {
        return new HistogramSnapshot(metadata, children.points(Series::point));
    }

    @Override
    public MetricFamilyDescriptor getMetricFamilyDescriptor() {
        return MetricFamilyDescriptor.of(MetricType.HISTOGRAM, metadata, children.names());
    }

    /**
     * One series of a histogram.
     *
     * @since 0.1.0
     */
    public static final class Series {
        private final Labels labels;
        private final double[] bounds;
        private final long createdMillis = System.currentTimeMillis();
        private final @Nullable PerCpuExponentialHistogram nativeBuckets;
        private final @Nullable PerCpuDoubleHistogram classicBuckets;

        private Series(Labels labels, DoubleBuckets buckets, double[] bounds) {
            this.labels = labels;
            this.bounds = bounds;
            nativeBuckets = buckets.isExponential() ? new PerCpuExponentialHistogram(buckets) : null;
            classicBuckets = buckets.isExponential() ? null : new PerCpuDoubleHistogram(buckets);
        }

        /**
         * Observes a value. As in Prometheus' client a NaN is ignored.
         *
         * @param value the value, of either sign, or infinite
         */
        public void observe(double value) {
            if (Double.isNaN(value)) {
                return;
            }
            if (classicBuckets != null) {
                classicBuckets.record(value);
            } else if (nativeBuckets != null) {
                nativeBuckets.record(value);
            }
        }

        private HistogramDataPointSnapshot point() {
            return classicBuckets != null ? classicPoint(classicBuckets.snapshot())
                    : nativePoint(Objects.requireNonNull(nativeBuckets).snapshot());
        }

        private HistogramDataPointSnapshot nativePoint(PerCpuExponentialHistogram.Snapshot now) {
            return new HistogramDataPointSnapshot(now.buckets().scale(), now.zeroCount(), now.zeroThreshold(),
                    buckets(now.positive()), buckets(now.negative()), now.sum(), labels, Exemplars.EMPTY,
                    createdMillis);
        }

        private static NativeHistogramBuckets buckets(PerCpuExponentialHistogram.Side side) {
            return side.size() == 0 ? NativeHistogramBuckets.EMPTY
                    : NativeHistogramBuckets.of(side.indices(), side.counts());
        }

        private HistogramDataPointSnapshot classicPoint(PerCpuDoubleHistogram.Snapshot now) {
            long[] counts = new long[bounds.length];
            Arrays.setAll(counts, now::count);
            return new HistogramDataPointSnapshot(ClassicHistogramBuckets.of(bounds, counts), now.sum(), labels,
                    Exemplars.EMPTY, createdMillis);
        }
    }
}
