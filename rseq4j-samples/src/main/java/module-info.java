import org.jspecify.annotations.NullMarked;

/** Samples: each a program of a page, or of a few pages, whose output stands in its comment. */
@NullMarked
@SuppressWarnings("requires-automatic")
module io.github.rseq4j.samples {
    requires static org.jspecify;
    requires io.github.rseq4j;
    requires io.github.rseq4j.jackson;
    requires io.github.rseq4j.prometheus;
    requires io.github.rseq4j.trace;
    requires io.prometheus.metrics.model;
    requires java.net.http;
    requires java.sql;
    requires jdk.httpserver;
    requires tools.jackson.databind;

    opens io.github.rseq4j.samples to io.github.rseq4j.trace, tools.jackson.databind;
}
