package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.NativeProbes;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.probe.ProbeBody;
import io.github.rseq4j.trace.probe.ProbeCompiler;
import io.github.rseq4j.trace.probe.ProbePlace;
import io.github.rseq4j.trace.probe.Scratch;
import io.github.rseq4j.trace.ring.EventSink;
import java.lang.invoke.MethodHandles;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The providers of one tracer, and their probes. Any thread may call any method. */
final class Providers {
    /** The smallest limit of fields: fields that fit into words then need no check. */
    static final int MIN_MAX_FIELD_BYTES = ProbeBody.MAX_WORDS_BYTES;

    private final int maxFieldBytes;
    private final Consumer<List<EventType>> declare;
    private final Function<String, Target> targetOf;
    /** The functions for native code of all providers. */
    private final Set<NativeProbes> natives = new HashSet<>();
    private final Scratch scratch;
    /** Keeps neither an interface nor its class loader. An implementation that was collected is made again. */
    private final Map<Class<?>, WeakReference<Object>> implementations = new WeakHashMap<>();
    private final Map<String, Probe> probes = new LinkedHashMap<>();
    /** The name of the interface that declared an event first. */
    private final Map<String, String> owners = new HashMap<>();
    private final BitSet ids = new BitSet();
    private final ProbeRules rules = new ProbeRules();
    /** The probes that were limited at any time. Not guarded by this object. */
    private final Collection<Probe> limited = new CopyOnWriteArrayList<>();
    private boolean isClosed;

    /**
     * The rings in which the events of a provider are recorded.
     *
     * @param sink records events of Java
     * @param natives makes functions for native code, or null
     */
    record Target(EventSink sink, @Nullable NativeProbes natives) {}

