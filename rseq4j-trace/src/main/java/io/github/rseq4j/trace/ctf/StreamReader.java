package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the events of one CPU index, in the order in which they lie in its files. One thread. */
final class StreamReader implements AutoCloseable {
    /* How it works
     *
     * Files are read packet by packet and record by record. What is wrong is a problem. A record that cannot be read
     * ends its packet: its length is not known. Where no packet begins at which one must, the next bytes that begin
     * one of this trace (magic and uuid) are looked for, byte by byte: bytes may have been lost. Holes of the file are
     * stepped over, so that the work is in proportion to what was written and not to the file's size.
     *
     * A record is found first, by its time, and read when it is the next one of all streams: so one record is in memory
     * and not one of each stream.
     *
     * In a trace that is being written the last packet of a file may be there in part: it is not read, and no problem.
     */
    /** After so many zeros a hole is looked for; where the system does not tell holes, so many end the file. */
    private static final long MANY_ZEROS = 1 << 20;
    private static final long MAX_ZEROS = 1 << 30;
    /** How many packets may be missing in a row: more is a damaged number. */
    private static final long MAX_GAP = 1L << 32;

    private final int index;
    private final List<Path> files;
    private final byte[] mark;
    private final Map<Integer, EventType> events;
    private final Problems problems;
    private final int windowBytes;
    private final boolean isLive;
    private int nextFile;
    private @Nullable StreamFile file;
    private long position;
    private @Nullable Packet packet;
    private long recordStart;
    private long timestamp;
    private long lastTimestamp;
    private long packets;
    private long lostPackets;
    private long nextSequence = -1;
    private long discarded;

    /** A packet that is read: where it begins, its content ends and it ends, in its file. */
    private static final class Packet {
        private final long start;
        private final long contentEnd;
        private final long end;
        private boolean isBackTold;

        Packet(long start, long contentEnd, long end) {
            this.start = start;
            this.contentEnd = contentEnd;
            this.end = end;
        }
    }

    /**
     * @param index the CPU index
     * @param files its files, in order
     * @param mark the bytes with which each packet begins
     * @param events the trace's events by their numbers, which all streams share
     * @param problems takes what is wrong
     * @param windowBytes how much of a file is kept in memory
     * @param isLive whether the trace is being written
     */
    StreamReader(int index, List<Path> files, byte[] mark, Map<Integer, EventType> events, Problems problems,
            int windowBytes, boolean isLive) {
        this.index = index;
        this.files = files;
        this.mark = mark;
        this.events = events;
        this.problems = problems;
        this.windowBytes = windowBytes;
        this.isLive = isLive;
    }

    int index() {
        return index;
    }

    long packets() {
        return packets;
    }

    long lostPackets() {
        return lostPackets;
    }

    long discarded() {
        return discarded;
    }

    /** Returns the time of the record that was found, in cycles. */
    long timestamp() {
        return timestamp;
    }

    /** Finds the next record, or tells that there is none. */
    boolean find() {
        while (true) {
            StreamFile current = file;
            if (current == null && (current = open()) == null) {
                return false;
            }
            try {
                if (find(current)) {
                    return true;
                }
            } catch (IOException e) {
                problem(current, position, "cannot be read: " + RegularFile.why(e));
            }
            close();
        }
    }

    private @Nullable StreamFile open() {
        while (nextFile < files.size()) {
            Path path = files.get(nextFile++);
            try {
                StreamFile opened = new StreamFile(path, windowBytes);
                file = opened;
                position = 0;
                packet = null;
                return opened;
            } catch (NoSuchFileException e) {
                // A tracer that limits its files drops the oldest.
                if (!isLive) {
                    problems.add(String.valueOf(path.getFileName()), 0, "cannot be read: " + RegularFile.why(e));
                }
            } catch (IOException e) {
                problems.add(String.valueOf(path.getFileName()), 0, "cannot be read: " + RegularFile.why(e));
            }
        }
        return null;
    }

    private boolean find(StreamFile current) throws IOException {
        while (true) {
            Packet open = packet;
            if (open == null && (open = begin(current)) == null) {
                return false;
            }
            recordStart = open.start + PacketLayout.aligned(position - open.start);
            if (recordStart >= open.contentEnd) {
                position = open.end;
                packet = null;
                continue;
            }
            try {
                timestamp = new RecordDecoder(current, recordStart, open.contentEnd).timestamp();
                return true;
            } catch (RecordDecoder.Damaged e) {
                leave(current, open, e);
            }
        }
    }

