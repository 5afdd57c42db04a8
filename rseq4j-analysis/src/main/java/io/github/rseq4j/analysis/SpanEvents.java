package io.github.rseq4j.analysis;

/**
 * The events in a span that one event records: those of its thread from one time to another, of which
 * {@link NestedSpans#innermost} named the span around this one.
 *
 * @param threadId the number of the thread
 * @param around what {@link NestedSpans#innermost} returned for these events
 * @param from the lowest time, in cycles, unsigned
 * @param to the highest time, in cycles, unsigned
 * @param span the {@code id} of the span to which they belong
 * @since 0.1.0
 */
public record SpanEvents(long threadId, long around, long from, long to, long span) {}
