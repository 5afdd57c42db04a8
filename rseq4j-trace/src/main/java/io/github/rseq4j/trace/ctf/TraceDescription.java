package io.github.rseq4j.trace.ctf;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * All that the metadata of a trace says.
 *
 * @param uuid the trace's own, in every packet
 * @param clock what its timestamps count
 * @param indexCount how many CPU indices there are
 * @param environment what is known of the process: texts and longs by name, in order
 * @param threads the threads that it names
 * @param events its events, each with a number of its own
 */
public record TraceDescription(UUID uuid, TraceClock clock, int indexCount, Map<String, Object> environment,
                               List<TraceThread> threads, List<EventType> events) {
    /** The most indices. */
    public static final int MAX_INDEX_COUNT = 1 << 16;
    /** The name in the environment under which the metadata keeps the number of indices. */
    static final String INDEX_COUNT = "index_count";

    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,127}");

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException when a number is out of its range, a name cannot be, or something is there twice
     */
    public TraceDescription {
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
        threads = List.copyOf(threads);
        events = List.copyOf(events);
        if (indexCount < 1 || indexCount > MAX_INDEX_COUNT) {
            throw new IllegalArgumentException("indexCount=" + indexCount + ": must be 1 to " + MAX_INDEX_COUNT);
        }
        environment.forEach((name, value) -> {
            if (!NAME.matcher(name).matches() || name.equals(INDEX_COUNT) || TraceThread.of(name, value) != null) {
                throw new IllegalArgumentException("env=" + name + ": cannot be such a name");
            }
            if (!(value instanceof String) && !(value instanceof Long)) {
                throw new IllegalArgumentException("env " + name + "=" + value + ": must be a text or a long");
            }
        });
        Set<Object> seen = new HashSet<>();
        for (EventType event : events) {
            if (!seen.add(event.id()) || !seen.add(event.name())) {
                throw new IllegalArgumentException("event=" + event.name() + " id=" + event.id()
                        + ": name or id is there twice");
            }
        }
    }

    /**
     * Describes a trace that names no thread.
     *
     * @param uuid the trace's own
     * @param clock what its timestamps count
     * @param indexCount how many CPU indices there are
     * @param environment what is known of the process
     * @param events its events
     * @throws IllegalArgumentException when a number is out of its range, a name cannot be, or something is there twice
     */
    public TraceDescription(UUID uuid, TraceClock clock, int indexCount, Map<String, Object> environment,
            List<EventType> events) {
        this(uuid, clock, indexCount, environment, List.of(), events);
    }

    /** Returns the entries of env: what is known of the process, and of its threads. */
    Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put(INDEX_COUNT, (long) indexCount);
        entries.putAll(environment);
        threads.forEach(thread -> thread.putInto(entries));
        return entries;
    }

    /** Returns the events by their numbers. */
    Map<Integer, EventType> eventsById() {
        Map<Integer, EventType> byId = new HashMap<>();
        events.forEach(event -> byId.put(event.id(), event));
        return byId;
    }

    /**
     * {@return an event by its name, or null where there is none}
     *
     * @param name the name: {@code provider:event}
     */
    public @Nullable EventType event(String name) {
        return events.stream().filter(event -> event.name().equals(name)).findFirst().orElse(null);
    }

    /**
     * Returns the text of the metadata.
     *
     * @return text in the Trace Stream Description Language of CTF 1.8
     */
    public String metadata() {
        return MetadataText.of(this);
    }
}