    /** Begins the packet at the position, or the next one that there is. */
    private @Nullable Packet begin(StreamFile current) throws IOException {
        if (position >= current.sizeBytes() || isLive && current.sizeBytes() - position < PacketLayout.RECORDS) {
            return null;
        }
        if (!isMark(current, position)) {
            problem(current, position, "no packet of this trace begins here: " + found(current, position));
            position = search(current, position + 1);
            if (position >= current.sizeBytes()) {
                return null;
            }
        }
        long start = position;
        ByteBuffer header = current.at(start, PacketLayout.RECORDS);
        if (header.remaining() < PacketLayout.RECORDS) {
            problem(current, start, "the packet is cut in its header, after " + header.remaining() + " bytes");
            position = current.sizeBytes();
            return null;
        }
        int base = header.position();
        if (isLive && header.getLong(base + PacketLayout.PACKET_SIZE) / Byte.SIZE > current.sizeBytes() - start) {
            return null;
        }
        if (header.getInt(base + PacketLayout.STREAM_ID) != PacketLayout.STREAM_ID_VALUE) {
            problem(current, start + PacketLayout.STREAM_ID, "stream_id is not " + PacketLayout.STREAM_ID_VALUE);
        }
        check(current, start, header.getLong(base + PacketLayout.STREAM_INSTANCE_ID), "stream_instance_id",
                PacketLayout.STREAM_INSTANCE_ID);
        check(current, start, header.getLong(base + PacketLayout.CPU_ID), "cpu_id", PacketLayout.CPU_ID);
        count(current, start, header.getLong(base + PacketLayout.PACKET_SEQ_NUM),
                header.getLong(base + PacketLayout.EVENTS_DISCARDED));
        if (Long.compareUnsigned(header.getLong(base + PacketLayout.TIMESTAMP_BEGIN),
                header.getLong(base + PacketLayout.TIMESTAMP_END)) > 0) {
            problem(current, start + PacketLayout.TIMESTAMP_BEGIN, "timestamp_begin is after timestamp_end");
        }
        Packet begun = sized(current, start, header.getLong(base + PacketLayout.CONTENT_SIZE),
                header.getLong(base + PacketLayout.PACKET_SIZE));
        packet = begun;
        position = start + PacketLayout.RECORDS;
        return begun;
    }

    private void check(StreamFile current, long start, long value, String what, int offset) {
        if (value != index) {
            problem(current, start + offset, what + " is " + Long.toUnsignedString(value) + ", not " + index);
        }
    }

    private void count(StreamFile current, long start, long sequence, long discardedThere) {
        packets++;
        if (sequence < 0 || nextSequence >= 0 && (sequence < nextSequence || sequence - nextSequence > MAX_GAP)) {
            problem(current, start + PacketLayout.PACKET_SEQ_NUM, "packet_seq_num is " + Long.toUnsignedString(sequence)
                    + ", expected " + Math.max(nextSequence, 0));
        } else {
            lostPackets += nextSequence < 0 ? 0 : sequence - nextSequence;
        }
        nextSequence = sequence < 0 || sequence == Long.MAX_VALUE ? -1 : sequence + 1;
        if (Long.compareUnsigned(discardedThere, discarded) < 0) {
            problem(current, start + PacketLayout.EVENTS_DISCARDED, "events_discarded goes back from "
                    + Long.toUnsignedString(discarded) + " to " + Long.toUnsignedString(discardedThere));
        }
        discarded = discardedThere;
    }

    /** Finds where content and packet end; what is said is used as far as it can be true. */
    private Packet sized(StreamFile current, long start, long contentBits, long packetBits) {
        long available = current.sizeBytes() - start;
        long contentBytes = contentBits / Byte.SIZE;
        long packetBytes = packetBits / Byte.SIZE;
        if (packetBits % (PacketLayout.RECORD_ALIGNMENT * Byte.SIZE) != 0 || packetBytes < PacketLayout.RECORDS) {
            problem(current, start + PacketLayout.PACKET_SIZE, "packet_size is " + Long.toUnsignedString(packetBits)
                    + " bits: not a multiple of 64, or less than the header");
            packetBytes = Math.max(contentBytes, PacketLayout.RECORDS);
        }
        if (packetBytes > available) {
            problem(current, start + PacketLayout.PACKET_SIZE, "the packet is cut: it has " + packetBytes
                    + " bytes, of which " + available + " are there");
            packetBytes = available;
            contentBytes = contentBytes < PacketLayout.RECORDS ? available : Math.min(contentBytes, available);
        } else if (contentBits % Byte.SIZE != 0 || contentBytes < PacketLayout.RECORDS || contentBytes > packetBytes) {
            problem(current, start + PacketLayout.CONTENT_SIZE, "content_size is " + Long.toUnsignedString(contentBits)
                    + " bits: not whole bytes, less than the header, or beyond packet_size");
            contentBytes = packetBytes;
        }
        return new Packet(start, start + contentBytes, start + packetBytes);
    }

