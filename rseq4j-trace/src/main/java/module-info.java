import org.jspecify.annotations.NullMarked;

/** Traces of a JVM, in the Common Trace Format. */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j.trace {
    requires static org.jspecify;
    requires io.github.rseq4j;

    exports io.github.rseq4j.trace;
    exports io.github.rseq4j.trace.ctf;

    exports io.github.rseq4j.trace.file to io.github.rseq4j.cli;
    exports io.github.rseq4j.trace.layout to io.github.rseq4j.cli;
    exports io.github.rseq4j.trace.ring to io.github.rseq4j.cli;
}
