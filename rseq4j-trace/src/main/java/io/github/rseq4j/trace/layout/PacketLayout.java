package io.github.rseq4j.trace.layout;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The layout of a packet. A ring's sub-buffer has the same layout, because sections write a packet's words in place.
 * All words are little endian. Each word lies at a multiple of its size, and records begin at multiples of 8.
 *
 * <pre>
 * packet header
 *   0  u32 magic                0xC1FC1FC1
 *   4  u8  uuid[16]             the trace's UUID, most significant byte first
 *  20  u32 stream_id            0: there is one kind of stream
 *  24  u64 stream_instance_id   the CPU index
 * packet context
 *  32  u64 timestamp_begin      cycles; not after the time of any record
 *  40  u64 timestamp_end        cycles; not before the time of any record
 *  48  u64 content_size         bits from the packet's start to the end of its last record's last field
 *  56  u64 packet_size          bits, a multiple of 64
 *  64  u64 packet_seq_num       counts the packets of a stream; packets that were dropped leave a gap
 *  72  u64 events_discarded     running count of the stream's discarded events
 *  80  u64 cpu_id               the CPU index
 *  88  records
 *
 * record, at a multiple of 8 from the packet's start
 *   0  u64 timestamp            cycles
 *   8  u16 id                   the event's number
 *  10  s48 tid                  the thread's number: Java's, or the kernel's, negated; id and tid are one word
 *  16  fields, without padding; zeros up to the next record
 * </pre>
 */
public final class PacketLayout {
    /** Offset of magic, in bytes. */
    public static final int MAGIC = 0;
    /** Offset of uuid, in bytes. */
    public static final int UUID = 4;
    /** Offset of stream_id, in bytes. */
    public static final int STREAM_ID = 20;
    /** Offset of stream_instance_id, in bytes. */
    public static final int STREAM_INSTANCE_ID = 24;
    /** Offset of timestamp_begin, in bytes. */
    public static final int TIMESTAMP_BEGIN = 32;
    /** Offset of timestamp_end, in bytes. */
    public static final int TIMESTAMP_END = 40;
    /** Offset of content_size, in bytes. */
    public static final int CONTENT_SIZE = 48;
    /** Offset of packet_size, in bytes. */
    public static final int PACKET_SIZE = 56;
    /** Offset of packet_seq_num, in bytes. */
    public static final int PACKET_SEQ_NUM = 64;
    /** Offset of events_discarded, in bytes. */
    public static final int EVENTS_DISCARDED = 72;
    /** Offset of cpu_id, in bytes. */
    public static final int CPU_ID = 80;
    /** Offset of the first record, in bytes. */
    public static final int RECORDS = 88;

    /** Offset of timestamp in a record, in bytes. */
    public static final int RECORD_TIMESTAMP = 0;
    /** Offset of the word of id and thread in a record, in bytes. */
    public static final int RECORD_ID_AND_THREAD = 8;
    /** Offset of the first field in a record, in bytes. */
    public static final int RECORD_FIELDS = 16;
    /** The alignment of records, in bytes. */
    public static final int RECORD_ALIGNMENT = 8;
    /** The largest size of a record, in bytes. A reader has to hold one record of this size for each stream. */
    public static final int MAX_RECORD_BYTES = 1 << 20;
    /** The highest number of an event. */
    public static final int MAX_ID = 0xFFFF;
    /** The number of bits of the id in its word; the other bits are those of the thread's number. */
    public static final int ID_BITS = 16;
    /** The highest number of a thread. Numbers below 0 are the kernel's, negated. */
    public static final long MAX_THREAD_ID = (1L << (Long.SIZE - ID_BITS - 1)) - 1;

    /** The size of the two lengths before the content of a field of varying length: the original and the recorded. */
    public static final int LENGTHS_BYTES = 2 * Integer.BYTES;
    /** The original length of a null. */
    public static final int NULL_LENGTH = -1;
    /** The ordinal of a null in a field of an enumeration. */
    public static final int NULL_ORDINAL = -1;

    /** The value of magic (CTF 1.8, section 5.1). */
    public static final int MAGIC_VALUE = 0xC1FC1FC1;
    /** The value of stream_id. */
    public static final int STREAM_ID_VALUE = 0;
    /** The bytes that mark the start of a packet of one trace: magic and uuid. */
    public static final int MARK_BYTES = STREAM_ID;

    private PacketLayout() {}

    /**
     * {@return an offset, rounded up to the alignment of records}
     *
     * @param offset in bytes from the packet's start
     */
    public static long aligned(long offset) {
        return offset + RECORD_ALIGNMENT - 1 & -RECORD_ALIGNMENT;
    }

    /**
     * {@return the word of event and thread}
     *
     * @param id the event's number
     * @param threadId the thread's number
     * @throws IllegalArgumentException when a number is out of range
     */
    public static long idAndThread(int id, long threadId) {
        if (id < 0 || id > MAX_ID || threadId < ~MAX_THREAD_ID || threadId > MAX_THREAD_ID) {
            throw new IllegalArgumentException("id=" + id + " threadId=" + threadId + ": must be 0 to "
                    + MAX_ID + " and " + ~MAX_THREAD_ID + " to " + MAX_THREAD_ID);
        }
        return threadId << ID_BITS | id;
    }

    /**
     * {@return the bytes of magic and uuid, with which each packet of a trace begins}
     *
     * @param uuid the trace's UUID
     */
    public static byte[] mark(UUID uuid) {
        ByteBuffer mark = ByteBuffer.allocate(MARK_BYTES);
        mark.putInt(Integer.reverseBytes(MAGIC_VALUE));
        mark.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
        return mark.array();
    }
}
