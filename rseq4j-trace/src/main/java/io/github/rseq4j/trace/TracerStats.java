package io.github.rseq4j.trace;

import org.jspecify.annotations.Nullable;

/**
 * The counts of a tracer at one moment.
 *
 * @param discarded the number of events that a full ring refused; the packets of the trace have this count, too
 * @param lost the number of events that no ring counts: the kernel refused memory or a registration, native code ran on
 *     a CPU without a ring, the tracer was closed while events could not be written and their rings ended with the
 *     process (see lostOnKill), or a bridge failed (see {@link Tracer#countLost})
 * @param packets the number of packets in files
 * @param bytes the number of bytes of these packets
 * @param droppedFiles the number of files that were deleted because of {@link TracerOptions#withFiles}
 * @param failures the number of failures to write, or to create a ring; what could not be written stays in its ring,
 *     and is written when writing works again
 * @param lastFailure the last failure, or null
 * @param lostOnKill the reason why events that are not in a file yet are lost if the process is killed: rseq is
 *     unavailable, or the kernel refused shared memory; null if {@link TraceRecovery} finds them
 * @since 0.1.0
 */
public record TracerStats(long discarded, long lost, long packets, long bytes, long droppedFiles, long failures,
                          @Nullable Throwable lastFailure, @Nullable String lostOnKill) {}
