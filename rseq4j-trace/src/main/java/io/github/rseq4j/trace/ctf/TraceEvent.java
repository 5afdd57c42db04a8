package io.github.rseq4j.trace.ctf;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A recorded event. Immutable, except for the content of byte arrays, which no other event shares.
 *
 * @param timestamp the time, in cycles of the trace's clock, unsigned
 * @param cpu the CPU index
 * @param threadId the number of the recording thread: Java's number of a platform or virtual thread, or the kernel's
 *     number, negated, if native code or a signal handler recorded the event
 * @param type the type of the event
 * @param values the values of the fields: Boolean, Byte, Short, Character, Integer, Long, Float, Double, String, byte
 *     array, {@link Truncated} or null; for an enumeration the label, or an Integer if the ordinal has no label
 * @since 0.1.0
 */
public record TraceEvent(long timestamp, int cpu, long threadId, EventType type, List<@Nullable Object> values) {
    /**
     * Checks the number of values.
     *
     * @throws IllegalArgumentException if the number of values is not the number of fields
     */
    public TraceEvent {
        values = Collections.unmodifiableList(values);
        if (values.size() != type.fields().size()) {
            throw new IllegalArgumentException("event=" + type.name() + " has " + type.fields().size()
                    + " fields, values=" + values);
        }
    }

    /** {@return the name of the event: {@code provider:event}} */
    public String name() {
        return type.name();
    }

    /**
     * Returns the value of a field.
     *
     * @param field the name of the field
     * @return the value, as in {@link #values}
     * @throws IllegalArgumentException if the event has no such field
     */
    public @Nullable Object value(String field) {
        for (int i = 0; i < values.size(); i++) {
            if (type.fields().get(i).name().equals(field)) {
                return values.get(i);
            }
        }
        throw new IllegalArgumentException("field=" + field + ": event=" + type.name() + " has "
                + type.fields().stream().map(EventType.Field::name).toList());
    }

    /**
     * {@return this event with another thread}
     *
     * @param id the number of the other thread
     */
    public TraceEvent withThread(long id) {
        return new TraceEvent(timestamp, cpu, id, type, values);
    }
}
