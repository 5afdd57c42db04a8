package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.function.ObjIntConsumer;

/** Counts the packets of a stream and the events that it discarded, and finds gaps. Used by one thread. */
final class PacketCounts {
    /* How it works
     *
     * Packets that are missing before a file's first one are a problem: this file, or one before it, was emptied or
     * removed. A tracer deletes only the oldest files. It numbers the packets from 0, but a flight recorder's snapshot
     * begins later. A gap inside a file is only counted: a copy leaves out damaged packets.
     */
    /** The most packets that can be missing in a row; a larger gap is a damaged number. */
    private static final long MAX_GAP = 1L << 32;

    private long packets;
    private long lost;
    private long next = -1;
    private long discarded;
    private boolean isFileStart;

    long packets() {
        return packets;
    }

    long lost() {
        return lost;
    }

    long discarded() {
        return discarded;
    }

    /** Returns the number of the next packet, or -1 if it is not known. */
    long next() {
        return next;
    }

    /**
     * Begins a file.
     *
     * @param isZero whether its first packet has the number 0
     */
    void beginFile(boolean isZero) {
        isFileStart = true;
        next = isZero ? 0 : next;
    }

    /**
     * Counts a packet.
     *
     * @param sequence its number
     * @param discardedThere its count of discarded events
     * @param mayMiss whether packets may be missing before it if it is a file's first one
     * @param problem receives problems, with their offsets from the packet's start
     */
    void count(long sequence, long discardedThere, boolean mayMiss, ObjIntConsumer<String> problem) {
        packets++;
        if (sequence < 0 || next >= 0 && (sequence < next || sequence - next > MAX_GAP)) {
            problem.accept("packet_seq_num is " + Long.toUnsignedString(sequence) + ", expected " + Math.max(next, 0),
                    PacketLayout.PACKET_SEQ_NUM);
        } else if (next >= 0 && sequence > next) {
            lost += sequence - next;
            if (isFileStart && !mayMiss) {
                problem.accept("packets " + next + " to " + (sequence - 1)
                        + " are missing before the first packet of this file", 0);
            }
        }
        isFileStart = false;
        next = sequence < 0 || sequence == Long.MAX_VALUE ? -1 : sequence + 1;
        if (Long.compareUnsigned(discardedThere, discarded) < 0) {
            problem.accept("events_discarded goes back from " + Long.toUnsignedString(discarded) + " to "
                    + Long.toUnsignedString(discardedThere), PacketLayout.EVENTS_DISCARDED);
        }
        discarded = discardedThere;
    }
}
