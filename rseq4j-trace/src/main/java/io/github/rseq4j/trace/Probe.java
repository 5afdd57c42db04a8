package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.NativeProbes;
import io.github.rseq4j.trace.ctf.EventType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The switch of one event, which is enabled or disabled. A call of a disabled event only reads a field.
 *
 * <p><b>Threads.</b> Any thread may call any method at any time. Other threads see a change soon after the call.
 *
 * @since 0.1.0
 */
public final class Probe {
    private static final VarHandle ENABLED = enabledHandle();

    private final EventType type;
    private final @Nullable NativeProbes natives;
    private final String providerEvent;

    @SuppressWarnings("FieldMayBeFinal") // ENABLED writes it.
    private boolean enabled;

    /**
     * Creates a probe.
     *
     * @param type the event
     * @param method the name of the event, without the suffix of a span's event
     * @param enabled whether the probe is enabled at first
     * @param natives makes functions for native code, or null
     */
    Probe(EventType type, String method, boolean enabled, @Nullable NativeProbes natives) {
        this.type = type;
        this.natives = natives;
        this.providerEvent = type.provider() + ":" + method;
        this.enabled = enabled;
    }

    private static VarHandle enabledHandle() {
        try {
            return MethodHandles.lookup().findVarHandle(Probe.class, "enabled", boolean.class);
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
        // Opaque costs as much as plain, but the compiler does not move the load out of a loop.
        return (boolean) ENABLED.getOpaque(this);
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
            ENABLED.setVolatile(this, isEnabled);
            return;
        }
        synchronized (functions) {
            functions.requireOpen(type);
            ENABLED.setVolatile(this, isEnabled);
            functions.enable(type, isEnabled);
        }
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

    /** Returns the name, and whether the event is enabled. */
    @Override
    public String toString() {
        return name() + (isEnabled() ? " (enabled)" : " (disabled)");
    }
}