    /** Reads the record that was found, or tells what is wrong with it and returns null. */
    @Nullable TraceEvent read() {
        StreamFile current = file;
        Packet open = packet;
        if (current == null || open == null) {
            throw new IllegalStateException("index=" + index + ": no record was found");
        }
        try {
            return record(current, open);
        } catch (RecordDecoder.Damaged e) {
            try {
                leave(current, open, e);
                return null;
            } catch (IOException unreadable) {
                problem(current, position, "cannot be read: " + RegularFile.why(unreadable));
            }
        } catch (IOException e) {
            problem(current, position, "cannot be read: " + RegularFile.why(e));
        }
        close();
        return null;
    }

    private TraceEvent record(StreamFile current, Packet open) throws IOException, RecordDecoder.Damaged {
        RecordDecoder record = new RecordDecoder(current, recordStart, open.contentEnd);
        long time = record.timestamp();
        long word = record.idAndThread();
        if (time == 0 && word == 0) {
            throw new RecordDecoder.Damaged(recordStart, "record: zeros, as where nothing was written");
        }
        EventType type = events.get((int) (word & EventType.MAX_ID));
        if (type == null) {
            throw new RecordDecoder.Damaged(recordStart + PacketLayout.RECORD_ID_AND_THREAD,
                    "record: there is no event with id " + (word & EventType.MAX_ID));
        }
        List<@Nullable Object> values = record.fields(type);
        if (Long.compareUnsigned(time, lastTimestamp) < 0 && !open.isBackTold) {
            open.isBackTold = true;
            problem(current, recordStart, "time goes back from " + Long.toUnsignedString(lastTimestamp) + " to "
                    + Long.toUnsignedString(time));
        }
        lastTimestamp = time;
        position = record.end();
        current.shrink();
        return new TraceEvent(time, index, word >> PacketLayout.ID_BITS, type, values);
    }

    /** Leaves a packet because of a record that is none. */
    private void leave(StreamFile current, Packet open, RecordDecoder.Damaged e) throws IOException {
        problem(current, e.offset(), String.valueOf(e.getMessage()));
        packet = null;
        current.shrink();
        // Where the packet's end is believable the next one begins there; else somewhere behind this record.
        position = open.end < current.sizeBytes() && isMark(current, open.end) ? open.end
                : search(current, recordStart);
    }

    private boolean isMark(StreamFile current, long offset) throws IOException {
        ByteBuffer window = current.at(offset, mark.length);
        int at = window.position();
        return window.remaining() >= mark.length
                && Arrays.equals(current.bytes(), at, at + mark.length, mark, 0, mark.length);
    }

    private static String found(StreamFile current, long position) throws IOException {
        ByteBuffer window = current.at(position, PacketLayout.MARK_BYTES);
        if (window.remaining() < PacketLayout.MARK_BYTES) {
            return "the file ends after " + window.remaining() + " bytes";
        }
        int magic = window.getInt();
        return magic != PacketLayout.MAGIC_VALUE ? "magic is 0x" + Integer.toHexString(magic)
                : "the uuid is another trace's";
    }

    /** Returns where the next packet of this trace begins at or behind an offset, or the file's end. */
    private long search(StreamFile current, long from) throws IOException {
        long offset = from;
        long zerosFrom = -1;
        while (offset + mark.length <= current.sizeBytes()) {
            ByteBuffer window = current.at(offset, mark.length);
            byte[] bytes = current.bytes();
            if (window.remaining() < mark.length) {
                // The file is shorter than it was when it was opened.
                return current.sizeBytes();
            }
            if (!isZero(bytes, window.position(), window.limit())) {
                zerosFrom = -1;
                int last = window.limit() - mark.length;
                for (int i = window.position(); i <= last; i++, offset++) {
                    if (bytes[i] == mark[0] && Arrays.equals(bytes, i, i + mark.length, mark, 0, mark.length)) {
                        return offset;
                    }
                }
                continue;
            }
            zerosFrom = zerosFrom < 0 ? offset : zerosFrom;
            offset += window.remaining();
            if (offset - zerosFrom >= MANY_ZEROS) {
                long data = current.data(offset);
                if (data == offset && offset - zerosFrom > MAX_ZEROS) {
                    problem(current, zerosFrom, "the file is not read from here on: " + MAX_ZEROS + " zeros");
                    return current.sizeBytes();
                }
                zerosFrom = data == offset ? zerosFrom : -1;
                offset = data;
            }
        }
        return current.sizeBytes();
    }

    private static boolean isZero(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to && bytes[i] == 0) {
            i++;
        }
        return i == to;
    }

    private void problem(StreamFile current, long offset, String what) {
        problems.add(current.name(), offset, what);
    }

    @Override
    public void close() {
        StreamFile current = file;
        file = null;
        if (current != null) {
            try {
                current.close();
            } catch (IOException e) {
                problem(current, position, "cannot be closed: " + RegularFile.why(e));
            }
        }
    }
}
