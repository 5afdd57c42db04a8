import org.jspecify.annotations.NullMarked;

/** Jackson's buffers by CPU: a pool for Jackson 3. */
@NullMarked
module io.github.rseq4j.jackson {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive tools.jackson.core;

    exports io.github.rseq4j.jackson;
}
