import org.jspecify.annotations.NullMarked;

/**
 * A pool of Jackson 2's buffers for each CPU. The digit at the end of the name is the version of Jackson.
 *
 * @since 0.1.0
 */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j.jackson2 {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive com.fasterxml.jackson.core;

    exports io.github.rseq4j.jackson2;
}
