package io.github.rseq4j.trace;

import io.github.rseq4j.trace.ctf.EventType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * An event of a provider, as something that can be switched. Any thread may switch it at any time; other threads see it
 * soon. A disabled probe costs its callers the read of a field.
 */
public final class Probe {
    private static final VarHandle ENABLED = enabledHandle();

    private final EventType type;
    private final String providerEvent;

    @SuppressWarnings("FieldMayBeFinal") // Written through its handle.
    private boolean enabled;

    /**
     * @param type the event
     * @param method the event's name without the ending of a span's begin or end
     * @param enabled whether it begins enabled
     */
    Probe(EventType type, String method, boolean enabled) {
        this.type = type;
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

    /** Returns the event's name in the trace: {@code provider:event}. */
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

    /** Tells whether it records. */
    public boolean isEnabled() {
        // Opaque: the load of a plain field, but one that no compiler takes out of a loop.
        return (boolean) ENABLED.getOpaque(this);
    }

    /** Lets it record. */
    public void enable() {
        set(true);
    }

    /** Lets it record no more. Calls that have begun may still. */
    public void disable() {
        set(false);
    }

    void set(boolean isEnabled) {
        ENABLED.setVolatile(this, isEnabled);
    }

    /** Returns its name, and whether it is enabled. */
    @Override
    public String toString() {
        return name() + (isEnabled() ? " (enabled)" : " (disabled)");
    }
}
