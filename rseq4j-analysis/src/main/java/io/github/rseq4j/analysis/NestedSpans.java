package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/**
 * Finds spans, and how they nest, while a program reads the events of a trace one by one.
 *
 * <pre>{@code
 * NestedSpans spans = new NestedSpans(trace, System.out::println, _ -> {});
 * for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
 *     spans.take(event);
 * }
 * spans.finish();
 * }</pre>
 *
 * <p>The rules are those of {@link Trace#spans}. Up to a million spans can be open at a time, fewer in a small heap.
 *
 * <p><b>Complete spans.</b> An event that records a span comes after the events and spans inside. So if a trace
 * declares such events, spans are given to the consumer when no later event can be around them, and after the spans
 * around them. At most a million spans wait for that, or one for each 2 KiB of heap; beyond that, the span that ended
 * first gets the place that it has by then.
 *
 * <p>One thread at a time may use an instance.
 *
 * @since 0.1.0
 */
public final class NestedSpans {
    private final Trace trace;
    private final Consumer<? super NestedSpan> spans;
    private final Consumer<? super SpanEvents> events;
    private final SpanMatcher matcher;
    private long innermost;

    /**
     * Creates an instance that has taken no event.
     *
     * @param trace the trace of the events
     * @param spans receives each span that has ended, with its final place
     * @param events receives the events that belong to complete spans, although {@link #innermost} returned another
     *     span
     */
    public NestedSpans(Trace trace, Consumer<? super NestedSpan> spans, Consumer<? super SpanEvents> events) {
        this.trace = trace;
        this.spans = spans;
        this.events = events;
        this.matcher = new SpanMatcher(trace, true);
    }

    /**
     * Takes the next event of the trace.
     *
     * @param event the event
     */
    public void take(TraceEvent event) {
        SpanNode span = matcher.take(event);
        SpanNode top = span == null ? matcher.innermost(event.threadId()) : span;
        innermost = top == null ? 0 : top.number();
        if (span != null && span.isComplete()) {
            events(span);
        }
        try {
            matcher.settle(this::give);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Gives the times of a complete span that are not those of complete spans in it. */
    private void events(SpanNode span) {
        SpanNode around = span.parent();
        long outer = around == null ? 0 : around.number();
        long from = span.begin();
        for (SpanNode inner : matcher.adopted()) {
            if (inner.isComplete()) {
                events(span, outer, from, inner.begin());
                from = inner.end() + 1;
            }
        }
        events(span, outer, from, span.end() + 1);
    }

    private void events(SpanNode span, long around, long from, long to) {
        if (Long.compareUnsigned(from, to) < 0) {
            events.accept(new SpanEvents(span.threadId(), around, from, to - 1, span.number()));
        }
    }

    private void give(SpanNode span) {
        if (span.nanos() >= 0) {
            long inner = trace.clock().nanos(span.innerCycles());
            spans.accept(nested(span, span.nanos(), Math.max(span.nanos() - inner, 0)));
        }
    }

    private static NestedSpan nested(SpanNode span, long nanos, long selfNanos) {
        SpanNode around = span.parent();
        return new NestedSpan(span.number(), around == null ? 0 : around.number(), span.depth(), span.name(),
                span.threadId(), span.cpu(), span.endNumber() == 0 ? span.cpu() : span.endCpu(), span.begin(),
                span.end(), nanos, selfNanos, span.endNumber());
    }

    /**
     * Returns the span to which the event that was taken last belongs: the span that it begins, ends or records, or
     * else the innermost span of its thread that is open. If a complete span around the event comes later, the event
     * belongs to that one, as the third argument of the constructor tells.
     *
     * @return the {@code id} of the span, or 0 if there is none
     */
    public long innermost() {
        return innermost;
    }

    /** Gives the spans that wait for their place, and then those that have begun and not ended. */
    public void finish() {
        try {
            matcher.settleAll(this::give);
            matcher.forEachOpen(begun -> spans.accept(nested(begun, 0, 0)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
