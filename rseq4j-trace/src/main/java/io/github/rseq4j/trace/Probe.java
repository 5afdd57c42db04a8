package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.NativeProbes;
import io.github.rseq4j.trace.ctf.EventType;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The switch of one event, which is enabled or disabled. A call of a disabled event only reads a field.
 *
 * <p><b>Threads.</b> Any thread may call any method at any time. Other threads see a change soon after the call.
 *
 * @since 0.1.0
 */
public final class Probe {
    private static final VarHandle STATE = stateHandle();
    private static final MethodHandle ADMITS = admitsHandle();
    private static final int OFF = 0;
    private static final int ON = 1;
    /** The gate decides for each call. */
    private static final int LIMITED = 2;

    private final EventType type;
    private final @Nullable NativeProbes natives;
    private final String providerEvent;

    /** The probes that were limited at any time, of the tracer. */
    private final Collection<Probe> limited;

    @SuppressWarnings("FieldMayBeFinal") // STATE writes it.
    private int state;
    /** A call may see the state before the gate, or the gate before the state. */
    private volatile Gate gate = Gate.OPEN;
    private volatile long @Nullable [] omitted;

    /**
     * Creates a probe.
     *
     * @param type the event
     * @param method the name of the event, without the suffix of a span's event
     * @param enabled whether the probe is enabled at first
     * @param natives makes functions for native code, or null
     * @param limited receives the probe when it is limited first; any thread may add to it
     */
    Probe(EventType type, String method, boolean enabled, @Nullable NativeProbes natives,
            Collection<Probe> limited) {
        this.type = type;
        this.natives = natives;
        this.providerEvent = type.provider() + ":" + method;
        this.limited = limited;
        this.state = enabled ? ON : OFF;
    }

    private static VarHandle stateHandle() {
        try {
            return MethodHandles.lookup().findVarHandle(Probe.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static MethodHandle admitsHandle() {
        try {
            return MethodHandles.lookup().findVirtual(Probe.class, "admits", MethodType.methodType(boolean.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** {@return the name of the event in the trace: {@code provider:event}} */
    public String name() {
        return type.name();
    }

    /** Returns the event. */
    EventType type() {
        return type;
    }

    /** Returns the provider and the method: the same name for both events of a span. */
    String providerEvent() {
        return providerEvent;
    }

    /** {@return whether the event is enabled} */
    public boolean isEnabled() {
        return (int) STATE.getOpaque(this) != OFF;
    }

    /** Returns {@link #admits} of this probe as a handle, which code in any package may call. */
    MethodHandle admission() {
        return ADMITS.bindTo(this);
    }

    /** Tells whether to record a call. The code of a provider's methods calls it once for each call. */
    boolean admits() {
        // Opaque costs as much as plain, but the compiler does not move the load out of a loop.
        int now = (int) STATE.getOpaque(this);
        return now == ON || now == LIMITED && gate.admits();
    }

    /**
     * Limits the calls that are recorded; see {@link Tracer#sample} and {@link Tracer#limit}.
     *
     * @param oneIn the number of calls of which one is recorded
     * @param perSecond the number of calls each second, or 0 for all
     */
    synchronized void limit(int oneIn, int perSecond) {
        long[] counts = omitted;
        if (counts == null) {
            if (oneIn == 1 && perSecond == 0) {
                return;
            }
            counts = Gate.counts();
            omitted = counts;
            limited.add(this);
        }
        gate = oneIn == 1 && perSecond == 0 ? Gate.OPEN : new Gate(oneIn, perSecond, counts);
        if (isEnabled()) {
            STATE.setVolatile(this, onState());
        }
    }

    private synchronized int onState() {
        return gate == Gate.OPEN ? ON : LIMITED;
    }

    /** Returns the limits of the calls. */
    Gate gate() {
        return gate;
    }

    /**
     * {@return the number of calls that were left out because of {@link Tracer#sample}, {@link Tracer#limit}, or the
     * annotation {@link Event}}
     */
    public long omitted() {
        long[] counts = omitted;
        return counts == null ? 0 : Gate.sum(counts);
    }

    /**
     * Enables the event.
     *
     * @throws IllegalStateException if the tracer is closed
     */
    public void enable() {
        set(true);
    }

    /**
     * Disables the event. Calls that have already started may still record it.
     *
     * @throws IllegalStateException if the tracer is closed
     */
    public void disable() {
        set(false);
    }

    void set(boolean isEnabled) {
        NativeProbes functions = natives;
        if (functions == null) {
            setState(isEnabled);
            return;
        }
        synchronized (functions) {
            functions.requireOpen(type);
            setState(isEnabled);
            functions.enable(type, isEnabled);
        }
    }

    private synchronized void setState(boolean isEnabled) {
        STATE.setVolatile(this, isEnabled ? onState() : OFF);
    }

    /**
     * Returns the address of a function that records the event from native code: {@code long event(fields ...)}, with
     * the fields as integers of their sizes. Any thread of the process may call it, also a thread that the JVM does not
     * know, and a signal handler. It takes no lock, allocates nothing, and does not change errno. Its only system calls
     * are gettid(2) and those that register a thread. The thread of the event is the kernel's number, negated.
     *
     * <p>The function returns 0 if it recorded the event. It returns a negative number if the probe is disabled, if the
     * tracer is closed, or if the event was discarded or lost; the tracer counts the last two. The address stays valid
     * until the process ends.
     *
     * @return the address
     * @throws UnsupportedOperationException if a field is not an integer (boolean, byte, char, short, int, long or an
     *     enumeration), if there are more than six fields, without rseq, or if the clock is not the processor's counter
     * @throws IllegalStateException if the kernel refuses memory, or if the tracer is closed
     */
    public long address() {
        NativeProbes functions = natives;
        if (functions == null) {
            throw new UnsupportedOperationException("event=" + name() + ": its tracer has no native code");
        }
        synchronized (functions) {
            return functions.address(type, isEnabled());
        }
    }

    /**
     * Returns the entries of {@code env} for the probes that were limited at any time.
     *
     * @param probes the probes
     */
    static Map<String, Object> limits(Collection<Probe> probes) {
        Map<String, Object> entries = new TreeMap<>();
        for (Probe probe : probes) {
            int id = probe.type.id();
            entries.put("omitted_" + id, probe.omitted());
            entries.put("one_in_" + id, (long) probe.gate().oneIn());
            entries.put("per_second_" + id, (long) probe.gate().perSecond());
        }
        return entries;
    }

    /** Returns the name, and whether the event is enabled. */
    @Override
    public String toString() {
        return name() + (isEnabled() ? " (enabled)" : " (disabled)");
    }
}
