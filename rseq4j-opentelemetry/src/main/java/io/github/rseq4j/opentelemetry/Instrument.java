package io.github.rseq4j.opentelemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.Data;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.MetricDataType;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.resources.Resource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A metric with a series for each set of attributes.
 *
 * @param <S> the structure of a series
 * @param <P> the point of a series in a collection
 */
final class Instrument<S, P extends PointData> {
    private final Description description;
    private final Supplier<S> maker;
    private final Reader<S, P> reader;
    private final Function<Collection<P>, Data<?>> data;
    private final Map<Attributes, Series<S>> series = new ConcurrentHashMap<>();

    /**
     * The properties of a metric that do not change.
     *
     * @param scope the scope
     * @param name its name
     * @param text its description
     * @param unit its unit
     * @param type the kind of its data
     */
    record Description(InstrumentationScopeInfo scope, String name, String text, String unit, MetricDataType type) {}

    /**
     * One series.
     *
     * @param structure its counts
     * @param startNanos the time of its creation
     */
    private record Series<S>(S structure, long startNanos) {}

    /** Reads a series as a point. */
    @FunctionalInterface
    interface Reader<S, P> {
        P read(long startNanos, long nowNanos, Attributes attributes, S structure);
    }

    /** The answer to one collection. */
    private record Metric(Resource resource, Description description, Data<?> data) implements MetricData {
        @Override
        public Resource getResource() {
            return resource;
        }

        @Override
        public InstrumentationScopeInfo getInstrumentationScopeInfo() {
            return description.scope();
        }

        @Override
        public String getName() {
            return description.name();
        }

        @Override
        public String getDescription() {
            return description.text();
        }

        @Override
        public String getUnit() {
            return description.unit();
        }

        @Override
        public MetricDataType getType() {
            return description.type();
        }

        @Override
        public Data<?> getData() {
            return data;
        }
    }

    Instrument(Description description, Supplier<S> maker, Reader<S, P> reader,
               Function<Collection<P>, Data<?>> data) {
        this.description = description;
        this.maker = maker;
        this.reader = reader;
        this.data = data;
    }

    /** Returns the structure of a set of attributes, and makes it at the first call. */
    S series(Attributes attributes) {
        return series.computeIfAbsent(attributes, _ -> new Series<>(maker.get(), PerCpuMetrics.nowNanos()))
                .structure();
    }

    MetricData collect(Resource resource, long nowNanos) {
        List<P> points = new ArrayList<>(series.size());
        series.forEach((attributes, each) -> points.add(reader.read(each.startNanos(), nowNanos, attributes,
                each.structure())));
        return new Metric(resource, description, data.apply(points));
    }
}
