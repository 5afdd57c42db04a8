import org.jspecify.annotations.NullMarked;

/** Bridges from logging to traces: java.util.logging and System.Logger. */
@NullMarked
module io.github.rseq4j.trace.logging {
    requires static org.jspecify;
    // A program that uses TraceLogHandler requires it itself; one with another LoggerFinder may have none.
    requires static java.logging;
    requires transitive io.github.rseq4j.trace;

    exports io.github.rseq4j.trace.logging;
}
