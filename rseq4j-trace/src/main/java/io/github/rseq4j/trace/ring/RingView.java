package io.github.rseq4j.trace.ring;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.function.LongSupplier;

/**
 * A ring as who reads it sees it: its state, and its bytes by position. Both may lie in memory that others write to:
 * any word may be anything, and something else when it is read again.
 */
public sealed interface RingView permits SharedRing, PagedRing {
    /** How often a moment is looked for at which nobody writes. */
    int TRIES = 1000;

    /** Returns which CPU's ring it is. */
    int index();

    /** Returns how long a sub-buffer is, in bytes. */
    long subBytes();

    /** Returns how long the ring is, in bytes. */
    long ringBytes();

    /**
     * Reads a word of the state, whole.
     *
     * @param offset one of {@link TraceRing}'s
     */
    long get(int offset);

    /**
     * Writes a word of the state, whole.
     *
     * @param offset one of {@link TraceRing}'s
     * @param value the value
     */
    void put(int offset, long value);

    /**
     * Reads a word of the ring.
     *
     * @param position of its first byte, a multiple of 8
     */
    long word(long position);

    /**
     * Writes a word of the ring.
     *
     * @param position of its first byte, a multiple of 8
     * @param value the value
     */
    void putWord(long position, long value);

    /**
     * Returns bytes of one sub-buffer, as they are or a copy of them.
     *
     * @param position of the first
     * @param count how many
     */
    ByteBuffer bytes(long position, int count);

    /** Returns what was written of the ring to files so far. */
    Progress progress();

    /**
     * Keeps what was written to files, so that it outlives the process where the ring does.
     *
     * @param progress what
     */
    void keep(Progress progress);

    /**
     * What was written of a ring.
     *
     * @param flushed the position behind the last record that was written
     * @param file the number of the file that was written last
     * @param fileBytes how long it is
     * @param packets how many packets were written to all files
     * @param discarded how many events the last packet counts as discarded
     */
    record Progress(long flushed, long file, long fileBytes, long packets, long discarded) {
        public static final Progress NONE = new Progress(PacketLayout.RECORDS, 0, 0, 0, 0);
    }

    /**
     * Where a ring stood at one moment.
     *
     * @param position the end of its last record
     * @param last a time that is not before that record's, nor behind the next one's
     * @param discarded how many events were discarded
     * @param isOfOneMoment whether these belong together; else last is just a time that is late enough
     */
    record State(long position, long last, long discarded, boolean isOfOneMoment) {}

    /** Returns the position, and whoever reads records up to there reads what was written before it was committed. */
    default long position() {
        long position = get(TraceRing.POSITION);
        VarHandle.acquireFence();
        return position;
    }

    /**
     * Returns where the ring stands. Sections store the time ahead of the position: so a time that is read while the
     * position stays as it is belongs to its record, or to one that is yet to come.
     *
     * @param now reads a time that is not before any that is in the ring by then, for a ring that never stands still
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
     * Returns where the sub-buffer begins that a position is in.
     *
     * @param position the position
     */
    default long begin(long position) {
        return position & -subBytes();
    }

    /**
     * Tells whether a position can be one of this ring, which nobody but sections has written.
     *
     * @param position the position
     */
    default boolean isPosition(long position) {
        return position >= PacketLayout.RECORDS && position <= Long.MAX_VALUE - 2 * ringBytes()
                && position - begin(position) >= PacketLayout.RECORDS;
    }

    /** Returns the exception of a ring that somebody else has written to. */
    default IOException garbled() {
        return new IOException("ring=" + index() + ": position=" + position() + ", flushed=" + progress().flushed()
                + ": cannot be: somebody else has written to it");
    }

    /**
     * Writes what an empty ring has.
     *
     * @param now the time
     */
    default void start(long now) {
        put(TraceRing.POSITION, PacketLayout.RECORDS);
        put(TraceRing.LAST, now);
        putWord(PacketLayout.TIMESTAMP_BEGIN, now);
    }
}
