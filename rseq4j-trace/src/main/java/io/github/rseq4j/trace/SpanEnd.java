package io.github.rseq4j.trace;

import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.EventSink;

/**
 * The span of a method: the object that records the end.
 *
 * @param end the event of the end, which has no fields
 * @param sink records the event
 */
record SpanEnd(Probe end, EventSink sink) implements Span {
    /** The span of a begin that was not recorded. */
    static final Span NONE = new Span() {
        @Override
        public boolean isRecorded() {
            return false;
        }

        @Override
        public void close() {}
    };

    @Override
    public boolean isRecorded() {
        return true;
    }

    @Override
    public void close() {
        // Even if disabled since, because the begin was recorded. The rings of a closed tracer refuse the event.
        sink.record1(PacketLayout.RECORD_FIELDS, end.type().id(), 0);
    }
}
