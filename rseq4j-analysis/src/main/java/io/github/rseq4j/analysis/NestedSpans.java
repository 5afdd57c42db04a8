package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds spans, and how they nest, while a program reads the events of a trace one by one.
 *
 * <pre>{@code
 * NestedSpans spans = new NestedSpans();
 * for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
 *     NestedSpan ended = spans.take(event);
 * }
 * }</pre>
 *
 * <p>The rules are those of {@link Trace#spans}. Up to a million spans can be open at a time, fewer in a small heap.
 * One thread at a time may use an instance.
 *
 * @since 0.1.0
 */
public final class NestedSpans {
    private final SpanMatcher matcher = new SpanMatcher();
    private long innermost;

    /** Creates an instance that has taken no event. */
    public NestedSpans() {}

    /**
     * Takes the next event of the trace.
     *
     * @param event the event
     * @return the span that the event ends, or null if it ends none
     */
    public @Nullable NestedSpan take(TraceEvent event) {
        SpanMatcher.Begun begun = matcher.take(event);
        SpanMatcher.Begun top = begun == null ? matcher.innermost(event.threadId()) : begun;
        innermost = top == null ? 0 : top.number();
        long cycles = begun == null ? 0 : event.timestamp() - begun.timestamp();
        if (begun == null || matcher.role(event.type()).kind() != SpanMatcher.Kind.ENDS
                || Long.compareUnsigned(event.timestamp(), begun.timestamp()) < 0) {
            return null;
        }
        SpanMatcher.Begun around = begun.parent();
        if (around != null && begun.isNested()) {
            around.addInner(cycles);
        }
        return new NestedSpan(begun.number(), around == null ? 0 : around.number(), begun.depth(), begun.pair(),
                event.threadId(), begun.cpu(), event.cpu(), begun.timestamp(), event.timestamp(),
                Math.max(cycles - begun.innerCycles(), 0), matcher.taken());
    }

    /**
     * Returns the span to which the event that was taken last belongs: the span that it begins or ends, or the
     * innermost span of its thread that is open.
     *
     * @return the number of the event that begins the span, or 0 if there is none
     */
    public long innermost() {
        return innermost;
    }

    /**
     * Visits the spans that have begun and not ended.
     *
     * @param to receives them, of each thread the innermost first
     */
    public void forEachOpen(Consumer<NestedSpan> to) {
        try {
            matcher.forEachOpen((thread, begun) -> {
                SpanMatcher.Begun around = begun.parent();
                to.accept(new NestedSpan(begun.number(), around == null ? 0 : around.number(), begun.depth(),
                        begun.pair(), thread, begun.cpu(), begun.cpu(), begun.timestamp(), begun.timestamp(), 0, 0));
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
