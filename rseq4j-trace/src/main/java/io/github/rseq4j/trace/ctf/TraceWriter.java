package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes a trace to a folder: its metadata, and a file for each CPU index that has events. It serves programs that
 * convert traces and tests of programs that read them; a {@link io.github.rseq4j.trace.Tracer} records events of this
 * process. A writer is used by one thread at a time.
 */
public final class TraceWriter implements AutoCloseable {
    private final Path folder;
    private final TraceDescription trace;
    private final int packetBytes;
    private final Map<Integer, Stream> streams = new TreeMap<>();

    private record Stream(PacketWriter packets, FileChannel file) {
        void end() throws IOException {
            packets.end(packet -> {
                while (packet.hasRemaining()) {
                    file.write(packet);
                }
            });
        }
    }

    /**
     * Begins a trace.
     *
     * @param folder where to: it is made, and may not hold a trace
     * @param trace what its metadata says
     * @param packetBytes the size of a packet: a multiple of 8, at least 88
     * @throws IOException when it cannot be written
     */
    public TraceWriter(Path folder, TraceDescription trace, int packetBytes) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.trace = trace;
        this.packetBytes = packetBytes;
        Files.writeString(folder.resolve(TraceFiles.METADATA), trace.metadata(), StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
    }

    private Stream stream(int index) throws IOException {
        Stream known = streams.get(index);
        if (known != null) {
            return known;
        }
        PacketWriter packets = new PacketWriter(trace, index, ByteBuffer.allocate(packetBytes));
        Stream made = new Stream(packets, FileChannel.open(folder.resolve(TraceFiles.CHANNEL + index),
                StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
        streams.put(index, made);
        return made;
    }

    /**
     * Writes an event.
     *
     * @param index the CPU index
     * @param timestamp when, in cycles, not before the last one on this index
     * @param threadId Java's number of the thread, or the kernel's, made negative
     * @param type the event
     * @param values the values of its fields, as in {@link TraceEvent#values}
     * @throws IllegalArgumentException when there is no such index, the time is before the last one's, a value is not
     *     of its field's type, or the record fits no packet
     * @throws IOException when it cannot be written
     */
    public void append(int index, long timestamp, long threadId, EventType type, @Nullable Object... values)
            throws IOException {
        Stream stream = stream(index);
        if (!stream.packets().append(timestamp, threadId, type, values)) {
            stream.end();
            if (!stream.packets().append(timestamp, threadId, type, values)) {
                throw new IllegalStateException("event=" + type.name() + " fits no packet");
            }
        }
    }

    /**
     * Counts events that are not recorded.
     *
     * @param index the CPU index
     * @param events how many more
     * @throws IOException when the stream's file cannot be made
     */
    public void discard(int index, long events) throws IOException {
        stream(index).packets().discard(events);
    }

    /**
     * Ends the packet of an index before it is full.
     *
     * @param index the CPU index
     * @throws IOException when it cannot be written
     */
    public void flush(int index) throws IOException {
        stream(index).end();
    }

    /** Ends every packet and closes the files. */
    @Override
    public void close() throws IOException {
        for (Stream stream : streams.values()) {
            try (FileChannel _ = stream.file()) {
                stream.end();
            }
        }
    }
}
