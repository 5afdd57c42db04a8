package io.github.rseq4j.trace;

import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.EventSink;


/**
 * What the method of a span returns: the object that records the end.
 *
 * @param end the event of the end, which has no fields
 * @param sink where to
 */
record SpanEnd(Probe end, EventSink sink) implements Span {
    /** What is returned where the begin was not recorded. */
    static final Span NONE = () -> {};

    @Override
    public void close() {
        // Also when it was disabled since: the begin was recorded. A tracer that is closed records nothing by itself.
        sink.record1(PacketLayout.RECORD_FIELDS, end.type().id(), 0);
    }
}
