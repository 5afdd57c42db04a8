import org.jspecify.annotations.NullMarked;

/**
 * Prometheus' counters and histograms on structures with a copy for each CPU.
 *
 * @since 0.1.0
 */
@NullMarked
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"})
module io.github.rseq4j.prometheus {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive io.prometheus.metrics.model;

    exports io.github.rseq4j.prometheus;
}
