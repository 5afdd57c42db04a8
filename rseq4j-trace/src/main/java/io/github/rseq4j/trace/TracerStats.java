package io.github.rseq4j.trace;

import org.jspecify.annotations.Nullable;

/**
 * What a tracer has done.
 *
 * @param discarded how many events found no room in their ring, and are counted in the packets
 * @param lost how many events could not even be counted in their ring: the kernel refused memory or a registration,
 *     native code came to a CPU that had no ring yet, the tracer was closed when they could not be written and their
 *     rings ended with the process (see lostOnKill), or a bridge could not bring what was logged to its
 *     probe (see {@link Tracer#countLost})
 * @param packets how many packets were written to files
 * @param bytes how many bytes these have
 * @param droppedFiles how many files were dropped because of {@link TracerOptions#withFiles}
 * @param failures how often something could not be written, or a ring not be made; what could not be written stays in
 *     its ring, and is written when that can be done again
 * @param lastFailure the last one, or null
 * @param lostOnKill why what was recorded and is not in a file yet is lost when the process is killed: without rseq, or
 *     where the kernel refuses shared memory to one of the rings; null where it is kept for {@link TraceRecovery}
 */
public record TracerStats(long discarded, long lost, long packets, long bytes, long droppedFiles, long failures,
                          @Nullable Throwable lastFailure, @Nullable String lostOnKill) {}
