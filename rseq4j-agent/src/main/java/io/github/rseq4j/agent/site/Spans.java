package io.github.rseq4j.agent.site;

import io.github.rseq4j.trace.Span;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;

/** Records two events for each call, at its entry and at its end. */
public final class Spans implements Recorder {
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();
    private static final MethodHandle BEGUN = Handles.find(OWN, "begun", MethodType.methodType(long.class, Spans.class,
            Span.class));
    private static final MethodHandle END = Handles.find(OWN, "end", MethodType.methodType(void.class, Spans.class,
            long.class));
    /** A start that is no time. */
    private static final long BEGUN_HERE = -1;

    private final MethodHandle begin;
    private final Sample sample;
    /** The span of every call that is recorded. */
    private @Nullable Span span;

    /**
     * Makes a recorder.
     *
     * @param begin the handle that records the event of the entry, of type ()Span
     * @param sample the calls that are recorded
     */
    Spans(MethodHandle begin, Sample sample) {
        this.begin = begin;
        this.sample = sample;
    }

    /** Returns the start of a call whose entry was recorded, or not. */
    static long begun(Spans self, Span begun) {
        if (!begun.isRecorded()) {
            return 0;
        }
        if (self.span == null) {
            self.span = begun;
        }
        return BEGUN_HERE;
    }

    private static void end(Spans self, long start) {
        Span span = self.span;
        if (start == BEGUN_HERE && span != null) {
            span.close();
        }
    }

    @Override
    public MethodHandle enter() {
        return sample.enter(MethodHandles.filterReturnValue(begin, BEGUN.bindTo(this)));
    }

    @Override
    public MethodHandle exit() {
        return END.bindTo(this);
    }

    @Override
    public void end(End end, Object[] values, long stop) {
        end(this, end.start(values));
    }
}
