package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class PacketLayoutTest {
    private static final EventType ALL = new EventType("a:all", 0x1234, 6, List.of(
            new EventType.Field("z", FieldType.Basic.BOOLEAN), new EventType.Field("b", FieldType.Basic.BYTE),
            new EventType.Field("s", FieldType.Basic.SHORT), new EventType.Field("c", FieldType.Basic.CHAR),
            new EventType.Field("i", FieldType.Basic.INT), new EventType.Field("l", FieldType.Basic.LONG),
            new EventType.Field("f", FieldType.Basic.FLOAT), new EventType.Field("d", FieldType.Basic.DOUBLE),
            new EventType.Field("e", new FieldType.Enumeration(List.of("A", "B"))),
            new EventType.Field("t", FieldType.Basic.STRING), new EventType.Field("y", FieldType.Basic.BYTES)));

    /** The bytes of each type that the metadata names. */
    private static final Map<String, Integer> SIZES = Map.of("uint8_t", 1, "uint16_t", 2, "uint32_t", 4, "uint64_t", 8,
            "cycles_t", 8);

    @Test
    void theMetadataPutsEachWordWhereTheLayoutHasIt() {
        String text = MetadataText.of(TestTraces.of(1));
        int header = text.indexOf("packet.header");
        int context = text.indexOf("packet.context");
        List<String> words = new ArrayList<>();
        int offset = 0;
        for (int start : new int[] {header, context}) {
            Matcher field = Pattern.compile(" {8}(\\w+) (\\w+)(?:\\[(\\d+)])?;")
                    .matcher(text.substring(start, text.indexOf("};", start)));
            while (field.find()) {
                words.add(offset + " " + field.group(2));
                int count = field.group(3) == null ? 1 : Integer.parseInt(field.group(3));
                int size = Objects.requireNonNull(SIZES.get(field.group(1)));
                assertEquals(0, offset % size, field.group());
                offset += count * size;
            }
        }
        assertEquals(PacketLayout.RECORDS, offset);
        assertEquals(0, PacketLayout.RECORDS % PacketLayout.RECORD_ALIGNMENT);
        assertEquals(List.of(PacketLayout.MAGIC + " magic", PacketLayout.UUID + " uuid",
                PacketLayout.STREAM_ID + " stream_id", PacketLayout.STREAM_INSTANCE_ID + " stream_instance_id",
                PacketLayout.TIMESTAMP_BEGIN + " timestamp_begin", PacketLayout.TIMESTAMP_END + " timestamp_end",
                PacketLayout.CONTENT_SIZE + " content_size", PacketLayout.PACKET_SIZE + " packet_size",
                PacketLayout.PACKET_SEQ_NUM + " packet_seq_num", PacketLayout.EVENTS_DISCARDED + " events_discarded",
                PacketLayout.CPU_ID + " cpu_id"), words);
    }

    @Test
    void aPacketIsTheseBytes() {
        PacketWriter writer = new PacketWriter(TestTraces.of(3, ALL), 2, ByteBuffer.allocate(192));
        writer.append(0x1122334455667788L, 0xffff_aabb_ccdd_eeffL, ALL, true, (byte) -2, (short) -3, 'z', 4, 5L, 1.5f,
                -2.5, "B", Truncated.of("\u00e9\u00e9", 3), new byte[] {9, 8});
        writer.discard(7);
        List<byte[]> packets = new ArrayList<>();
        writer.end(packet -> {
            byte[] bytes = new byte[packet.remaining()];
            packet.get(bytes);
            packets.add(bytes);
        });
        String expected = "c11ffcc1" + "0102030405060708090a0b0c0d0e0f10" + "00000000" + "0200000000000000"
                + "8877665544332211" + "8877665544332211" + "f004000000000000" + "0006000000000000"
                + "0000000000000000" + "0700000000000000" + "0200000000000000"
                + "8877665544332211" + "3412" + "ffeeddccbbaa"
                + "01" + "fe" + "fdff" + "7a00" + "04000000" + "0500000000000000" + "0000c03f" + "00000000000004c0"
                + "01000000" + "04000000" + "02000000" + "c3a9" + "02000000" + "02000000" + "0908";
        assertEquals(0x4f0 / 8, expected.length() / 2);
        assertArrayEquals(HexFormat.of().parseHex(expected + "00".repeat(192 - expected.length() / 2)),
                packets.getFirst());
    }

    @Test
    void recordsBeginAtMultiplesOfEight() {
        long[][] rows = {{0, 0}, {1, 8}, {7, 8}, {8, 8}, {9, 16}, {(1L << 40) + 1, (1L << 40) + 8}};
        for (long[] row : rows) {
            assertEquals(row[1], PacketLayout.aligned(row[0]));
        }
    }

    @Test
    void refusesWhatHasTooManyBits() {
        assertEquals(Long.MAX_VALUE, PacketLayout.idAndThread(EventType.MAX_ID, PacketLayout.MAX_THREAD_ID));
        assertEquals(-1L, PacketLayout.idAndThread(EventType.MAX_ID, -1));
        assertEquals(Long.MIN_VALUE, PacketLayout.idAndThread(0, -PacketLayout.MAX_THREAD_ID - 1));
        assertThrows(IllegalArgumentException.class,
                () -> PacketLayout.idAndThread(0, -PacketLayout.MAX_THREAD_ID - 2));
        assertThrows(IllegalArgumentException.class, () -> PacketLayout.idAndThread(EventType.MAX_ID + 1, 0));
        assertThrows(IllegalArgumentException.class,
                () -> PacketLayout.idAndThread(0, PacketLayout.MAX_THREAD_ID + 1));
    }

    @Test
    void refusesValuesThatAreNotOfTheirType() {
        PacketWriter writer = new PacketWriter(TestTraces.of(3, ALL), 2, ByteBuffer.allocate(4096));
        EventType one = new EventType("a:one", 1, 6, List.of(new EventType.Field("i", FieldType.Basic.INT)));
        for (Object value : new Object[] {1L, "1", true}) {
            String message = assertThrows(IllegalArgumentException.class, () -> writer.append(1, 1, one, value))
                    .getMessage();
            assertEquals("i=" + value + ": is no value of type INT", message);
        }
        assertThrows(IllegalArgumentException.class, () -> writer.append(1, 1, one));
        writer.append(5, 1, one, 1);
        assertThrows(IllegalArgumentException.class, () -> writer.append(4, 1, one, 1));
    }

    @Test
    void aRecordThatFitsNoPacketIsRefused() {
        EventType text = new EventType("a:t", 1, 6, List.of(new EventType.Field("t", FieldType.Basic.STRING)));
        PacketWriter writer = new PacketWriter(TestTraces.of(1, text), 0, ByteBuffer.allocate(128));
        assertEquals(true, writer.append(1, 1, text, "x".repeat(128 - 88 - 16 - 8)));
        assertEquals(false, writer.append(1, 1, text, ""));
        writer.end(_ -> { });
        assertThrows(IllegalArgumentException.class, () -> writer.append(1, 1, text, "x".repeat(17)));
    }
}
