package io.github.rseq4j.bench.metrics;

import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.CollectionRegistration;
import io.opentelemetry.sdk.metrics.export.MetricProducer;
import io.opentelemetry.sdk.metrics.export.MetricReader;
import java.util.Collection;

/** OpenTelemetry's SDK with a reader that collects when it is told to. */
final class Sdk implements MetricReader {
    /** The name of the instrument that is an exponential histogram. */
    static final String EXPONENTIAL = "e.peer";
    /** As many series as the benchmarks make, and some more. */
    private static final int MOST_SERIES = 20_000;

    private final SdkMeterProvider provider;
    private CollectionRegistration registration = CollectionRegistration.noop();

    /**
     * Creates an SDK.
     *
     * @param producers producers of metrics beside its own instruments
     */
    Sdk(MetricProducer... producers) {
        var builder = SdkMeterProvider.builder().registerMetricReader(this, _ -> MOST_SERIES)
                .registerView(InstrumentSelector.builder().setName(EXPONENTIAL).build(), View.builder()
                        .setAggregation(Aggregation.base2ExponentialBucketHistogram())
                        .setCardinalityLimit(MOST_SERIES).build());
        for (MetricProducer producer : producers) {
            builder.registerMetricProducer(producer);
        }
        provider = builder.build();
    }

    /** {@return a meter of the SDK} */
    Meter meter() {
        return provider.get("bench");
    }

    /** {@return all metrics, as an exporter gets them} */
    Collection<MetricData> collect() {
        return registration.collectAllMetrics();
    }

    @Override
    public void register(CollectionRegistration given) {
        registration = given;
    }

    @Override
    public AggregationTemporality getAggregationTemporality(InstrumentType type) {
        return AggregationTemporality.CUMULATIVE;
    }

    @Override
    public CompletableResultCode forceFlush() {
        return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
        return CompletableResultCode.ofSuccess();
    }
}
