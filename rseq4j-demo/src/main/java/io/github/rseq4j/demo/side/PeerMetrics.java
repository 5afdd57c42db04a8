package io.github.rseq4j.demo.side;

import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;

/** Shared by the sides: a metric of each kind of request, and the text of a scrape. */
final class PeerMetrics {
    private PeerMetrics() {}

    static <T> T of(Map<Kind, T> metrics, Kind kind) {
        return Objects.requireNonNull(metrics.get(kind));
    }

    /** Returns the registry's metrics as Prometheus' client writes them. */
    static String text(PrometheusRegistry registry) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(text, registry.scrape());
        return text.toString(StandardCharsets.UTF_8);
    }
}
