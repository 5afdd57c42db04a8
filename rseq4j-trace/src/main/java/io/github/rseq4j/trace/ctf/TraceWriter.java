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
 * Writes a trace to a folder: the metadata, and a file for each CPU index with events. Programs that convert traces use
 * it, and so do tests of programs that read traces. To record events of this process, use a
 * {@link io.github.rseq4j.trace.Tracer}.
 *
 * <p><b>Threads.</b> One thread at a time may use a writer.
 *
 * @since 0.1.0
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
     * Starts a trace in CTF 1.8 and writes its metadata.
     *
     * @param folder the folder; it is created if it does not exist, and must not hold a trace
     * @param trace the content of the metadata
     * @param packetBytes the size of a packet in bytes: a multiple of 8, at least 88; the first call of another method
     *     for an index checks it
     * @throws IOException if the metadata cannot be written, or the folder holds a trace
     */
    public TraceWriter(Path folder, TraceDescription trace, int packetBytes) throws IOException {
        this(folder, trace, packetBytes, TraceFormat.CTF_1_8);
    }

    /**
     * Starts a trace and writes its metadata.
     *
     * @param folder the folder; it is created if it does not exist, and must not hold a trace
     * @param trace the content of the metadata
     * @param packetBytes the size of a packet in bytes: a multiple of 8, at least 88; the first call of another method
     *     for an index checks it
     * @param format the format of the metadata
     * @throws IOException if the metadata cannot be written, or the folder holds a trace
     */
    public TraceWriter(Path folder, TraceDescription trace, int packetBytes, TraceFormat format) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.trace = trace;
        this.packetBytes = packetBytes;
        Files.writeString(folder.resolve(TraceFiles.METADATA), trace.metadata(format), StandardOpenOption.CREATE_NEW,
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
     * @param timestamp the time in cycles, unsigned, not before the last event of this index
     * @param threadId Java's number of the thread, or the kernel's, negated
     * @param type the type of the event
     * @param values the values of the fields, as in {@link TraceEvent#values}
     * @throws IllegalArgumentException if the trace has no such index, the size of packets is invalid, the time is
     *     before that of the last event, a value has not the type of its field, or the record is longer than a packet
     *     or than 1 MiB
     * @throws IOException if the file of the index cannot be created, or a packet cannot be written
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
     * Adds to the count of discarded events.
     *
     * @param index the CPU index
     * @param events the number of events that were not recorded
     * @throws IllegalArgumentException if the trace has no such index, or the size of packets is invalid
     * @throws IOException if the file of the index cannot be created
     */
    public void discard(int index, long events) throws IOException {
        stream(index).packets().discard(events);
    }

    /**
     * Writes the packet of an index before it is full.
     *
     * @param index the CPU index
     * @throws IllegalArgumentException if the trace has no such index, or the size of packets is invalid
     * @throws IOException if the file of the index cannot be created, or the packet cannot be written
     */
    public void flush(int index) throws IOException {
        stream(index).end();
    }

    /**
     * Writes the last packets and closes the files. No method may be called afterwards.
     *
     * @throws IOException if a packet cannot be written
     */
    @Override
    public void close() throws IOException {
        for (Stream stream : streams.values()) {
            try (FileChannel _ = stream.file()) {
                stream.end();
            }
        }
    }
}
