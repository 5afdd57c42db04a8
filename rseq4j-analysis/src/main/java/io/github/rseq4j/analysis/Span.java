package io.github.rseq4j.analysis;

import java.time.Duration;
import java.time.Instant;

/**
 * What a thread began and ended.
 *
 * @param name the names of both events without {@code _begin} and {@code _end}, with their provider:
 *     {@code web:request}
 * @param threadId the thread's number, as {@link io.github.rseq4j.trace.ctf.TraceEvent} has it
 * @param begin when it began
 * @param duration how long it lasted
 * @since 0.1
 */
public record Span(String name, long threadId, Instant begin, Duration duration) {}
