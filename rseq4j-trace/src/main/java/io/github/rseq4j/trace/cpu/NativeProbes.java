package io.github.rseq4j.trace.cpu;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The functions with which native code records a tracer's events. */
public final class NativeProbes {
    /**
     * The code that all tracers share, emitted at its first use. It is not a constant, because the kernel may refuse
     * the memory; then the next use tries again.
     */
    private static final AtomicReference<@Nullable NativeEvents> SHARED = new AtomicReference<>();

    private final Rings rings;
    private final TracedThreads threads;
    private final Map<String, NativeEvents.Event> events = new HashMap<>();
    private boolean isClosed;

    /**
     * Creates the object, without a function yet.
     *
     * @param rings the rings that receive the records
     * @param threads looks for the kernel's threads when the first function is made
     */
    public NativeProbes(Rings rings, TracedThreads threads) {
        this.rings = rings;
        this.threads = threads;
    }

    /**
     * Returns the number of events of native code, of all tracers of this process, that were given up. No ring counts
     * them.
     */
    public static long lost() {
        NativeEvents shared = SHARED.get();
        return shared == null ? 0 : shared.lost();
    }

    private static NativeEvents shared() {
        if (!(Engine.get() instanceof NativeEngine engine) || TraceTime.isGiven()) {
            throw new UnsupportedOperationException("native code can record events only with rseq, and only where the"
                    + " processor's counter is the clock of traces: " + TraceTime.whyNoCounter());
        }
        synchronized (SHARED) {
            NativeEvents shared = SHARED.get();
            if (shared == null) {
                shared = new NativeEvents(engine);
                SHARED.set(shared);
            }
            return shared;
        }
    }

    /**
     * Returns the address of an event's function.
     *
     * @param type the event
     * @param isEnabled whether the event is enabled
     * @throws UnsupportedOperationException when native code cannot record events on this machine, or cannot record
     *     this event
     * @throws IllegalStateException when the kernel refuses memory, or the tracer was closed
     */
    public synchronized long address(EventType type, boolean isEnabled) {
        requireOpen(type);
        NativeEvents.Event event = events.get(type.name());
        if (event == null) {
            try {
                event = shared().event("event_" + type.id(), rings.cells(), type.id(), fieldBytes(type));
                rings.serveNative();
                threads.watchKernel();
            } catch (KernelException e) {
                throw new IllegalStateException("event=" + type.name() + ": " + e.getMessage(), e);
            }
            events.put(type.name(), event);
            enable(type, isEnabled);
        }
        return event.entry();
    }

    /**
     * Makes a signal handler that records the address of the interrupted instruction.
     *
     * @param type the event
     * @throws UnsupportedOperationException when native code cannot record on this machine
     * @throws IllegalStateException when the kernel refuses memory, or the tracer was closed
     */
    public synchronized NativeEvents.Event sampler(EventType type) {
        requireOpen(type);
        try {
            NativeEvents.Event handler = shared().sampler(rings.cells(), type.id());
            rings.serveNative();
            threads.watchKernel();
            return handler;
        } catch (KernelException e) {
            throw new IllegalStateException("event=" + type.name() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Enables or disables the event's function, if the event has one.
     *
     * @param type the event
     * @param isEnabled whether the event is enabled
     */
    public synchronized void enable(EventType type, boolean isEnabled) {
        NativeEvents.Event event = events.get(type.name());
        if (event != null) {
            RawMemory.putLong(event.enabledWord(), isEnabled ? 1 : 0);
        }
    }

    /** Makes {@link #address} and {@link #sampler} refuse from now on. */
    public synchronized void close() {
        isClosed = true;
    }

    /**
     * Checks that the tracer is open.
     *
     * @param type the event, for the message
     * @throws IllegalStateException when the tracer was closed
     */
    public synchronized void requireOpen(EventType type) {
        if (isClosed) {
            throw new IllegalStateException("event=" + type.name() + ": its tracer was closed");
        }
    }

    private static List<Integer> fieldBytes(EventType type) {
        List<Integer> bytes = new ArrayList<>();
        for (EventType.Field field : type.fields()) {
            if (!isInteger(field.type()) || bytes.size() == NativeEvents.MAX_FIELDS) {
                throw new UnsupportedOperationException("event=" + type.name() + ", field=" + field.name() + ", type="
                        + field.type() + ": a native function takes up to " + NativeEvents.MAX_FIELDS
                        + " fields, all of them integers");
            }
            bytes.add(field.type().minimumBytes());
        }
        return bytes;
    }

    private static boolean isInteger(FieldType type) {
        return switch (type) {
            case FieldType.Basic basic -> !basic.isVarying() && basic != FieldType.Basic.FLOAT
                    && basic != FieldType.Basic.DOUBLE;
            case FieldType.Enumeration _ -> true;
        };
    }
}
