import org.jspecify.annotations.NullMarked;

/**
 * Analysis of traces in the Common Trace Format: events, spans, summaries, conversions, and a page of HTML.
 *
 * @since 0.1.0
 */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j.analysis {
    requires static org.jspecify;
    requires io.github.rseq4j;
    requires transitive io.github.rseq4j.trace;
    requires tools.jackson.databind;
    requires jdk.jfr;

    exports io.github.rseq4j.analysis;
    exports io.github.rseq4j.analysis.page to io.github.rseq4j.demo;
    exports io.github.rseq4j.analysis.text to io.github.rseq4j.cli, io.github.rseq4j.demo;
}
