package io.github.rseq4j.trace.ctf;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An event that was recorded. Values are immutable, except arrays of bytes, of which each event has its own.
 *
 * @param timestamp when, in cycles of the trace's clock, unsigned
 * @param cpu the CPU index on which
 * @param threadId the thread that recorded it: Java's number of it, platform or virtual; or, where native code or a
 *     signal's handler recorded it, the kernel's, made negative
 * @param type which event it is
 * @param values the values of its fields: Boolean, Byte, Short, Character, Integer, Long, Float, Double, String, byte
 *     array, {@link Truncated}, null; of an enumeration the label, or an Integer where the ordinal has none
 */
public record TraceEvent(long timestamp, int cpu, long threadId, EventType type, List<@Nullable Object> values) {
    /**
     * Makes it.
     *
     * @throws IllegalArgumentException when there are not as many values as fields
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
     * @param field its name
     * @return the value, as in {@link #values}
     * @throws IllegalArgumentException when the event has no such field
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
     * {@return the event as another thread's}
     *
     * @param id the other thread's number
     */
    public TraceEvent withThread(long id) {
        return new TraceEvent(timestamp, cpu, id, type, values);
    }
}
