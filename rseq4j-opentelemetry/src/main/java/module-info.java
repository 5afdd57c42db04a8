import org.jspecify.annotations.NullMarked;

/**
 * OpenTelemetry's counters and histograms on structures with a copy for each CPU.
 *
 * @since 0.1.0
 */
@NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module io.github.rseq4j.opentelemetry {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive io.opentelemetry.sdk.metrics;
    requires transitive io.opentelemetry.api;
    requires transitive io.opentelemetry.sdk.common;

    exports io.github.rseq4j.opentelemetry;
}
