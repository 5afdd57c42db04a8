import org.jspecify.annotations.NullMarked;

/** Samples: each a program of a page, whose output stands in its comment. */
@NullMarked
module io.github.rseq4j.samples {
    requires static org.jspecify;
    requires io.github.rseq4j;
    requires io.github.rseq4j.trace;

    opens io.github.rseq4j.samples to io.github.rseq4j.trace;
}
