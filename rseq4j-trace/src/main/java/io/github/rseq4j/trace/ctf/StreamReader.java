package io.github.rseq4j.trace.ctf;

import java.io.IOException;
import java.nio.ByteBuffer;
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
     * one of this trace (magic and uuid) are looked for, byte by byte: bytes may have been lost.
     */
    /** How many packets may be missing in a row: more is a damaged number. */
    private static final long MAX_GAP = 1L << 32;

    private final int index;
    private final List<Path> files;
    private final byte[] mark;
    private final Map<Integer, EventType> events;
    private final Problems problems;
    private int nextFile;
    private @Nullable StreamFile file;
    private long position;
    private @Nullable Packet packet;
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
     * @param trace what the metadata says
     * @param problems takes what is wrong
     */
    StreamReader(int index, List<Path> files, TraceDescription trace, Problems problems) {
        this.index = index;
        this.files = List.copyOf(files);
        this.mark = PacketLayout.mark(trace.uuid());
        this.events = trace.eventsById();
        this.problems = problems;
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

    /** Returns the next event, or null at the end. */
    @Nullable TraceEvent next() {
        while (true) {
            StreamFile current = file;
            if (current == null && (current = open()) == null) {
                return null;
            }
            try {
                TraceEvent event = next(current);
                if (event != null) {
                    return event;
                }
            } catch (IOException e) {
                problem(current, position, "cannot be read: " + e);
            }
            close();
        }
    }

    private @Nullable StreamFile open() {
        while (nextFile < files.size()) {
            Path path = files.get(nextFile++);
            try {
                StreamFile opened = new StreamFile(path);
                file = opened;
                position = 0;
                packet = null;
                return opened;
            } catch (IOException e) {
                problems.add(String.valueOf(path.getFileName()), 0, "cannot be read: " + e);
            }
        }
        return null;
    }

    private @Nullable TraceEvent next(StreamFile current) throws IOException {
        while (true) {
            Packet open = packet;
            if (open == null && (open = begin(current)) == null) {
                return null;
            }
            TraceEvent event = record(current, open);
            if (event != null) {
                return event;
            }
            packet = null;
        }
    }

    /** Begins the packet at the position, or the next one that there is. */
    private @Nullable Packet begin(StreamFile current) throws IOException {
        if (position >= current.sizeBytes()) {
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

    private @Nullable TraceEvent record(StreamFile current, Packet open) throws IOException {
        long start = open.start + PacketLayout.aligned(position - open.start);
        if (start >= open.contentEnd) {
            position = open.end;
            return null;
        }
        RecordDecoder record = new RecordDecoder(current, start, open.contentEnd);
        try {
            long timestamp = record.timestamp();
            long word = record.idAndThread();
            EventType type = events.get((int) (word & EventType.MAX_ID));
            if (type == null) {
                throw new RecordDecoder.Damaged(start + PacketLayout.RECORD_ID_AND_THREAD,
                        "record: there is no event with id " + (word & EventType.MAX_ID));
            }
            List<@Nullable Object> values = record.fields(type);
            if (Long.compareUnsigned(timestamp, lastTimestamp) < 0 && !open.isBackTold) {
                open.isBackTold = true;
                problem(current, start, "time goes back from " + Long.toUnsignedString(lastTimestamp) + " to "
                        + Long.toUnsignedString(timestamp));
            }
            lastTimestamp = timestamp;
            position = record.end();
            return new TraceEvent(timestamp, index, word >>> PacketLayout.ID_BITS, type, values);
        } catch (RecordDecoder.Damaged e) {
            problem(current, e.offset(), String.valueOf(e.getMessage()));
            // Where the packet's end is believable the next one begins there; else somewhere behind this record.
            position = open.end < current.sizeBytes() && isMark(current, open.end) ? open.end
                    : search(current, start);
            return null;
        }
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
        while (offset + mark.length <= current.sizeBytes()) {
            ByteBuffer window = current.at(offset, mark.length);
            byte[] bytes = current.bytes();
            int last = window.limit() - mark.length;
            for (int i = window.position(); i <= last; i++, offset++) {
                if (bytes[i] == mark[0] && Arrays.equals(bytes, i, i + mark.length, mark, 0, mark.length)) {
                    return offset;
                }
            }
            if (window.remaining() < mark.length) {
                // The file is shorter than it was when it was opened.
                return current.sizeBytes();
            }
        }
        return current.sizeBytes();
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
                problem(current, position, "cannot be closed: " + e);
            }
        }
    }
}
