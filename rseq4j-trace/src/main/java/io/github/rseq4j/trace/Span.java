package io.github.rseq4j.trace;

/**
 * A piece of work with a begin and an end. A method of a provider that returns a Span records the event of the begin;
 * {@link #close} records the event of the end.
 *
 * {@snippet lang = java:
 * try (Span _ = requests.parse(id)) {    // records parse_begin, with the fields
 *     parse();
 * }                                      // records parse_end, without fields
 * }
 *
 * <p>If the begin was recorded, the end is recorded too, even if it is disabled meanwhile. If the begin was disabled,
 * the end is not recorded.
 *
 * <p><b>Threads.</b> Readers match the end with the begin by the thread. So the thread that began a span closes it,
 * once. Spans of one thread may be nested.
 *
 * <p><b>Cost.</b> All spans of a method share one object; nothing is allocated.
 *
 * @since 0.1.0
 */
public interface Span extends AutoCloseable {
    /** {@return whether the begin was recorded} It was not if the event is disabled, or a limit has left it out. */
    boolean isRecorded();

    /** Records the end. Never throws. */
    @Override
    void close();
}
