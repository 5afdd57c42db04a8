package io.github.rseq4j.micrometer;

import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.distribution.ValueAtPercentile;
import io.prometheus.metrics.model.registry.MetricType;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.Quantile;
import io.prometheus.metrics.model.snapshots.Quantiles;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot.SummaryDataPointSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;

/** The timers or summaries of one name in Prometheus: a histogram or summary, and a gauge of the maximum. */
final class Family implements MultiCollector {
    private final MetricMetadata metadata;
    private final MetricMetadata maximum;
    private final Meter.Id original;
    private final boolean isHistogram;
    private final Map<Meter.Id, Series> series = new ConcurrentHashMap<>();

    /** One timer or summary. */
    static final class Series {
        private final Labels labels;
        private final Distribution distribution;
        private final DoubleUnaryOperator unit;
        private final double[] bounds;
        private final long createdMillis;

        /**
         * A series.
         *
         * @param labels its labels
         * @param distribution its values
         * @param unit converts a value to the unit of a scrape
         * @param createdMillis the time of its creation, in milliseconds since 1970
         */
        Series(Labels labels, Distribution distribution, DoubleUnaryOperator unit, long createdMillis) {
            this.labels = labels;
            this.distribution = distribution;
            this.unit = unit;
            this.createdMillis = createdMillis;
            double[] finite = distribution.bounds();
            bounds = Arrays.copyOf(Arrays.stream(finite).map(unit).toArray(), finite.length + 1);
            bounds[finite.length] = Double.POSITIVE_INFINITY;
        }

        private boolean isHistogram() {
            return bounds.length > 1;
        }

        private HistogramDataPointSnapshot histogram() {
            PerCpuDoubleHistogram.Snapshot now = distribution.read();
            long[] counts = new long[bounds.length];
            Arrays.setAll(counts, now::count);
            return new HistogramDataPointSnapshot(ClassicHistogramBuckets.of(bounds, counts),
                    unit.applyAsDouble(now.sum()), labels, Exemplars.EMPTY, createdMillis);
        }

        private SummaryDataPointSnapshot summary() {
            PerCpuDoubleHistogram.Snapshot now = distribution.read();
            List<Quantile> quantiles = new ArrayList<>();
            for (ValueAtPercentile each : distribution.valuesAtPercentiles()) {
                quantiles.add(new Quantile(each.percentile(), unit.applyAsDouble(each.value())));
            }
            return new SummaryDataPointSnapshot(now.count(), unit.applyAsDouble(now.sum()), Quantiles.of(quantiles),
                    labels, Exemplars.EMPTY, createdMillis);
        }

        private GaugeDataPointSnapshot maximum() {
            return new GaugeDataPointSnapshot(unit.applyAsDouble(distribution.max()), labels, null);
        }
    }

    Family(String name, String help, Meter.Id original, Series first) {
        metadata = new MetricMetadata(name, help);
        maximum = new MetricMetadata(name + "_max", help);
        this.original = original;
        isHistogram = first.isHistogram();
        series.put(original, first);
    }

    /** Adds a series unless it is of another kind, and returns whether it did. */
    boolean add(Meter.Id id, Series each) {
        if (!id.getName().equals(original.getName()) || id.getType() != original.getType()
                || each.isHistogram() != isHistogram) {
            return false;
        }
        series.put(id, each);
        return true;
    }

    /** Removes a series, and returns whether there are others. */
    boolean remove(Meter.Id id) {
        series.remove(id);
        return !series.isEmpty();
    }

    private <P> List<P> points(Function<Series, P> point) {
        List<P> points = new ArrayList<>(series.size());
        series.values().forEach(each -> points.add(point.apply(each)));
        return points;
    }

    @Override
    public MetricSnapshots collect() {
        MetricSnapshot values = isHistogram ? new HistogramSnapshot(metadata, points(Series::histogram))
                : new SummarySnapshot(metadata, points(Series::summary));
        return MetricSnapshots.of(values, new GaugeSnapshot(maximum, points(Series::maximum)));
    }

    @Override
    public List<MetricFamilyDescriptor> getMetricFamilyDescriptors() {
        return List.of(MetricFamilyDescriptor.of(isHistogram ? MetricType.HISTOGRAM : MetricType.SUMMARY, metadata),
                MetricFamilyDescriptor.of(MetricType.GAUGE, maximum));
    }

    /** Returns the type and the name in Micrometer. */
    @Override
    public String toString() {
        return original.getType() + " " + original.getName() + (isHistogram ? " with buckets" : "");
    }
}
