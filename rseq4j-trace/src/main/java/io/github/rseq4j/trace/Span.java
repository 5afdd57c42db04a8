package io.github.rseq4j.trace;

/**
 * A piece of work that an event has begun: what a probe returns whose method is declared to.
 *
 * {@snippet lang = java:
 * try (Span _ = requests.parse(id)) {    // records parse_begin, with the fields
 *     parse();
 * }                                      // records parse_end, without fields
 * }
 *
 * <p>Readers pair a begin with an end by the thread, so a span is closed once, and by the thread that began it; spans
 * of one thread may lie in each other. There is one object for all spans of a method, and nothing is allocated. Where
 * the begin was not recorded, because it was disabled, the end is not either; where it was, the end is, also when it is
 * disabled meanwhile.
 */
public interface Span extends AutoCloseable {
    /** Records the end. */
    @Override
    void close();
}
