package io.github.rseq4j.trace.layout;

import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The layout of a packet. A ring's sub-buffer has the same layout, because sections write a packet's words in place.
 * All words are little endian. Each word lies at a multiple of its size, and records begin at multiples of 8.
 *
 * <p>The time of a compact header is the earliest time with these lowest bits that is not before the time of the record
 * before it; in a packet's first record, not before timestamp_begin. So a record has a full header if it may be as late
 * as 2<sup>24</sup> cycles after that time, or if its number or its thread's number is too large. The idea is that of
 * LTTng's compact event header, with the thread's number in the header's word.
 *
 * <pre>
 * packet header
 *   0  u32 magic                0xC1FC1FC1
 *   4  u8  uuid[16]             the trace's UUID, most significant byte first
 *  20  u32 stream_id            0: there is one kind of stream
 *  24  u64 stream_instance_id   the index of the stream: the CPU index, and 65,536 times the set of rings
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
 * record with a compact header, at a multiple of 8 from the packet's start
 *   0  u24 timestamp            the lowest bits of the cycles
 *   3  u8  id                   the event's number, 0 to 254
 *   4  s32 tid                  the thread's number: Java's, or the kernel's, negated
 *   8  fields, without padding; zeros up to the next record
 *
 * record with a full header
 *   0  u24                      the lowest bits of the cycles
 *   3  u8                       255
 *   4  s32                      the upper half of the thread's number; padding in the metadata
 *   8  u64 timestamp            cycles
 *  16  u32 id                   the event's number
 *  20  s32 tid                  the lower half of the thread's number
 *  24  fields
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

    /** Offset of the first field in a record with a compact header, in bytes. */
    public static final int RECORD_FIELDS = 8;
    /** Offset of the timestamp in a record with a full header, in bytes. */
    public static final int FULL_TIMESTAMP = 8;
    /** Offset of the word of event and thread in a record with a full header, in bytes. */
    public static final int FULL_NUMBERS = 16;
    /** Offset of the first field in a record with a full header, in bytes. */
    public static final int FULL_FIELDS = 24;
    /** The number of bits of the timestamp in the first word of a record. */
    public static final int TIME_BITS = 24;
    /** The bits of the timestamp in the first word of a record. */
    public static final long TIME_MASK = (1L << TIME_BITS) - 1;
    /** The highest number of an event in a compact header; one more stands for a full header. */
    public static final int MAX_COMPACT_ID = 254;
    /** The alignment of records, in bytes. */
    public static final int RECORD_ALIGNMENT = 8;
    /** The largest size of a record, in bytes. A reader has to hold one record of this size for each stream. */
    public static final int MAX_RECORD_BYTES = 1 << 20;
    /** The highest number of an event. */
    public static final int MAX_ID = 0xFFFF;
    private static final int ID_MASK = 0xFF;
    private static final int FULL_ID = MAX_COMPACT_ID + 1;
    private static final long UPPER_HALF = -1L << Integer.SIZE;

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

    /** The most sets of rings: that of all providers without rings of their own, and those of others. */
    public static final int MAX_SETS = 64;
    private static final int CPU_BITS = 16;

    private PacketLayout() {}

    /**
     * {@return the index of a stream}
     *
     * @param set the set of the stream's rings; 0 is that of all providers without rings of their own
     * @param cpu the CPU index
     */
    public static int stream(int set, int cpu) {
        return set << CPU_BITS | cpu;
    }

    /**
     * {@return the CPU index of a stream}
     *
     * @param stream the index of the stream
     */
    public static int cpu(int stream) {
        return stream & (1 << CPU_BITS) - 1;
    }

    /**
     * {@return the set of a stream's rings}
     *
     * @param stream the index of the stream
     */
    public static int set(int stream) {
        return stream >> CPU_BITS;
    }

    /**
     * {@return whether a number can be the index of a stream}
     *
     * @param stream the number
     */
    public static boolean isStream(long stream) {
        return stream >= 0 && stream >> CPU_BITS < MAX_SETS;
    }

    /**
     * {@return an offset, rounded up to the alignment of records}
     *
     * @param offset in bytes from the packet's start
     */
    public static long aligned(long offset) {
        return offset + RECORD_ALIGNMENT - 1 & -RECORD_ALIGNMENT;
    }

    /**
     * {@return whether a compact header has room for these numbers}
     *
     * @param id the event's number
     * @param threadId the thread's number
     */
    public static boolean isCompact(int id, long threadId) {
        return id <= MAX_COMPACT_ID && threadId == (int) threadId;
    }

    /**
     * {@return a compact header, to which the lowest bits of the timestamp are added}
     *
     * @param id the event's number
     * @param threadId the thread's number
     */
    public static long compact(int id, long threadId) {
        return threadId << Integer.SIZE | (long) id << TIME_BITS;
    }

    /**
     * {@return the first word of a full header, to which the lowest bits of the timestamp are added}
     *
     * @param threadId the thread's number
     */
    public static long full(long threadId) {
        return threadId & UPPER_HALF | (long) FULL_ID << TIME_BITS;
    }

    /**
     * {@return the last word of a full header}
     *
     * @param id the event's number
     * @param threadId the thread's number
     */
    public static long fullNumbers(int id, long threadId) {
        return threadId << Integer.SIZE | id;
    }

    /**
     * {@return whether a record has a full header}
     *
     * @param word the record's first word
     */
    public static boolean isFull(long word) {
        return compactId(word) == FULL_ID;
    }

    /**
     * {@return the event's number in a compact header}
     *
     * @param word the header
     */
    public static int compactId(long word) {
        return (int) (word >>> TIME_BITS) & ID_MASK;
    }

    /**
     * {@return the event's number in a full header, unsigned}
     *
     * @param numbers its last word
     */
    public static long fullId(long numbers) {
        return numbers & ~UPPER_HALF;
    }

    /**
     * {@return the thread's number in a compact header}
     *
     * @param word the header
     */
    public static long compactThread(long word) {
        return word >> Integer.SIZE;
    }

    /**
     * {@return the thread's number in a full header}
     *
     * @param word its first word
     * @param numbers its last word
     */
    public static long fullThread(long word, long numbers) {
        return word & UPPER_HALF | numbers >>> Integer.SIZE;
    }

    /**
     * {@return the earliest time that has given lowest bits and is not before another time}
     *
     * @param word a word with these lowest bits
     * @param before the other time, in cycles
     */
    public static long time(long word, long before) {
        return before + (word - before & TIME_MASK);
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
