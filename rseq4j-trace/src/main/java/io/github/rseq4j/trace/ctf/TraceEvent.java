package io.github.rseq4j.trace.ctf;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An event that was recorded.
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
    /** Makes it. */
    public TraceEvent {
        values = Collections.unmodifiableList(values);
    }

    /**
     * Returns the event as another thread's.
     *
     * @param id the other thread's number
     */
    public TraceEvent withThread(long id) {
        return new TraceEvent(timestamp, cpu, id, type, values);
    }
}
