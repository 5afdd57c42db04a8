package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Writes the packets of one stream into a buffer, one after the other. For tools: the tracer's sections write packets
 * themselves. One thread.
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
     * Makes a writer; the first packet is begun.
     *
     * @param trace what it is a part of
     * @param index the CPU index
     * @param packet where the packets are written, each of its whole capacity: a multiple of 8
     * @throws IllegalArgumentException when there is no such index, or no packet of such a size
     */
    PacketWriter(TraceDescription trace, int index, ByteBuffer packet) {
        if (index < 0 || index >= trace.indexCount()) {
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
        packet.putLong(PacketLayout.CPU_ID, index);
    }

    /**
     * Writes a record.
     *
     * @param timestamp when, in cycles, not before the last one's
     * @param threadId the thread
     * @param type the event
     * @param values the values of its fields
     * @return whether there was room for it: if not, {@link #end} the packet and write it again
     * @throws IllegalArgumentException when something cannot be recorded, or would not fit an empty packet
     */
    boolean append(long timestamp, long threadId, EventType type, @Nullable Object... values) {
        if (Long.compareUnsigned(timestamp, lastTimestamp) < 0) {
            throw new IllegalArgumentException("timestamp=" + Long.toUnsignedString(timestamp)
                    + ": is before the last one, " + Long.toUnsignedString(lastTimestamp));
        }
        long word = PacketLayout.idAndThread(type.id(), threadId);
        int start = (int) PacketLayout.aligned(contentBytes);
        try {
            packet.clear().limit(Math.clamp((long) start + PacketLayout.MAX_RECORD_BYTES, 0, packet.capacity()));
            packet.position(Math.min(start, packet.limit())).putLong(timestamp).putLong(word);
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

    /**
     * Counts events of this stream that are not recorded.
     *
     * @param events how many more
     */
    void discard(long events) {
        discarded += events;
    }

    /**
     * Ends the packet and begins the next one, in the same buffer.
     *
     * @param write takes the packet, from position to limit, before the next one is begun
     * @param <X> what it throws
     * @throws X when the packet cannot be taken
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
     * Takes a packet.
     *
     * @param <X> what it throws
     */
    @FunctionalInterface
    interface Sink<X extends Exception> {
        /**
         * Takes it.
         *
         * @param packet from its position to its limit, to be used during the call alone
         * @throws X when it cannot
         */
        void accept(ByteBuffer packet) throws X;
    }
}
