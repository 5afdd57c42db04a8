package io.github.rseq4j.agent.site;

import io.github.rseq4j.trace.common.TraceTime;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The event at the end of a call: its duration, and on demand arguments, result, exception and stack. */
final class SlowEvent {
    private static final MethodHandle TAKE = Handles.find(MethodHandles.lookup(), "take",
            MethodType.methodType(void.class, SlowEvent.class, Recorder.End.class, Object[].class));
    private static final long MAX_FRAMES = 128;
    /** The event that this thread records. */
    private static final ThreadLocal<@Nullable SlowEvent> RECORDING = new ThreadLocal<>();
    /** The field of the duration, by which readers know a span. */
    static final String DURATION = "durationNanos";
    static final String RESULT = "result";
    static final String EXCEPTION = "exception";
    static final String STACK = "stack";

    private final TracedMethod method;
    private final boolean hasValues;
    private final boolean hasStack;
    private final MethodHandle handle;
    private final EventContext context;

    /**
     * Makes the event.
     *
     * @param method the method
     * @param hasValues whether the event has arguments, result and exception
     * @param hasStack whether the event has the stack
     * @param handle records the event: takes the fields, in the order of {@link EventInterface#slow}
     * @param context the trace
     */
    SlowEvent(TracedMethod method, boolean hasValues, boolean hasStack, MethodHandle handle, EventContext context) {
        this.method = method;
        this.hasValues = hasValues;
        this.hasStack = hasStack;
        this.handle = handle;
        this.context = context;
    }

    /** Returns the handle that records the event at an end of a type. */
    MethodHandle handle(Recorder.End end, MethodType type) {
        return MethodHandles.insertArguments(TAKE, 0, this, end)
                .asCollector(Object[].class, type.parameterCount()).asType(type);
    }

    /** Records the event of a call that ends now. */
    static void take(SlowEvent self, Recorder.End end, Object[] values) {
        self.record(end, values, TraceTime.now() - end.start(values));
    }

    /** Records the event of a call that took a number of ticks. */
    void record(Recorder.End end, Object[] values, long ticks) {
        if (hasValues && values.length < valueIndex(end) + method.types().size()) {
            // The call began in code that passes on no values, before the class was transformed.
            return;
        }
        if (RECORDING.get() != null) {
            // A call that the toString of a value makes: to record it could go on without end.
            return;
        }
        try {
            RECORDING.set(this);
            @Nullable Object[] fields = fields(end, values, ticks);
            handle.invokeExact(fields);
            context.recordedSlow();
        } catch (Throwable t) {
            context.lost(t);
        } finally {
            RECORDING.remove();
        }
    }

    /** Returns the place of the first argument among the values of an end. */
    private int valueIndex(Recorder.End end) {
        return end.start() + 1 + (method.hasObject() ? 1 : 0);
    }

    private @Nullable Object[] fields(Recorder.End end, Object[] values, long ticks) {
        List<Class<?>> types = EventInterface.fieldTypes(method, hasValues, hasStack);
        @Nullable Object[] fields = new @Nullable Object[types.size()];
        fields[0] = context.nanos(ticks);
        int next = 1;
        if (hasValues) {
            int first = valueIndex(end);
            for (int i = first; i < first + method.types().size(); i++) {
                fields[next] = Values.field(values[i], types.get(next));
                next++;
            }
            if (!EventInterface.isVoid(method)) {
                fields[next] = end == Recorder.End.RESULT ? Values.field(values[0], types.get(next))
                        : Values.none(types.get(next));
                next++;
            }
            fields[next++] = end == Recorder.End.THROWN ? Values.text(values[0]) : null;
        }
        if (hasStack) {
            fields[next] = stack();
        }
        return fields;
    }

    private static String stack() {
        String own = SlowEvent.class.getPackageName();
        return StackWalker.getInstance().walk(frames -> frames
                .dropWhile(frame -> frame.getClassName().startsWith(own)).limit(MAX_FRAMES)
                .map(frame -> frame.toStackTraceElement().toString()).collect(Collectors.joining("\n")));
    }
}
