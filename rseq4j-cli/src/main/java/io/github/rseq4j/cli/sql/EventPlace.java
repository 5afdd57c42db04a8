package io.github.rseq4j.cli.sql;

import io.github.rseq4j.trace.ctf.TraceThread;
import org.jspecify.annotations.Nullable;

/**
 * The place of an event.
 *
 * @param trace the number of the trace in the database, from 1
 * @param number the number of the event in its trace, from 1
 * @param nanos the time in nanoseconds since the epoch, or null if it is not within 292 years of 1970
 * @param thread the thread, or null if the trace does not name it
 * @param span the number of the event that begins the innermost span, or 0
 */
record EventPlace(int trace, long number, @Nullable Long nanos, @Nullable TraceThread thread, long span) {}
