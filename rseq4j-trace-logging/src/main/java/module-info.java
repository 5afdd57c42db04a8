import org.jspecify.annotations.NullMarked;

/**
 * Bridges from logging to traces. The messages of java.util.logging and of {@link System.Logger} become events of a
 * {@link io.github.rseq4j.trace.Tracer}.
 *
 * @since 0.1.0
 */
@NullMarked
module io.github.rseq4j.trace.logging {
    requires static org.jspecify;
    // Optional: a program that uses TraceLogHandler requires java.logging; a program with its own LoggerFinder need
    // not.
    requires static java.logging;
    requires transitive io.github.rseq4j.trace;

    exports io.github.rseq4j.trace.logging;
}
