import org.jspecify.annotations.NullMarked;

/** The service of {@code rseq4j demo}, its peers and its load. */
@NullMarked
// Libraries without a descriptor: H2, Prometheus' client, Micrometer, HdrHistogram.
@SuppressWarnings("requires-automatic")
module io.github.rseq4j.demo {
    requires static org.jspecify;
    requires com.h2database;
    requires HdrHistogram;
    requires io.github.rseq4j;
    requires io.github.rseq4j.analysis;
    requires io.github.rseq4j.cli;
    requires io.github.rseq4j.jackson;
    requires io.github.rseq4j.prometheus;
    requires io.github.rseq4j.trace;
    requires io.prometheus.metrics.model;
    requires io.prometheus.writer.text;
    requires java.net.http;
    requires java.sql;
    requires jdk.jfr;
    requires jdk.management;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires org.eclipse.jetty.server;
    requires tools.jackson.databind;

    provides io.github.rseq4j.cli.demo.ServiceDemo with io.github.rseq4j.demo.DemoRun;

    // The tracer implements the interface of the events there.
    opens io.github.rseq4j.demo.side to io.github.rseq4j.trace;
    opens io.github.rseq4j.demo.service to tools.jackson.databind;
}
