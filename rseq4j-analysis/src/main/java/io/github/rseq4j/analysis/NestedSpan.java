package io.github.rseq4j.analysis;

/**
 * A span with its place among the spans around it. Events are counted from 1, in the order in which they were taken.
 *
 * @param id the number of the event that begins the span, or that records it
 * @param parent the {@code id} of the innermost span around it, or 0
 * @param depth the number of spans around it
 * @param name the name of the span, as in {@link TraceSpan#name}
 * @param threadId the number of the thread
 * @param beginCpu the CPU index of the first event
 * @param endCpu the CPU index of the last event
 * @param begin the time of the begin, in cycles, unsigned
 * @param end the time of the end, in cycles, unsigned; of a span without an end it is {@code begin}
 * @param nanos the duration, in nanoseconds; 0 for a span without an end
 * @param selfNanos the duration without the spans directly inside it that have ended, in nanoseconds
 * @param endNumber the number of the event that ends the span; {@code id} if one event records it; 0 for a span without
 *     an end
 * @since 0.1.0
 */
public record NestedSpan(long id, long parent, int depth, String name, long threadId, int beginCpu, int endCpu,
                         long begin, long end, long nanos, long selfNanos, long endNumber) {}
