package io.github.rseq4j.analysis;

import java.time.Duration;
import java.time.Instant;

/**
 * The time between two events of one thread, {@code x_begin} and {@code x_end}; or a time that one event records.
 *
 * @param name the common part of the events' names, with the provider: {@code web:request}; it is {@code web:begin/end}
 *     for the events {@code web:begin} and {@code web:end}; of a span that one event records it is the event's name
 * @param threadId the thread's number, as in {@link io.github.rseq4j.trace.ctf.TraceEvent#threadId}
 * @param begin the time of the first event, or that of the event minus its duration
 * @param duration the time between the events, or the duration that the event has; 0 or more
 * @since 0.1.0
 */
public record TraceSpan(String name, long threadId, Instant begin, Duration duration) {}
