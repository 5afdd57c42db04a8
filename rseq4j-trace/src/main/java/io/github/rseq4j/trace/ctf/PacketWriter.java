package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Writes the packets of one stream into a buffer, one after the other. For tools; the sections of a tracer write their
 * packets in place. Used by one thread.
 */
final class PacketWriter {
    private final byte[] mark;
    private final int index;
    private final ByteBuffer packet;
    private long sequence;
    private long discarded;
    private long lastTimestamp;
    private boolean isEmpty = true;
    private int contentBytes;

    /**
     * Creates a writer and starts the first packet.
     *
     * @param trace the trace
     * @param index the index of the stream
     * @param packet the buffer; its capacity is the size of a packet, a multiple of 8
     * @throws IllegalArgumentException if the trace has no such index, or if the size is invalid
     */
    PacketWriter(TraceDescription trace, int index, ByteBuffer packet) {
        if (!PacketLayout.isStream(index) || PacketLayout.cpu(index) >= trace.indexCount()) {
            throw new IllegalArgumentException("index=" + index + ": must be 0 to " + (trace.indexCount() - 1));
        }
        int bytes = packet.capacity();
        if (bytes < PacketLayout.RECORDS || bytes % PacketLayout.RECORD_ALIGNMENT != 0) {
            throw new IllegalArgumentException("packetBytes=" + bytes + ": must be a multiple of "
                    + PacketLayout.RECORD_ALIGNMENT + ", at least " + PacketLayout.RECORDS);
        }
        this.mark = PacketLayout.mark(trace.uuid());
        this.index = index;
        this.packet = packet.duplicate().clear().order(ByteOrder.LITTLE_ENDIAN);
        begin();
    }

    private void begin() {
        isEmpty = true;
        contentBytes = PacketLayout.RECORDS;
        packet.clear().put(PacketLayout.MAGIC, mark);
        packet.putInt(PacketLayout.STREAM_ID, PacketLayout.STREAM_ID_VALUE);
        packet.putLong(PacketLayout.STREAM_INSTANCE_ID, index);
        packet.putLong(PacketLayout.PACKET_SIZE, (long) packet.capacity() * Byte.SIZE);
        packet.putLong(PacketLayout.PACKET_SEQ_NUM, sequence);
        packet.putLong(PacketLayout.CPU_ID, PacketLayout.cpu(index));
    }

    /**
     * Writes a record.
     *
     * @param timestamp the time in cycles, not before that of the last record
     * @param threadId the number of the thread
     * @param type the type of the event
     * @param values the values of the fields
     * @return whether the packet had room; if not, the caller must {@link #end} the packet and try again
     * @throws IllegalArgumentException if an argument is invalid, or the record is longer than an empty packet
     */
    boolean append(long timestamp, long threadId, EventType type, @Nullable Object... values) {
        if (Long.compareUnsigned(timestamp, lastTimestamp) < 0) {
            throw new IllegalArgumentException("timestamp=" + Long.toUnsignedString(timestamp)
                    + ": is before the last one, " + Long.toUnsignedString(lastTimestamp));
        }
        int start = (int) PacketLayout.aligned(contentBytes);
        try {
            packet.clear().limit(Math.clamp((long) start + PacketLayout.MAX_RECORD_BYTES, 0, packet.capacity()));
            packet.position(Math.min(start, packet.limit()));
            putHeader(timestamp, threadId, type.id());
            RecordEncoder.encode(type, values, packet);
        } catch (BufferOverflowException _) {
            if (isEmpty) {
                throw new IllegalArgumentException("event=" + type.name() + ": the record does not fit a packet of "
                        + packet.capacity() + " bytes, or is longer than " + PacketLayout.MAX_RECORD_BYTES);
            }
            return false;
        }
        for (int i = contentBytes; i < start; i++) {
            packet.put(i, (byte) 0);
        }
        if (isEmpty) {
            packet.putLong(PacketLayout.TIMESTAMP_BEGIN, timestamp);
        }
        contentBytes = packet.position();
        lastTimestamp = timestamp;
        isEmpty = false;
        return true;
    }

    private void putHeader(long timestamp, long threadId, int id) {
        long time = timestamp & PacketLayout.TIME_MASK;
        long compact = PacketLayout.compact(id, threadId) | time;
        boolean isNear = isEmpty || timestamp - lastTimestamp <= PacketLayout.TIME_MASK;
        // A word of zeros would mean that nothing was written.
        if (PacketLayout.isCompact(id, threadId) && isNear && compact != 0) {
            packet.putLong(compact);
        } else {
            packet.putLong(PacketLayout.full(threadId) | time).putLong(timestamp)
                    .putLong(PacketLayout.fullNumbers(id, threadId));
        }
    }

    /**
     * Adds to the count of discarded events of this stream.
     *
     * @param events the number of events
     */
    void discard(long events) {
        discarded += events;
    }

    /**
     * Ends the packet and starts the next one in the same buffer.
     *
     * @param write takes the packet, from position to limit
     * @param <X> the exception of the consumer
     * @throws X if the consumer throws it
     */
    <X extends Exception> void end(Sink<X> write) throws X {
        if (isEmpty) {
            packet.putLong(PacketLayout.TIMESTAMP_BEGIN, lastTimestamp);
        }
        packet.putLong(PacketLayout.TIMESTAMP_END, lastTimestamp);
        packet.putLong(PacketLayout.CONTENT_SIZE, (long) contentBytes * Byte.SIZE);
        packet.putLong(PacketLayout.EVENTS_DISCARDED, discarded);
        packet.clear().position(contentBytes);
        while (packet.hasRemaining()) {
            packet.put((byte) 0);
        }
        write.accept(packet.duplicate().clear());
        sequence++;
        begin();
    }

    /**
     * A consumer of packets.
     *
     * @param <X> the exception of the consumer
     */
    @FunctionalInterface
    interface Sink<X extends Exception> {
        /**
         * Takes a packet.
         *
         * @param packet the packet, from position to limit; valid only during the call
         * @throws X if the packet cannot be written
         */
        void accept(ByteBuffer packet) throws X;
    }
}
