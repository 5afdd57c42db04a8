import org.jspecify.annotations.NullMarked;

/**
 * A pool of Jackson 3's buffers for each CPU.
 *
 * @since 0.1.0
 */
@NullMarked
module io.github.rseq4j.jackson {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive tools.jackson.core;

    exports io.github.rseq4j.jackson;
}
