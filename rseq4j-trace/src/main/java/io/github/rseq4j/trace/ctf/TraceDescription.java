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
 * The content of the metadata of a trace. Immutable.
 *
 * @param uuid identifies the trace; each packet has it
 * @param clock the clock of the timestamps
 * @param indexCount the number of CPU indices
 * @param environment facts about the process: Strings and Longs by name, in order
 * @param threads the threads that the trace names
 * @param events the event types; names and numbers are unique
 * @since 0.1.0
 */
public record TraceDescription(UUID uuid, TraceClock clock, int indexCount, Map<String, Object> environment,
                               List<TraceThread> threads, List<EventType> events) {
    /** The most CPU indices. */
    public static final int MAX_INDEX_COUNT = 1 << 16;
    /** The name of the entry of the environment that has the number of indices. */
    static final String INDEX_COUNT = "index_count";

    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,127}");

    /**
     * Checks the components.
     *
     * @throws IllegalArgumentException if a number is out of range, a name is malformed, or an event is a duplicate
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
     * @param uuid identifies the trace
     * @param clock the clock of the timestamps
     * @param indexCount the number of CPU indices
     * @param environment facts about the process: Strings and Longs by name, in order
     * @param events the event types; names and numbers are unique
     * @throws IllegalArgumentException if a number is out of range, a name is malformed, or an event is a duplicate
     */
    public TraceDescription(UUID uuid, TraceClock clock, int indexCount, Map<String, Object> environment,
            List<EventType> events) {
        this(uuid, clock, indexCount, environment, List.of(), events);
    }

    /** Returns the entries of env: the environment, the number of indices, and the threads. */
    Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put(INDEX_COUNT, (long) indexCount);
        entries.putAll(environment);
        threads.forEach(thread -> thread.putInto(entries));
        return entries;
    }

    /** Returns the event types by their numbers. */
    Map<Integer, EventType> eventsById() {
        Map<Integer, EventType> byId = new HashMap<>();
        events.forEach(event -> byId.put(event.id(), event));
        return byId;
    }

    /**
     * {@return the event type of a name, or null if there is none}
     *
     * @param name the name: {@code provider:event}
     */
    public @Nullable EventType event(String name) {
        return events.stream().filter(event -> event.name().equals(name)).findFirst().orElse(null);
    }

    /**
     * Returns the text of the metadata in CTF 1.8.
     *
     * @return text in the Trace Stream Description Language
     */
    public String metadata() {
        return metadata(TraceFormat.CTF_1_8);
    }

    /**
     * Returns the text of the metadata.
     *
     * @param format the format
     * @return text in the Trace Stream Description Language of CTF 1.8, or a sequence of JSON texts (RFC 7464) in CTF
     *     2; the file is its UTF-8
     */
    public String metadata(TraceFormat format) {
        return switch (format) {
            case CTF_1_8 -> MetadataText.of(this);
            case CTF_2 -> Ctf2Text.of(this);
        };
    }
}
