package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads the events of one CPU index in the order of its files. Used by one thread. */
final class StreamReader implements AutoCloseable {
    /* How it works
     *
     * The reader goes through packets and records. Each defect is a problem. A malformed record ends its packet,
     * because its length is unknown. If a packet does not begin where one is expected, the reader searches byte by byte
     * for the mark of a packet of this trace, magic and uuid. It skips holes of the file, so the work is proportional
     * to the data and not to the size of the file.
     *
     * The reader first finds the time of a record, and decodes the record when it is the next one of all streams. So
     * one record is in memory, and not one for each stream.
     *
     * In a trace that is being written, the last packet of a file can be incomplete. It is skipped, and not a problem.
     * The last file stays open at that packet, so that the reader can continue when the file has grown.
     */
    /** After this many zeros the reader looks for a hole; if the system does not report holes, they end the file. */
    private static final long MANY_ZEROS = 1 << 20;
    private static final long MAX_ZEROS = 1 << 30;

    private final int index;
    private final List<Path> files;
    private final byte[] mark;
    private final Map<Integer, EventType> events;
    private final Problems problems;
    private final int windowBytes;
    private final boolean isLive;
    private final Consumer<? super TracePacket> seen;
    private int nextFile;
    private @Nullable StreamFile file;
    private long position;
    private @Nullable Packet packet;
    private long recordStart;
    private long timestamp;
    private long lastTimestamp;
    private final PacketCounts counts = new PacketCounts();
    private @Nullable PacketSink sink;
    /** Whether the current packet has a problem. */
    private boolean isDamaged;
    /** Whether there was a problem since the last packet without one. */
    private boolean isTroubled;
    /** Whether the first packet of the stream's first file has the number 0. */
    private boolean isFromZero;
    /** Packets with lower numbers were read before the file was cut. */
    private long readSequence;

    /** Takes the packets that have no problem. */
    @FunctionalInterface
    interface PacketSink {
        /**
         * Takes a packet after its last record was read.
         *
         * @param file the file
         * @param start the offset of the packet
         * @param end the offset after the packet
         */
        void accept(StreamFile file, long start, long end);
    }

    /**
     * The current packet: the offsets of its start, of the end of its content, and of its end; and the time from which
     * the time of the next record is computed.
     */
    private static final class Packet {
        private final long start;
        private final long contentEnd;
        private final long end;
        private long clock;
        private boolean isBackTold;

        Packet(long start, long contentEnd, long end, long clock) {
            this.start = start;
            this.contentEnd = contentEnd;
            this.end = end;
            this.clock = clock;
        }
    }

    /**
     * Creates a reader.
     *
     * @param index the index of the stream
     * @param files the files, in order
     * @param mark the first bytes of each packet
     * @param events the event types by their numbers
     * @param problems collects problems
     * @param windowBytes the size of the window of a file, in bytes
     * @param isLive whether the trace is being written
     * @param seen receives each packet before its events
     */
    StreamReader(int index, List<Path> files, byte[] mark, Map<Integer, EventType> events, Problems problems,
            int windowBytes, boolean isLive, Consumer<? super TracePacket> seen) {
        this.index = index;
        this.files = files;
        this.mark = mark;
        this.events = events;
        this.problems = problems;
        this.windowBytes = windowBytes;
        this.isLive = isLive;
        this.seen = seen;
    }

    int index() {
        return index;
    }

    /** Passes each packet without a problem to a sink. The first record is not found yet. */
    void passTo(PacketSink taking) {
        sink = taking;
    }

    /** Expects that the first packet of the first file has the number 0. */
    void expectZero() {
        isFromZero = true;
    }

    PacketCounts counts() {
        return counts;
    }

    /** Returns the time of the record that was found, in cycles. */
    long timestamp() {
        return timestamp;
    }

