package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.UUID;

/**
 * A packet of a stream, about to be written.
 *
 * @param index which CPU's
 * @param sequence its number in the stream
 * @param begin no record is earlier
 * @param end no record is later
 * @param discarded how many events of the stream were discarded up to its end
 * @param records the records, from position to limit
 */
record Packet(int index, long sequence, long begin, long end, long discarded, ByteBuffer records) {
    /** Returns how many bytes it takes in a file. */
    long bytes() {
        return PacketLayout.aligned(PacketLayout.RECORDS + (long) records.remaining());
    }

    /**
     * Writes it.
     *
     * @param file where to
     * @param offset where its first byte goes
     * @param uuid the trace's
     * @throws IOException when it cannot be written, or not the whole of it
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
        header.putLong(PacketLayout.CPU_ID, index);
        ByteBuffer padding = ByteBuffer.allocate((int) (bytes() - content));
        long at = offset;
        for (ByteBuffer part : new ByteBuffer[] {header, records.duplicate(), padding}) {
            while (part.hasRemaining()) {
                at += file.write(part, at);
            }
        }
    }
}
