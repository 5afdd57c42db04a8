import org.jspecify.annotations.NullMarked;

/**
 * Tracing of Java programs in the Common Trace Format, 1.8 or 2. Package {@code io.github.rseq4j.trace} records events
 * of this process; package {@code io.github.rseq4j.trace.ctf} reads and writes traces on any system.
 *
 * @since 0.1.0
 */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j.trace {
    requires static org.jspecify;
    requires static java.management;
    requires io.github.rseq4j;

    exports io.github.rseq4j.trace;
    exports io.github.rseq4j.trace.ctf;

    exports io.github.rseq4j.trace.common to io.github.rseq4j.agent, io.github.rseq4j.cli;
    exports io.github.rseq4j.trace.file to io.github.rseq4j.cli;
    exports io.github.rseq4j.trace.layout to io.github.rseq4j.agent, io.github.rseq4j.cli;
    exports io.github.rseq4j.trace.ring to io.github.rseq4j.cli;
}
