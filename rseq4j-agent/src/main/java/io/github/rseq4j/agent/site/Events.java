package io.github.rseq4j.agent.site;

import io.github.rseq4j.agent.table.Histogram;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The events of methods in one trace. Any thread may call any method. */
public final class Events {
    /* How it works
     *
     * Each event is declared by an interface of its own, and recorded by the tracer's implementation of it, as the
     * events of a program are. An event that was declared is used again when a method gets the same mode again.
     */
    private static final MethodHandles.Lookup OWN = MethodHandles.lookup();

    private record Key(TracedMethod method, boolean isSpan, boolean hasValues, boolean hasStack, int perSecond) {}

    private final EventContext context;
    private final EventInterface.Loader loader = new EventInterface.Loader();
    private final Map<Key, MethodHandle> handles = new HashMap<>();
    private final Set<String> names = new HashSet<>();

    /**
     * Makes the events of a trace.
     *
     * @param context the trace
     */
    public Events(EventContext context) {
        this.context = context;
        OWN.lookupClass().getModule().addReads(loader.getUnnamedModule());
    }

    /**
     * Returns a recorder of an event at the entry and one at the end of calls.
     *
     * @param method the method
     * @param sample the calls that are recorded
     * @param perSecond the number of calls that are recorded each second, or 0 for all
     */
    public synchronized Spans spans(TracedMethod method, Sample sample, int perSecond) {
        Key key = new Key(method, true, false, false, perSecond);
        return new Spans(handles.computeIfAbsent(key, this::make), sample);
    }

    /**
     * Returns a recorder of one event at the end of slow calls.
     *
     * @param method the method
     * @param overNanos the duration beyond which a call is slow; 0 for all calls
     * @param hasValues whether to record arguments, result and exception
     * @param hasStack whether to record the stack
     * @param histogram the times of the method, if it is timed too
     * @param sample the calls that are looked at
     * @param perSecond the number of calls that are recorded each second, or 0 for all
     */
    public synchronized Slow slow(TracedMethod method, long overNanos, boolean hasValues, boolean hasStack,
            @Nullable Histogram histogram, Sample sample, int perSecond) {
        MethodHandle handle = handles.computeIfAbsent(new Key(method, false, hasValues, hasStack, perSecond),
                this::make);
        return new Slow(overNanos == 0 ? -1 : context.ticks(overNanos),
                new SlowEvent(method, hasValues, hasStack, handle, context), histogram, sample);
    }

    private MethodHandle make(Key key) {
        String provider = EventInterface.clean(key.method().className());
        String wanted = EventInterface.clean(key.method().name());
        String event = wanted;
        for (int i = 2; !names.add(provider + ":" + event); i++) {
            event = wanted + "_" + i;
        }
        Class<?> type = key.isSpan() ? EventInterface.span(loader, provider, event, key.perSecond())
                : EventInterface.slow(loader, provider, event, key.perSecond(), key.method(), key.hasValues(),
                        key.hasStack());
        Object probes = context.tracer().probes(type);
        try {
            MethodType signature = OWN.unreflect(type.getMethods()[0]).type().dropParameterTypes(0, 1);
            MethodHandle record = OWN.findVirtual(type, EventInterface.METHOD, signature).bindTo(probes);
            return key.isSpan() ? record : record.asType(record.type().generic().changeReturnType(void.class))
                    .asSpreader(Object[].class, record.type().parameterCount());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("event=" + provider + ":" + event, e);
        }
    }
}
