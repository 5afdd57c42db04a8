package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.NativeProbes;
import io.github.rseq4j.trace.ctf.EventType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * An event of a provider, as something that can be switched. Any thread may switch it at any time; other threads see it
 * soon. A disabled probe costs its callers the read of a field.
 */
public final class Probe {
    private static final VarHandle ENABLED = enabledHandle();

    private final EventType type;
    private final @Nullable NativeProbes natives;
    private final String providerEvent;

    @SuppressWarnings("FieldMayBeFinal") // Written through its handle.
    private boolean enabled;

    /**
     * @param type the event
     * @param method the event's name without the ending of a span's begin or end
     * @param enabled whether it begins enabled
     * @param natives makes the event's function for native code, or null where there is none
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

    /** {@return the event's name in the trace: {@code provider:event}} */
    public String name() {
        return type.name();
    }

    /** Returns the event. */
    EventType type() {
        return type;
    }

    /** Returns the name, for both halves of a span that of the span. */
    String providerEvent() {
        return providerEvent;
    }

    /** {@return whether it records} */
    public boolean isEnabled() {
        // Opaque: the load of a plain field, but one that no compiler takes out of a loop.
        return (boolean) ENABLED.getOpaque(this);
    }

    /**
     * Lets it record.
     *
     * @throws IllegalStateException when the tracer was closed
     */
    public void enable() {
        set(true);
    }

    /**
     * Lets it record no more. Calls that have begun may still.
     *
     * @throws IllegalStateException when the tracer was closed
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
     * Returns the address of a function that records the event, for native code: {@code long event(fields ...)}, with
     * the fields as integers of their sizes. It may be called on any thread of the process, also one that the JVM has
     * never seen, and in a signal's handler: it takes no lock, allocates nothing, makes no system calls but gettid(2)
     * and what registering a thread takes, and leaves errno alone. What it returns is 0, or negative when nothing was
     * recorded: then it is counted, or the probe is disabled, or the tracer is closed. The thread of its records is the
     * kernel's number of it.
     *
     * <p>The function stays for the life of the process; it records nothing while the probe is disabled, and when the
     * tracer was closed.
     *
     * @return the address
     * @throws UnsupportedOperationException when a field is no integer (boolean, byte, char, short, int, long, an
     *     enumeration), there are more than six, or on a machine without rseq or whose clock source is not the
     *     processor's counter
     * @throws IllegalStateException when the kernel refuses memory, or the tracer was closed
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

    /** Returns its name, and whether it is enabled. */
    @Override
    public String toString() {
        return name() + (isEnabled() ? " (enabled)" : " (disabled)");
    }
}
