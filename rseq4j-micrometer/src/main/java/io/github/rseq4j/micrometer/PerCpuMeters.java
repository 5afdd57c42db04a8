package io.github.rseq4j.micrometer;

import io.github.rseq4j.percpu.PerCpuDoubleCounter;
import io.micrometer.core.instrument.AbstractDistributionSummary;
import io.micrometer.core.instrument.AbstractMeter;
import io.micrometer.core.instrument.AbstractTimer;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.Histogram;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.micrometer.core.instrument.distribution.pause.NoPauseDetector;
import io.micrometer.core.instrument.util.TimeUtils;
import java.util.concurrent.TimeUnit;

/**
 * Micrometer's counters, timers and distribution summaries, which any number of threads update without contention. They
 * are the meters of a registry that makes them in place of its own. {@link PerCpuPrometheusMeterRegistry} is such a
 * registry. Any other one that reads totals can be extended:
 *
 * {@snippet lang = java:
 * MeterRegistry registry = new SimpleMeterRegistry() {
 *     @Override
 *     protected Counter newCounter(Meter.Id id) {
 *         return PerCpuMeters.counter(id);
 *     }
 *
 *     @Override
 *     protected Timer newTimer(Meter.Id id, DistributionStatisticConfig config, PauseDetector detector) {
 *         return PerCpuMeters.timer(id, clock, config, getBaseTimeUnit());
 *     }
 *
 *     @Override
 *     protected DistributionSummary newDistributionSummary(Meter.Id id, DistributionStatisticConfig config,
 *                                                          double scale) {
 *         return PerCpuMeters.summary(id, clock, config, scale);
 *     }
 * };
 * }
 *
 * <p><b>Totals.</b> Counts and sums are cumulative, as a registry reads them that exports totals. A registry that
 * exports the changes of each step expects meters of its own kind. For such a registry use Micrometer's
 * {@code FunctionCounter} of a {@link io.github.rseq4j.percpu.PerCpuCounter}, which every registry exports.
 *
 * <p><b>Threads.</b> Every method of a meter may be called from any thread, platform or virtual. An update is one
 * downcall. Reading a meter includes every update that happened-before it, and some concurrent ones.
 * The count of a timer or summary is always the sum of its buckets. Of a concurrent record the sum of values may be
 * missing, or be there without the count.
 *
 * <p><b>Maximum.</b> As in Micrometer a maximum lasts for as many expiries as the configuration has buffers, but it
 * ages by readings: a value counts as recorded at the first reading after it. So no record reads the clock, and each
 * maximum is read at least once, also by a scraper that comes seldom.
 *
 * <p><b>Buckets</b> of a percentile histogram and of service level objectives are Micrometer's, and cumulative. <b>
 * Percentiles</b> that a meter publishes itself are Micrometer's estimate, at Micrometer's cost.
 *
 * <p><b>Memory.</b> For each CPU that runs the application's threads 8 bytes for a counter, 24 for a timer or summary,
 * and with buckets 8 for each of them and 16 more. Updates allocate nothing. It is freed after the meter was collected.
 *
 * <p>No exemplars; a pause detector is not used.
 *
 * @since 0.1.0
 */
public final class PerCpuMeters {
    private PerCpuMeters() {}

    /**
     * Makes a counter. It ignores amounts that are not above 0.
     *
     * @param id its identity
     * @return the counter, which no registry has
     */
    public static Counter counter(Meter.Id id) {
        return new PerCpuMeterCounter(id);
    }

    /**
     * Makes a timer. As Micrometer's it ignores negative durations.
     *
     * @param id its identity
     * @param clock the clock of its registry
     * @param config the statistics, as a registry gives them: buckets, percentiles, and the expiry of the maximum
     * @param baseTimeUnit the unit in which the registry reads it
     * @return the timer, which no registry has
     */
    public static Timer timer(Meter.Id id, Clock clock, DistributionStatisticConfig config, TimeUnit baseTimeUnit) {
        return new PerCpuTimer(id, clock, new Distribution(clock, config), baseTimeUnit);
    }

    /**
     * Makes a distribution summary. As Micrometer's it ignores negative amounts.
     *
     * @param id its identity
     * @param clock the clock of its registry
     * @param config the statistics: buckets, percentiles, and the expiry of the maximum
     * @param scale the factor of each amount
     * @return the summary, which no registry has
     */
    public static DistributionSummary summary(Meter.Id id, Clock clock, DistributionStatisticConfig config,
                                              double scale) {
        return new PerCpuSummary(id, new Distribution(clock, config), scale);
    }

    /** A counter of one word for each CPU. */
    private static final class PerCpuMeterCounter extends AbstractMeter implements Counter {
        private final PerCpuDoubleCounter sum = new PerCpuDoubleCounter();

        PerCpuMeterCounter(Meter.Id id) {
            super(id);
        }

        @Override
        public void increment(double amount) {
            if (amount > 0) {
                sum.add(amount);
            }
        }

        @Override
        public double count() {
            return sum.sum();
        }
    }

    /** A timer, whose values are nanoseconds. */
    static final class PerCpuTimer extends AbstractTimer {
        private final Distribution distribution;

        PerCpuTimer(Meter.Id id, Clock clock, Distribution distribution, TimeUnit baseTimeUnit) {
            super(id, clock, NoPauseDetector.INSTANCE, baseTimeUnit, distribution.percentiles());
            this.distribution = distribution;
        }

        /** Returns Micrometer's estimate of the percentiles that a meter publishes itself, which may be none. */
        static Histogram percentiles(Clock clock, DistributionStatisticConfig config) {
            return defaultHistogram(clock, DistributionStatisticConfig.builder().percentilesHistogram(false)
                    .serviceLevelObjectives().build().merge(config), false);
        }

        @Override
        protected void recordNonNegative(long amount, TimeUnit unit) {
            distribution.record((double) unit.toNanos(amount));
        }

        @Override
        public long count() {
            return distribution.read().count();
        }

        @Override
        public double totalTime(TimeUnit unit) {
            return TimeUtils.nanosToUnit(distribution.read().sum(), unit);
        }

        @Override
        public double max(TimeUnit unit) {
            return TimeUtils.nanosToUnit(distribution.max(), unit);
        }

        @Override
        public HistogramSnapshot takeSnapshot() {
            return distribution.snapshot();
        }
    }

    /** A distribution summary. */
    static final class PerCpuSummary extends AbstractDistributionSummary {
        private final Distribution distribution;

        PerCpuSummary(Meter.Id id, Distribution distribution, double scale) {
            super(id, scale, distribution.percentiles());
            this.distribution = distribution;
        }

        @Override
        protected void recordNonNegative(double amount) {
            distribution.record(amount);
        }

        @Override
        public long count() {
            return distribution.read().count();
        }

        @Override
        public double totalAmount() {
            return distribution.read().sum();
        }

        @Override
        public double max() {
            return distribution.max();
        }

        @Override
        public HistogramSnapshot takeSnapshot() {
            return distribution.snapshot();
        }
    }
}
