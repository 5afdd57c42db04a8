package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reports damage with its offset, and reads the rest of a trace of four packets with ten numbers each. */
class DamagedTraceTest {
    private static final int PACKET_BYTES = 512;
    private static final int PACKETS = 4;
    private static final int EACH = 10;
    private static final int RECORD_BYTES = 16;
    private static final EventType NUMBER = new EventType("a:number", 5, 6,
            List.of(new EventType.Field("n", FieldType.Basic.LONG)));

    @TempDir
    private Path folder = Path.of("");
    private byte[] bytes = new byte[0];

    @BeforeEach
    void write() throws IOException {
        write(NUMBER);
    }

    private void write(EventType type) throws IOException {
        Files.deleteIfExists(folder.resolve("channel_0"));
        Files.deleteIfExists(folder.resolve("metadata"));
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), PACKET_BYTES)) {
            for (int i = 0; i < PACKETS * EACH; i++) {
                writer.append(0, 100 + i, 1, type, (long) i);
                if (i % EACH == EACH - 1 && i < PACKETS * EACH - 1) {
                    writer.flush(0);
                }
            }
        }
        bytes = Files.readAllBytes(folder.resolve("channel_0"));
        assertEquals(PACKETS * PACKET_BYTES, bytes.length);
    }

    private record Found(List<Long> numbers, List<Problem> problems) {}

    private Found read() throws IOException {
        Files.write(folder.resolve("channel_0"), bytes);
        List<Long> numbers = new ArrayList<>();
        try (TraceReader reader = new TraceReader(folder)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                numbers.add((Long) event.values().getFirst());
            }
            return new Found(numbers, reader.problems());
        }
    }

    private static List<Long> without(int from, int to) {
        List<Long> numbers = new ArrayList<>();
        for (long i = 0; i < PACKETS * EACH; i++) {
            if (i < from || i >= to) {
                numbers.add(i);
            }
        }
        return numbers;
    }

    private void assertFinds(List<Long> numbers, long offset, String what) throws IOException {
        Found found = read();
        assertEquals(numbers, found.numbers(), found.problems().toString());
        assertEquals(1, found.problems().size(), found.problems().toString());
        Problem problem = found.problems().getFirst();
        assertEquals("channel_0", problem.file());
        assertEquals(offset, problem.offset(), problem.toString());
        assertTrue(problem.what().contains(what), problem.toString());
    }

    private void put(int offset, long value) {
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(offset, value);
    }

    private static int record(int packet, int number) {
        return packet * PACKET_BYTES + PacketLayout.RECORDS + number * RECORD_BYTES;
    }

    @Test
    void nothingIsWrongWithIt() throws IOException {
        assertEquals(new Found(without(0, 0), List.of()), read());
    }

    @Test
    void aMagicThatIsNone() throws IOException {
        bytes[PACKET_BYTES] ^= 1;
        Found found = read();
        assertEquals(without(10, 20), found.numbers());
        assertEquals(List.of(new Problem("channel_0", PACKET_BYTES,
                "no packet of this trace begins here: magic is 0xc1fc1fc0")), found.problems());
    }

    @Test
    void aPacketOfAnotherTrace() throws IOException {
        bytes[PACKET_BYTES + PacketLayout.UUID + 3] ^= 1;
        assertFinds(without(10, 20), PACKET_BYTES, "the uuid is another trace's");
    }

    @Test
    void aPacketCutInItsHeader() throws IOException {
        bytes = Arrays.copyOf(bytes, 3 * PACKET_BYTES + 50);
        assertFinds(without(30, 40), 3 * PACKET_BYTES, "cut in its header, after 50 bytes");
    }

    @Test
    void aPacketCutBehindItsContent() throws IOException {
        bytes = Arrays.copyOf(bytes, bytes.length - 8);
        assertFinds(without(0, 0), 3 * PACKET_BYTES + PacketLayout.PACKET_SIZE, "cut: it has 512 bytes, of which 504");
    }

    @Test
    void aPacketCutInARecord() throws IOException {
        bytes = Arrays.copyOf(bytes, record(3, 4) + 12);
        Found found = read();
        assertEquals(without(34, 40), found.numbers());
        assertEquals(List.of(3L * PACKET_BYTES + PacketLayout.PACKET_SIZE, (long) record(3, 4)),
                found.problems().stream().map(Problem::offset).toList());
    }

    @Test
    void aContentBeyondItsPacket() throws IOException {
        put(PACKET_BYTES + PacketLayout.CONTENT_SIZE, PACKET_BYTES * 8L + 8);
        Found found = read();
        assertEquals(without(0, 0), found.numbers());
        assertEquals(PACKET_BYTES + PacketLayout.CONTENT_SIZE, found.problems().getFirst().offset());
        assertTrue(found.problems().getFirst().what().contains("beyond packet_size"));
    }

    @Test
    void aPacketSizeThatCannotBe() throws IOException {
        put(PACKET_BYTES + PacketLayout.PACKET_SIZE, 7);
        Found found = read();
        assertEquals(without(0, 0), found.numbers());
        assertEquals(PACKET_BYTES + PacketLayout.PACKET_SIZE, found.problems().getFirst().offset());
    }

    @Test
    void anEventThatIsNotDeclared() throws IOException {
        put(record(1, 3), PacketLayout.compact(6, 1) | 113);
        assertFinds(without(13, 20), record(1, 3), "there is no event with id 6");
    }

    @Test
    void aRecordBeyondTheContent() throws IOException {
        put(2 * PACKET_BYTES + PacketLayout.CONTENT_SIZE, (PacketLayout.RECORDS + 2 * RECORD_BYTES + 9) * 8L);
        assertFinds(without(22, 30), record(2, 2), "beyond the content");
    }

    @Test
    void aTimeThatGoesBackIsToldAndTheRecordShown() throws IOException {
        write(new EventType("a:full", 300, 6, NUMBER.fields()));
        int record = 2 * PACKET_BYTES + PacketLayout.RECORDS + 5 * (PacketLayout.FULL_FIELDS + Long.BYTES);
        put(record + PacketLayout.FULL_TIMESTAMP, 3);
        assertFinds(without(0, 0), record, "time goes back from 124 to 3");
    }

    @Test
    void bytesThatWereInsertedMoveTheRest() throws IOException {
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 3);
        System.arraycopy(bytes, PACKET_BYTES, longer, PACKET_BYTES + 3, bytes.length - PACKET_BYTES);
        bytes = longer;
        assertFinds(without(0, 0), PACKET_BYTES, "no packet of this trace begins here");
    }

    @Test
    void aPacketThatIsMissingIsCounted() throws IOException {
        byte[] shorter = Arrays.copyOf(bytes, 3 * PACKET_BYTES);
        System.arraycopy(bytes, 2 * PACKET_BYTES, shorter, PACKET_BYTES, 2 * PACKET_BYTES);
        bytes = shorter;
        assertEquals(new Found(without(10, 20), List.of()), read());
        try (TraceReader reader = new TraceReader(folder)) {
            while (reader.next() != null) {
                assertEquals(List.of(), reader.problems());
            }
            assertEquals(List.of(new TraceReader.StreamCounts(0, 3, 1, 0)), reader.counts());
        }
    }

    /** Wherever the tracer is with the file's last packet, what lies before it is read, and nothing is wrong. */
    @Test
    void aPacketThatIsBeingWrittenIsNoProblem() throws IOException {
        byte[] whole = bytes;
        for (int length = 3 * PACKET_BYTES; length < whole.length; length++) {
            Files.write(folder.resolve("channel_0"), Arrays.copyOf(whole, length));
            List<Long> numbers = new ArrayList<>();
            try (TraceReader reader = TraceReader.live(folder)) {
                for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                    numbers.add((Long) event.values().getFirst());
                }
                assertEquals(List.of(), reader.problems(), "length=" + length);
            }
            assertEquals(without(30, 40), numbers, "length=" + length);
        }
    }

    @Test
    void withoutMetadataThereIsNothing() throws IOException {
        Files.delete(folder.resolve("metadata"));
        try (TraceReader reader = new TraceReader(folder)) {
            assertNull(reader.description());
            assertNull(reader.next());
            assertTrue(reader.problems().toString().contains("metadata: offset 0: cannot be read"));
        }
    }

    @Test
    void anEventsDeclarationThatIsDamagedLeavesTheOthers() throws IOException {
        EventType other = new EventType("a:other", 6, 6, List.of());
        String text = MetadataText.of(TestTraces.of(1, other, NUMBER));
        int offset = text.indexOf("loglevel", text.indexOf("a:other"));
        Files.writeString(folder.resolve("metadata"), text.substring(0, offset) + "#" + text.substring(offset));
        Found found = read();
        assertEquals(without(0, 0), found.numbers());
        assertEquals(List.of(new Problem("metadata", offset,
                "an event's declaration cannot be read: expected loglevel, found #")), found.problems());
    }

    @Test
    void metadataOfAnotherTracerIsRefusedWithItsOffset() throws IOException {
        String text = "/* CTF 1.8 */\n\ntypealias integer { size = 5; align = 1; signed = false; } := uint5_t;\n";
        Files.writeString(folder.resolve("metadata"), text);
        assertEquals(new Found(List.of(), List.of(new Problem("metadata", text.indexOf('5'),
                "not a trace of rseq4j, or damaged: expected 8, found 5"))), read());
    }
}
