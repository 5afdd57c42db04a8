import org.jspecify.annotations.NullMarked;

/** Jackson's buffers by CPU: a pool for Jackson 2. The digit at the end of the name is Jackson's, and no version. */
@NullMarked
@SuppressWarnings("module")
module io.github.rseq4j.jackson2 {
    requires static org.jspecify;
    requires transitive io.github.rseq4j;
    requires transitive com.fasterxml.jackson.core;

    exports io.github.rseq4j.jackson2;
}
