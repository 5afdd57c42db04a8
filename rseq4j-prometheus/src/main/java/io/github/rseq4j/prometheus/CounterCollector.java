package io.github.rseq4j.prometheus;

import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuDoubleCounter;
import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.MetricType;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricFamilyDescriptor;
import io.prometheus.metrics.model.snapshots.MetricMetadata;

/**
 * A counter of Prometheus that any number of threads increment without contention, with or without labels.
 *
 * {@snippet lang = java:
 * CounterCollector requests = new CounterCollector("http_requests", "requests served", "method");
 * PrometheusRegistry.defaultRegistry.register(requests);
 * CounterCollector.Series get = requests.labelValues("GET"); // looked up once, and kept
 * get.inc();
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. {@link Series#inc()} is one downcall. A scrape
 * includes every increment that happened-before it, and some concurrent ones.
 *
 * <p><b>Memory.</b> 16 bytes for each series and CPU that runs the application's threads, and the objects of the
 * series. Updates allocate nothing.
 *
 * <p>Exemplars are not sampled; {@link HistogramCollector} says why.
 *
 * @since 0.1.0
 */
public final class CounterCollector implements Collector {
    private static final String TOTAL = "_total";

    private final MetricMetadata metadata;
    private final Children<Series> children;

    /**
     * Creates a counter. It is not registered.
     *
     * @param name its name; a suffix {@code _total} is dropped, since the formats add it
     * @param help its description
     * @param labelNames the names of its labels; without labels it has one series, {@link #labelValues} of nothing
     * @throws IllegalArgumentException if a name is not one of Prometheus, or occurs twice
     */
    public CounterCollector(String name, String help, String... labelNames) {
        metadata = new MetricMetadata(name.endsWith(TOTAL) ? name.substring(0, name.length() - TOTAL.length()) : name,
                help);
        children = new Children<>(labelNames, Series::new);
    }

    /**
     * Returns the series of these values, which the caller keeps: the lookup takes longer than an increment.
     *
     * @param values a value for each label
     * @return the series, made at the first call
     * @throws IllegalArgumentException if the number of values is not that of the labels
     */
    public Series labelValues(String... values) {
        return children.get(values);
    }

    /**
     * Removes a series from scrapes. Increments of a kept {@link Series} are no longer seen.
     *
     * @param values its values
     */
    public void remove(String... values) {
        children.remove(values);
    }

    @Override
    public CounterSnapshot collect() {
        return new CounterSnapshot(metadata, children.points(Series::point));
    }

    @Override
    public MetricFamilyDescriptor getMetricFamilyDescriptor() {
        return MetricFamilyDescriptor.of(MetricType.COUNTER, metadata, children.names());
    }

    /**
     * One series of a counter.
     *
     * @since 0.1.0
     */
    public static final class Series {
        private final Labels labels;
        private final long createdMillis = System.currentTimeMillis();
        private final PerCpuCounter whole = new PerCpuCounter();
        private final PerCpuDoubleCounter fractions = new PerCpuDoubleCounter();

        private Series(Labels labels) {
            this.labels = labels;
        }

        /** Adds 1. */
        public void inc() {
            whole.increment();
        }

        /**
         * Adds a number.
         *
         * @param amount the number, at least 0
         * @throws IllegalArgumentException if it is negative
         */
        public void inc(long amount) {
            if (amount < 0) {
                throw new IllegalArgumentException("amount=" + amount + ", must be at least 0");
            }
            whole.add(amount);
        }

        /**
         * Adds a number.
         *
         * @param amount the number, at least 0
         * @throws IllegalArgumentException if it is negative or not a number
         */
        public void inc(double amount) {
            if (!(amount >= 0)) {
                throw new IllegalArgumentException("amount=" + amount + ", must be at least 0");
            }
            fractions.add(amount);
        }

        /** {@return the sum of the increments} */
        public double get() {
            return whole.sum() + fractions.sum();
        }

        private CounterDataPointSnapshot point() {
            return new CounterDataPointSnapshot(get(), labels, null, createdMillis);
        }
    }
}
