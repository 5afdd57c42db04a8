package io.github.rseq4j.trace.ring;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/**
 * A reader's view of a ring: its state, and its bytes by position. Both may lie in memory that other processes can
 * write to. So any word may have any value, and another value when it is read again.
 */
public sealed interface RingView permits SharedRing, PagedRing {
    /** The most tries of {@link #state} to read a consistent state while sections write. */
    int TRIES = 1000;

    /** Returns the CPU index of the ring. */
    int index();

    /** Returns the size of a sub-buffer, in bytes. */
    long subBytes();

    /** Returns the size of the ring, in bytes. */
    long ringBytes();

    /**
     * Reads a word of the state. The read is never torn.
     *
     * @param offset one of the offsets of {@link TraceRing}
     */
    long get(int offset);

    /**
     * Writes a word of the state. The write is never torn.
     *
     * @param offset one of the offsets of {@link TraceRing}
     * @param value the value
     */
    void put(int offset, long value);

    /**
     * Reads a word of the ring.
     *
     * @param position the position of its first byte, a multiple of 8
     */
    long word(long position);

    /**
     * Writes a word of the ring.
     *
     * @param position the position of its first byte, a multiple of 8
     * @param value the value
     */
    void putWord(long position, long value);

    /**
     * Returns bytes of one sub-buffer: the ring's memory, or a copy.
     *
     * @param position the position of the first byte
     * @param count the number of bytes
     */
    ByteBuffer bytes(long position, int count);

    /** Returns the progress: how much of the ring was written to files. */
    Progress progress();

    /**
     * Keeps the progress. If the ring outlives the process, so does the progress.
     *
     * @param progress how much was written to files
     */
    void keep(Progress progress);

    /**
     * How much of a ring was written to files.
     *
     * @param flushed the position after the last record that was written
     * @param file the number of the last file
     * @param fileBytes the length of that file, in bytes
     * @param packets the number of packets in all files
     * @param discarded the number of discarded events that the last packet counts
     * @param time a time that is not before the last record that was written, and not after the next one
     */
    record Progress(long flushed, long file, long fileBytes, long packets, long discarded, long time) {
        /** The progress of a ring of which nothing was written. */
        public static final Progress NONE = new Progress(PacketLayout.RECORDS, 0, 0, 0, 0, 0);
    }

    /**
     * The state of a ring.
     *
     * @param position the end of its last record
     * @param last a time that is not before that record's; if isOfOneMoment, it is also not after the next record's
     * @param discarded the number of discarded events
     * @param isOfOneMoment whether these values are of one moment
     */
    record State(long position, long last, long discarded, boolean isOfOneMoment) {}

    /** Returns the position. An acquire fence follows the read, so all records before that position can be read. */
    default long position() {
        long position = get(TraceRing.POSITION);
        VarHandle.acquireFence();
        return position;
    }

    /**
     * Returns the ring's state. Sections store the time before the position. So if the position does not change during
     * the read of the time, the time is that of the last record, or of a record that is not committed yet.
     *
     * @param now reads the current time; called if the position changed during each try
     */
    default State state(LongSupplier now) {
        for (int i = 0; i < TRIES; i++) {
            long position = position();
            long last = get(TraceRing.LAST);
            long discarded = get(TraceRing.DISCARDED);
            VarHandle.acquireFence();
            if (get(TraceRing.POSITION) == position) {
                return new State(position, last, discarded, true);
            }
        }
        return new State(position(), now.getAsLong(), get(TraceRing.DISCARDED), false);
    }

    /**
     * Returns the position of the beginning of a sub-buffer.
     *
     * @param position a position in that sub-buffer
     */
    default long begin(long position) {
        return position & -subBytes();
    }

    /**
     * Tells whether a position is possible in this ring, if only sections have written to it.
     *
     * @param position the position
     */
    default boolean isPosition(long position) {
        return position >= PacketLayout.RECORDS && position <= Long.MAX_VALUE - 2 * ringBytes()
                && position - begin(position) >= PacketLayout.RECORDS;
    }

    /** Returns the exception of a ring whose position is impossible. */
    default IOException garbled() {
        return new IOException("ring=" + index() + ": position=" + position() + ", flushed=" + progress().flushed()
                + ": impossible: something other than its sections has written to the ring");
    }

    /**
     * Writes the state of an empty ring.
     *
     * @param now the time
     */
    default void start(long now) {
        put(TraceRing.POSITION, PacketLayout.RECORDS);
        put(TraceRing.LAST, now);
        put(TraceRing.EPOCH, now & ~PacketLayout.TIME_MASK);
        put(TraceRing.FULL_END, 0);
        putWord(PacketLayout.TIMESTAMP_BEGIN, now);
    }
}
