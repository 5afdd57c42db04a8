package io.github.rseq4j.analysis;

/**
 * The time between two events of one thread, with its place among the spans around it. Events are counted from 1, in
 * the order in which they were taken.
 *
 * @param id the number of the event that begins the span
 * @param parent the number of the event that begins the innermost span around it, or 0
 * @param depth the number of spans of the thread that were open when this one began
 * @param name the name of the span, as in {@link TraceSpan#name}
 * @param threadId the number of the thread
 * @param beginCpu the CPU index of the first event
 * @param endCpu the CPU index of the last event
 * @param begin the time of the first event, in cycles, unsigned
 * @param end the time of the last event, in cycles, unsigned; of a span without an end it is {@code begin}
 * @param selfCycles the duration without the spans directly inside it that have ended, in cycles
 * @param endNumber the number of the event that ends the span; 0 for a span without an end
 * @since 0.1.0
 */
public record NestedSpan(long id, long parent, int depth, String name, long threadId, int beginCpu, int endCpu,
                         long begin, long end, long selfCycles, long endNumber) {}