    /** Finds the next record, or returns false if there is none. */
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
                if (isLive && nextFile == files.size()) {
                    return false;
                }
            } catch (IOException e) {
                problem(current, position, "cannot be read: " + RegularFile.why(e));
            }
            close();
        }
    }

    /** Reads the size of the open file again. */
    void refresh() {
        StreamFile current = file;
        if (current != null) {
            try {
                current.refresh();
            } catch (IOException e) {
                problem(current, position, "cannot be read: " + RegularFile.why(e));
            }
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
                counts.beginFile(isFromZero && isFirst(opened.name()));
                if (!isLive && opened.sizeBytes() == 0) {
                    problem(opened, 0, "the file is empty: its packets are missing");
                }
                return opened;
            } catch (NoSuchFileException e) {
                // A tracer with a limit of files deletes the oldest one.
                if (!isLive) {
                    isTroubled = true;
                    problems.add(String.valueOf(path.getFileName()), 0, "cannot be read: " + RegularFile.why(e));
                }
            } catch (IOException e) {
                isTroubled = true;
                problems.add(String.valueOf(path.getFileName()), 0, "cannot be read: " + RegularFile.why(e));
            }
        }
        return null;
    }

    private boolean isFirst(String name) {
        return name.equals(TraceFiles.CHANNEL + index) || name.equals(TraceFiles.CHANNEL + index + "_0");
    }

    private boolean find(StreamFile current) throws IOException {
        while (true) {
            Packet open = packet;
            if (isLive && open == null && current.isCutBefore(position)) {
                problem(current, 0, "the file was cut after its first " + position + " bytes had been read");
                current.restart();
                position = 0;
                readSequence = counts.next();
            }
            if (open == null && (open = begin(current)) == null) {
                return false;
            }
            recordStart = open.start + PacketLayout.aligned(position - open.start);
            if (recordStart >= open.contentEnd) {
                isTroubled &= isDamaged;
                if (sink != null && !isDamaged) {
                    sink.accept(current, open.start, open.end);
                }
                position = open.end;
                packet = null;
                continue;
            }
            try {
                RecordDecoder record = new RecordDecoder(current, recordStart, open.contentEnd);
                timestamp = record.time(record.header(), open.clock);
                return true;
            } catch (RecordDecoder.Damaged e) {
                leave(current, open, e);
            }
        }
    }

    /** Starts the packet at the position, or the next one after it. */
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
        isDamaged = false;
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
        check(current, start, header.getLong(base + PacketLayout.STREAM_INSTANCE_ID), index, "stream_instance_id",
                PacketLayout.STREAM_INSTANCE_ID);
        check(current, start, header.getLong(base + PacketLayout.CPU_ID), PacketLayout.cpu(index), "cpu_id",
                PacketLayout.CPU_ID);
        long sequence = header.getLong(base + PacketLayout.PACKET_SEQ_NUM);
        if (sequence < readSequence) {
            position = start + Math.max(header.getLong(base + PacketLayout.PACKET_SIZE) / Byte.SIZE,
                    PacketLayout.RECORDS);
            return begin(current);
        }
        long lostBefore = counts.lost();
        long discardedBefore = counts.discarded();
        counts.count(sequence, header.getLong(base + PacketLayout.EVENTS_DISCARDED),
                isTroubled || isLive && !isFirst(current.name()),
                (what, offset) -> problem(current, start + offset, what));
        long begin = header.getLong(base + PacketLayout.TIMESTAMP_BEGIN);
        long end = header.getLong(base + PacketLayout.TIMESTAMP_END);
        if (Long.compareUnsigned(begin, end) > 0) {
            problem(current, start + PacketLayout.TIMESTAMP_BEGIN, "timestamp_begin is after timestamp_end");
        }
        Packet begun = sized(current, start, header.getLong(base + PacketLayout.CONTENT_SIZE),
                header.getLong(base + PacketLayout.PACKET_SIZE), begin);
        seen.accept(new TracePacket(PacketLayout.cpu(index), PacketLayout.set(index), sequence, begin, end,
                begun.contentEnd - start, begun.end - start,
                Math.max(counts.discarded() - discardedBefore, 0), counts.lost() - lostBefore));
        packet = begun;
        position = start + PacketLayout.RECORDS;
        return begun;
    }

    private void check(StreamFile current, long start, long value, int expected, String what, int offset) {
        if (value != expected) {
            problem(current, start + offset, what + " is " + Long.toUnsignedString(value) + ", not " + expected);
        }
    }

    /** Computes the ends of content and packet from the header, limited to possible values. */
    private Packet sized(StreamFile current, long start, long contentBits, long packetBits, long timeBegin) {
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
        return new Packet(start, start + contentBytes, start + packetBytes, timeBegin);
    }

    /** Decodes the record that was found. If it is malformed, reports a problem and returns null. */
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
        long word = record.header();
        if (word == 0) {
            throw new RecordDecoder.Damaged(recordStart, "record: zeros, as where nothing was written");
        }
        long time = record.time(word, open.clock);
        long numbers = record.numbers(word);
        long id = PacketLayout.isFull(word) ? PacketLayout.fullId(numbers) : PacketLayout.compactId(word);
        EventType type = id > EventType.MAX_ID ? null : events.get((int) id);
        if (type == null) {
            throw new RecordDecoder.Damaged(recordStart, "record: there is no event with id " + id);
        }
        List<@Nullable Object> values = record.fields(type);
        if (Long.compareUnsigned(time, lastTimestamp) < 0 && !open.isBackTold) {
            open.isBackTold = true;
            problem(current, recordStart, "time goes back from " + Long.toUnsignedString(lastTimestamp) + " to "
                    + Long.toUnsignedString(time));
        }
        lastTimestamp = time;
        open.clock = time;
        position = record.end();
        current.shrink();
        long thread = PacketLayout.isFull(word) ? PacketLayout.fullThread(word, numbers)
                : PacketLayout.compactThread(word);
        return new TraceEvent(time, PacketLayout.cpu(index), thread, type, values);
    }

    /** Leaves the packet of a malformed record. */
    private void leave(StreamFile current, Packet open, RecordDecoder.Damaged e) throws IOException {
        problem(current, e.offset(), String.valueOf(e.getMessage()));
        packet = null;
        current.shrink();
        // If the end of the packet is plausible, the next packet begins there; otherwise after this record.
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

    /** Returns the offset of the next packet of this trace, at or after an offset, or the end of the file. */
    private long search(StreamFile current, long from) throws IOException {
        long offset = from;
        long zerosFrom = -1;
        while (offset + mark.length <= current.sizeBytes()) {
            ByteBuffer window = current.at(offset, mark.length);
            byte[] bytes = current.bytes();
            if (window.remaining() < mark.length) {
                // The file was truncated after it was opened.
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
        isDamaged = true;
        isTroubled = true;
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
