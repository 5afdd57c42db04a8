package io.github.rseq4j.trace;

import org.jspecify.annotations.Nullable;

/**
 * The counts of a {@link Tracer} at one moment. They begin when the tracer starts. Immutable. Later versions may add
 * values.
 *
 * @since 0.1.0
 */
public final class TracerStats {
    private final long discarded;
    private final long omitted;
    private final long lost;
    private final long packets;
    private final long bytes;
    private final long droppedFiles;
    private final long failures;
    private final @Nullable Throwable lastFailure;
    private final @Nullable String lostOnKill;

    TracerStats(long discarded, long omitted, long lost, long packets, long bytes, long droppedFiles, long failures,
                @Nullable Throwable lastFailure, @Nullable String lostOnKill) {
        this.discarded = discarded;
        this.omitted = omitted;
        this.lost = lost;
        this.packets = packets;
        this.bytes = bytes;
        this.droppedFiles = droppedFiles;
        this.failures = failures;
        this.lastFailure = lastFailure;
        this.lostOnKill = lostOnKill;
    }

    /** {@return the number of events that found no room in their ring; the packets count them, too} */
    public long discarded() {
        return discarded;
    }

    /**
     * {@return the number of calls that were left out because of {@link Tracer#sample}, {@link Tracer#limit}, or the
     * annotation {@link Event}} {@link Probe#omitted} has the number of each event.
     */
    public long omitted() {
        return omitted;
    }

    /**
     * Returns the number of events that no ring counts.
     *
     * @return the number; an event is counted here when the kernel refused memory or a registration, when native code
     *     recorded it on a CPU that had no ring yet, when the closed tracer could not write it and its ring ends with
     *     the process (see {@link #lostOnKill}), or when a bridge could not pass it to its probe (see
     *     {@link Tracer#countLost})
     */
    public long lost() {
        return lost;
    }

    /** {@return the number of packets that were written to files} */
    public long packets() {
        return packets;
    }

    /** {@return the size of the written packets, in bytes} */
    public long bytes() {
        return bytes;
    }

    /** {@return the number of files that were deleted because of {@link TracerOptions#withFiles}} */
    public long droppedFiles() {
        return droppedFiles;
    }

    /**
     * Returns the number of failures to write a file or to create a ring.
     *
     * @return the number; a packet that could not be written stays in its ring, and the tracer tries again
     */
    public long failures() {
        return failures;
    }

    /** {@return the last failure; null when there was none} */
    public @Nullable Throwable lastFailure() {
        return lastFailure;
    }

    /**
     * Returns why recorded events that are not in a file yet are lost when the process is killed.
     *
     * @return the reason: there is no rseq, or the kernel refuses shared memory to a ring; null when
     *     {@link TraceRecovery} finds these events
     */
    public @Nullable String lostOnKill() {
        return lostOnKill;
    }

    /** Returns a text of one line: {@code TracerStats[discarded=0, lost=0, packets=2, ..., lostOnKill=null]}. */
    @Override
    public String toString() {
        return "TracerStats[discarded=" + discarded + ", omitted=" + omitted + ", lost=" + lost + ", packets="
                + packets + ", bytes=" + bytes + ", droppedFiles=" + droppedFiles + ", failures=" + failures
                + ", lastFailure=" + lastFailure + ", lostOnKill=" + lostOnKill + "]";
    }
}