    /**
     * Creates an object without providers.
     *
     * @param maxFieldBytes the limit of fields in a record, in bytes, {@link #MIN_MAX_FIELD_BYTES} to the limit of the
     *     format
     * @param declare takes the events of a provider before one of them can be recorded; must not throw
     * @param targetOf returns the rings of a provider, by its name
     */
    Providers(int maxFieldBytes, Consumer<List<EventType>> declare, Function<String, Target> targetOf) {
        int max = PacketLayout.MAX_RECORD_BYTES - PacketLayout.FULL_FIELDS;
        if (maxFieldBytes < MIN_MAX_FIELD_BYTES || maxFieldBytes > max) {
            throw new IllegalArgumentException("maxFieldBytes=" + maxFieldBytes + ": must be " + MIN_MAX_FIELD_BYTES
                    + " to " + max);
        }
        this.maxFieldBytes = maxFieldBytes;
        this.declare = declare;
        this.targetOf = targetOf;
        this.scratch = new Scratch(maxFieldBytes, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Implements {@link Tracer#probes(Class)}.
     *
     * @param provider the interface
     * @param <T> the interface
     * @throws IllegalArgumentException if the interface breaks a rule; the message names the method and the remedy
     */
    <T> T probes(Class<T> provider) {
        return probes(null, provider);
    }

    /**
     * Implements {@link Tracer#probes(MethodHandles.Lookup, Class)}.
     *
     * @param place a lookup of the interface's package, or null
     * @param provider the interface
     * @param <T> the interface
     * @throws IllegalArgumentException if the interface breaks a rule; the message names the method and the remedy
     */
    <T> T probes(MethodHandles.@Nullable Lookup place, Class<T> provider) {
        T known = known(provider);
        if (known != null) {
            return known;
        }
        ProviderModel model = ProviderModel.of(provider);
        T implementation = implement(place, provider, model);
        UnnamedFields.warn(model);
        return implementation;
    }

    private synchronized <T> @Nullable T known(Class<T> provider) {
        requireOpen();
        WeakReference<Object> made = implementations.get(provider);
        Object known = made == null ? null : made.get();
        return known == null ? null : provider.cast(known);
    }

    private synchronized <T> T implement(MethodHandles.@Nullable Lookup place, Class<T> provider,
            ProviderModel model) {
        T known = known(provider);
        if (known != null) {
            return known;
        }
        MethodHandles.Lookup found = place == null ? ProbePlace.of(provider) : ProbePlace.of(place, provider);
        Target target = targetOf.apply(model.name());
        if (target.natives() != null) {
            natives.add(target.natives());
        }
        BitSet taken = (BitSet) ids.clone();
        List<ProbeCompiler.Implementation> methods = new ArrayList<>();
        List<Probe> fresh = new ArrayList<>();
        // Events with explicit numbers come first, so that no other event gets one of these numbers.
        for (boolean isSaid : new boolean[] {true, false}) {
            for (ProviderModel.ProbeMethod method : model.events()) {
                if (isSaid == (method.id() != Event.NEXT_ID)) {
                    methods.add(implementation(model, method, target, taken, fresh));
                }
            }
        }
        Object implementation = new ProbeCompiler(target.sink(), scratch, maxFieldBytes).compile(found, provider,
                methods);
        ids.or(taken);
        if (!fresh.isEmpty()) {
            declare.accept(fresh.stream().map(Probe::type).toList());
        }
        for (Probe probe : fresh) {
            probes.put(probe.name(), probe);
            owners.put(probe.name(), provider.getName());
            rules.apply(probe);
        }
        implementations.put(provider, new WeakReference<>(implementation));
        return provider.cast(implementation);
    }

    private ProbeCompiler.Implementation implementation(ProviderModel model, ProviderModel.ProbeMethod method,
            Target target, BitSet taken, List<Probe> fresh) {
        String where = "provider=" + model.provider().getName() + ": method " + method.method().getName() + ": ";
        List<String> names = method.names();
        List<Probe> halves = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = model.name() + ":" + names.get(i);
            List<EventType.Field> fields = i == 0 ? method.fields() : List.of();
            Probe known = known(model, method, name, i, fields, where);
            if (known != null) {
                halves.add(known);
                continue;
            }
            int id = method.id() == Event.NEXT_ID ? taken.nextClearBit(0) : method.id() + i;
            if (id > EventType.MAX_ID) {
                throw new IllegalStateException(where + "the trace has " + (EventType.MAX_ID + 1) + " events, which is"
                        + " as many as there can be");
            }
            if (taken.get(id)) {
                throw new IllegalArgumentException(where + "id=" + id + " is that of another event: change it in"
                        + " @Event, or leave it out");
            }
            taken.set(id);
            EventType type = new EventType(name, id, method.level().ordinal(), fields);
            if (type.minimumBytes() - PacketLayout.RECORD_FIELDS > maxFieldBytes) {
                throw new IllegalArgumentException(where + "its fields take "
                        + (type.minimumBytes() - PacketLayout.RECORD_FIELDS) + " bytes at least, and a record of this"
                        + " trace has " + maxFieldBytes + ": leave some out");
            }
            Probe made = new Probe(type, method.event(), true, target.natives(), limited);
            if (i == 0) {
                made.limit(method.oneIn(), method.perSecond());
            }
            halves.add(made);
            fresh.add(made);
        }
        SpanEnd end = method.isSpan() ? new SpanEnd(halves.getLast(), target.sink()) : null;
        Probe begin = halves.getFirst();
        return new ProbeCompiler.Implementation(method.method(), begin.type(), begin.admission(), end,
                end == null ? null : SpanEnd.NONE);
    }

    /**
     * Returns the probe that another class loader's copy of the interface has declared, which both copies share, or
     * null if there is none.
     *
     * @throws IllegalArgumentException if another interface has declared the name, or the copy has another declaration
     */
    private @Nullable Probe known(ProviderModel model, ProviderModel.ProbeMethod method, String name, int half,
            List<EventType.Field> fields, String where) {
        String owner = owners.get(name);
        Probe known = probes.get(name);
        if (owner == null || known == null) {
            return null;
        }
        String there = where + "event " + name + " is there already, from ";
        if (!owner.equals(model.provider().getName())) {
            throw new IllegalArgumentException(there + owner
                    + ": give one of the providers another name with @Provider");
        }
        EventType type = known.type();
        boolean isSame = type.fields().equals(fields) && type.level() == method.level().ordinal()
                && known.providerEvent().equals(model.name() + ":" + method.event())
                && (method.id() == Event.NEXT_ID || method.id() + half == type.id());
        if (!isSame) {
            throw new IllegalArgumentException(there + "another class loader's copy of the interface, with other"
                    + " fields, level or number: give the event another name with @Event, or the provider with"
                    + " @Provider");
        }
        return known;
    }

    /** Returns all probes, the oldest first. */
    synchronized Collection<Probe> all() {
        return List.copyOf(probes.values());
    }

    /**
     * Returns a probe.
     *
     * @param event the name of the event
     * @throws IllegalArgumentException if there is no such probe
     */
    synchronized Probe probe(String event) {
        Probe probe = probes.get(event);
        if (probe == null) {
            throw new IllegalArgumentException("event=" + event + ": no provider has declared it yet");
        }
        return probe;
    }

    /**
     * Implements {@link Tracer#enable}.
     *
     * @param pattern {@code provider:event}, where {@code *} matches any characters; or {@code *}
     * @return the number of probes so far that match
     * @throws IllegalArgumentException if the pattern is malformed
     */
    synchronized int enable(String pattern) {
        requireOpen();
        return rules.add(pattern, ProbeRules.Kind.ENABLED, 1, probes.values());
    }

    /** Implements {@link Tracer#disable}. */
    synchronized int disable(String pattern) {
        requireOpen();
        return rules.add(pattern, ProbeRules.Kind.ENABLED, 0, probes.values());
    }

    /** Implements {@link Tracer#sample} and {@link Tracer#limit}. */
    synchronized int limit(String pattern, ProbeRules.Kind kind, int value) {
        requireOpen();
        return rules.add(pattern, kind, value, probes.values());
    }

    /** Returns the probes that were limited at any time. The caller may hold any lock. */
    Collection<Probe> limited() {
        return limited;
    }

    /** Disables all probes permanently. */
    synchronized void close() {
        if (!isClosed) {
            isClosed = true;
            int _ = rules.add("*", ProbeRules.Kind.ENABLED, 0, probes.values());
            natives.forEach(NativeProbes::close);
        }
    }

    private void requireOpen() {
        if (isClosed) {
            throw new IllegalStateException("the tracer was closed");
        }
    }
}
