package io.github.rseq4j.micrometer;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.pause.PauseDetector;
import io.micrometer.core.instrument.util.TimeUtils;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.DoubleUnaryOperator;

/**
 * Micrometer's registry for Prometheus, whose counters, timers and distribution summaries any number of threads update
 * without contention. It takes the place of a {@link PrometheusMeterRegistry}: names, labels, buckets and values of a
 * scrape are the same.
 *
 * {@snippet lang = java:
 * MeterRegistry registry = new PerCpuPrometheusMeterRegistry(PrometheusConfig.DEFAULT);
 * Timer latency = Timer.builder("http.latency").publishPercentileHistogram().register(registry);
 * latency.record(Duration.ofMillis(31));
 * }
 *
 * <p>{@link PerCpuMeters} says what the meters promise. Gauges, long task timers, function meters and custom meters are
 * those of the superclass.
 *
 * <p><b>Threads.</b> Every method may be called from any thread.
 *
 * <p>Exemplars are not sampled, so there is no constructor with a span context.
 *
 * @since 0.1.0
 */
public final class PerCpuPrometheusMeterRegistry extends PrometheusMeterRegistry {
    /* How it works
     *
     * A counter is exported as a function counter of the superclass. Timers and summaries are not among the function
     * meters that Prometheus' registry exports whole: a function timer has no maximum and no buckets. So they have
     * collectors of their own, one for each name, in the same PrometheusRegistry.
     */
    private final boolean isWithDescriptions;
    private final ConcurrentMap<String, Family> families = new ConcurrentHashMap<>();

    /**
     * Creates a registry with a new {@link PrometheusRegistry} and the system's clock.
     *
     * @param config the configuration
     */
    public PerCpuPrometheusMeterRegistry(PrometheusConfig config) {
        this(config, new PrometheusRegistry(), Clock.SYSTEM);
    }

    /**
     * Creates a registry.
     *
     * @param config the configuration
     * @param registry the registry that is scraped
     * @param clock the clock of timers and of maxima
     */
    public PerCpuPrometheusMeterRegistry(PrometheusConfig config, PrometheusRegistry registry, Clock clock) {
        super(config, registry, clock);
        isWithDescriptions = config.descriptions();
        config().onMeterRemoved(this::unexport);
    }

    @Override
    public Counter newCounter(Meter.Id id) {
        Counter counter = PerCpuMeters.counter(id);
        super.newFunctionCounter(id, counter, Counter::count);
        return counter;
    }

    @Override
    protected Timer newTimer(Meter.Id id, DistributionStatisticConfig config, PauseDetector pauseDetector) {
        Distribution distribution = new Distribution(clock, config);
        export(id, distribution, nanos -> TimeUtils.nanosToUnit(nanos, getBaseTimeUnit()));
        return new PerCpuMeters.PerCpuTimer(id, clock, distribution, getBaseTimeUnit());
    }

    @Override
    public DistributionSummary newDistributionSummary(Meter.Id id, DistributionStatisticConfig config, double scale) {
        Distribution distribution = new Distribution(clock, config);
        export(id, distribution, DoubleUnaryOperator.identity());
        return new PerCpuMeters.PerCpuSummary(id, distribution, scale);
    }

    private void export(Meter.Id id, Distribution distribution, DoubleUnaryOperator unit) {
        List<String> names = getConventionTags(id).stream().map(Tag::getKey).toList();
        List<String> values = id.getTags().stream().map(Tag::getValue).toList();
        Family.Series series = new Family.Series(Labels.of(names, values), distribution, unit, clock.wallTime());
        families.compute(getConventionName(id), (name, existing) -> {
            if (existing != null) {
                if (!existing.add(id, series)) {
                    meterRegistrationFailed(id, "name=" + name + " is that of " + existing
                            + ", whose name in Micrometer, type or buckets differ; rename one of the meters");
                }
                return existing;
            }
            String help = id.getDescription();
            Family family = new Family(name, help != null && isWithDescriptions ? help : " ", id, series);
            try {
                getPrometheusRegistry().register(family);
                return family;
            } catch (IllegalArgumentException e) {
                meterRegistrationFailed(id, e.getMessage());
                return null;
            }
        });
    }

    private void unexport(Meter meter) {
        families.computeIfPresent(getConventionName(meter.getId()), (_, family) -> {
            if (family.remove(meter.getId())) {
                return family;
            }
            getPrometheusRegistry().unregister(family);
            return null;
        });
    }
}
