import org.jspecify.annotations.NullMarked;

/**
 * Micrometer's counters, timers and distribution summaries on structures with a copy for each CPU.
 *
 * @since 0.1.0
 */
@NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module io.github.rseq4j.micrometer {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive micrometer.core;
    // For the users of PerCpuPrometheusMeterRegistry alone.
    requires static transitive micrometer.registry.prometheus;
    requires static transitive io.prometheus.metrics.model;

    exports io.github.rseq4j.micrometer;
}
