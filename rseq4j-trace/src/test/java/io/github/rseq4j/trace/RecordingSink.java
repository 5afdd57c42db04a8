package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.ring.EventSink;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Keeps records, and reads them as a trace with a packet for each record. So the reader reports a problem of a record
 * that is too long or too short.
 */
public final class RecordingSink implements EventSink {
    private static final UUID TRACE = new UUID(1, 2);

    /** The events that were declared. */
    final List<EventType> types = new ArrayList<>();
    private final List<Recorded> records = new ArrayList<>();

    RecordingSink() {}

    /** Returns providers without functions for native code. */
    static Providers providers(EventSink sink, int maxFieldBytes, Consumer<List<EventType>> declare) {
        return new Providers(maxFieldBytes, declare, _ -> new Providers.Target(sink, null));
    }

    private record Recorded(int id, byte[] fields) {}

    synchronized int count() {
        return records.size();
    }

    private synchronized void words(int recordBytes, int id, long... words) {
        ByteBuffer fields = ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        fields.asLongBuffer().put(words);
        byte[] exact = new byte[recordBytes - PacketLayout.RECORD_FIELDS];
        fields.get(exact);
        while (fields.hasRemaining()) {
            assertEquals(0, fields.get(), "the bytes after the fields");
        }
        records.add(new Recorded(id, exact));
    }

    @Override
    public void record1(int recordBytes, int id, long w0) {
        words(recordBytes, id, w0);
    }

    @Override
    public void record2(int recordBytes, int id, long w0, long w1) {
        words(recordBytes, id, w0, w1);
    }

    @Override
    public void record3(int recordBytes, int id, long w0, long w1, long w2) {
        words(recordBytes, id, w0, w1, w2);
    }

    @Override
    public void record4(int recordBytes, int id, long w0, long w1, long w2, long w3) {
        words(recordBytes, id, w0, w1, w2, w3);
    }

    @Override
    public void record8(int recordBytes, int id, long w0, long w1, long w2, long w3, long w4, long w5, long w6,
            long w7) {
        words(recordBytes, id, w0, w1, w2, w3, w4, w5, w6, w7);
    }

    @Override
    public synchronized void recordBytes(int id, byte[] fields, int fieldBytes) {
        byte[] exact = new byte[fieldBytes];
        System.arraycopy(fields, 0, exact, 0, fieldBytes);
        records.add(new Recorded(id, exact));
    }

    /** Returns and removes the records. */
    synchronized List<TraceEvent> take(Path folder) {
        TraceClock clock = new TraceClock(new UUID(3, 4), 1_000_000_000, 0, 0);
        TraceDescription trace = new TraceDescription(TRACE, clock, 1, Map.of(), types);
        try {
            Path made = Files.createTempDirectory(folder, "trace");
            Files.writeString(made.resolve(TraceFiles.METADATA), trace.metadata());
            // A tracer makes a stream's file with its first packet.
            if (!records.isEmpty()) {
                try (OutputStream channel = Files.newOutputStream(made.resolve(TraceFiles.CHANNEL + 0))) {
                    for (int i = 0; i < records.size(); i++) {
                        channel.write(packet(i, records.get(i)));
                    }
                }
            }
            records.clear();
            try (TraceReader reader = new TraceReader(made)) {
                List<TraceEvent> events = reader.events().toList();
                assertEquals(List.of(), reader.problems());
                return events;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] packet(int number, Recorded record) {
        int content = PacketLayout.RECORDS + PacketLayout.FULL_FIELDS + record.fields().length;
        int size = (int) PacketLayout.aligned(content);
        ByteBuffer packet = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        packet.put(0, PacketLayout.mark(TRACE)).putLong(PacketLayout.TIMESTAMP_BEGIN, number);
        packet.putLong(PacketLayout.TIMESTAMP_END, number);
        packet.putLong(PacketLayout.CONTENT_SIZE, (long) content * Byte.SIZE);
        packet.putLong(PacketLayout.PACKET_SIZE, (long) size * Byte.SIZE);
        packet.putLong(PacketLayout.PACKET_SEQ_NUM, number);
        packet.putLong(PacketLayout.RECORDS, PacketLayout.full(1));
        packet.putLong(PacketLayout.RECORDS + PacketLayout.FULL_TIMESTAMP, number);
        packet.putLong(PacketLayout.RECORDS + PacketLayout.FULL_NUMBERS, PacketLayout.fullNumbers(record.id(), 1));
        packet.put(PacketLayout.RECORDS + PacketLayout.FULL_FIELDS, record.fields());
        return packet.array();
    }
}
