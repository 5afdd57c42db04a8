package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.UUID;

/**
 * A packet of a stream, before it is written.
 *
 * @param index the index of the stream
 * @param sequence its number in the stream
 * @param begin a time that is not after that of any record
 * @param end a time that is not before that of any record
 * @param discarded how many events of the stream were discarded up to the packet's end
 * @param records the records, from the buffer's position to its limit
 */
record Packet(int index, long sequence, long begin, long end, long discarded, ByteBuffer records) {
    /** Returns the size of the packet in a file, in bytes. */
    long bytes() {
        return PacketLayout.aligned(PacketLayout.RECORDS + (long) records.remaining());
    }

    /**
     * Writes the packet.
     *
     * @param file the file
     * @param offset the offset of its first byte in the file
     * @param uuid the trace's UUID
     * @throws IOException when the packet cannot be written; a part of it may have been written then
     */
    void write(FileChannel file, long offset, UUID uuid) throws IOException {
        long content = PacketLayout.RECORDS + (long) records.remaining();
        ByteBuffer header = ByteBuffer.allocate(PacketLayout.RECORDS).order(ByteOrder.LITTLE_ENDIAN);
        header.put(PacketLayout.MAGIC, PacketLayout.mark(uuid));
        header.putInt(PacketLayout.STREAM_ID, PacketLayout.STREAM_ID_VALUE);
        header.putLong(PacketLayout.STREAM_INSTANCE_ID, index);
        header.putLong(PacketLayout.TIMESTAMP_BEGIN, begin);
        header.putLong(PacketLayout.TIMESTAMP_END, end);
        header.putLong(PacketLayout.CONTENT_SIZE, content * Byte.SIZE);
        header.putLong(PacketLayout.PACKET_SIZE, bytes() * Byte.SIZE);
        header.putLong(PacketLayout.PACKET_SEQ_NUM, sequence);
        header.putLong(PacketLayout.EVENTS_DISCARDED, discarded);
        header.putLong(PacketLayout.CPU_ID, PacketLayout.cpu(index));
        ByteBuffer padding = ByteBuffer.allocate((int) (bytes() - content));
        long at = offset;
        for (ByteBuffer part : new ByteBuffer[] {header, records.duplicate(), padding}) {
            while (part.hasRemaining()) {
                at += file.write(part, at);
            }
        }
    }
}
