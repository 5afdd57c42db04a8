package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    private static final EventType SMALL = new EventType("a:small", 0x12, 6,
            List.of(new EventType.Field("b", FieldType.Basic.BYTE)));

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
        PacketWriter writer = new PacketWriter(TestTraces.of(3, ALL, SMALL), 2, ByteBuffer.allocate(216));
        writer.append(0x1122334455667788L, 5, SMALL, (byte) 4);
        writer.append(0x1122334455667788L, 0x9988_aabb_ccdd_eeffL, ALL, true, (byte) -2, (short) -3, 'z', 4, 5L, 1.5f,
                -2.5, "B", Truncated.of("\u00e9\u00e9", 3), new byte[] {9, 8});
        writer.discard(7);
        List<byte[]> packets = new ArrayList<>();
        writer.end(packet -> {
            byte[] bytes = new byte[packet.remaining()];
            packet.get(bytes);
            packets.add(bytes);
        });
        String expected = "c11ffcc1" + "0102030405060708090a0b0c0d0e0f10" + "00000000" + "0200000000000000"
                + "8877665544332211" + "8877665544332211" + "b005000000000000" + "c006000000000000"
                + "0000000000000000" + "0700000000000000" + "0200000000000000"
                + "887766" + "12" + "05000000" + "04" + "00000000000000"
                + "887766" + "ff" + "bbaa8899" + "8877665544332211" + "34120000" + "ffeeddcc"
                + "01" + "fe" + "fdff" + "7a00" + "04000000" + "0500000000000000" + "0000c03f" + "00000000000004c0"
                + "01000000" + "04000000" + "02000000" + "c3a9" + "02000000" + "02000000" + "0908";
        assertEquals(0x5b0 / 8, expected.length() / 2);
        assertArrayEquals(HexFormat.of().parseHex(expected + "00".repeat(216 - expected.length() / 2)),
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
    void headersHoldTheirNumbers() {
        long[] threads = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 31, ~(1L << 31), Long.MAX_VALUE,
            Long.MIN_VALUE};
        for (int id : new int[] {0, 1, 254, 255, 256, EventType.MAX_ID}) {
            for (long thread : threads) {
                assertEquals(id <= 254 && Math.abs(thread + 0.5) < 1L << 31, PacketLayout.isCompact(id, thread));
                if (PacketLayout.isCompact(id, thread)) {
                    long word = PacketLayout.compact(id, thread) | PacketLayout.TIME_MASK;
                    assertFalse(PacketLayout.isFull(word));
                    assertEquals(id, PacketLayout.compactId(word));
                    assertEquals(thread, PacketLayout.compactThread(word));
                }
                long word = PacketLayout.full(thread) | PacketLayout.TIME_MASK;
                long numbers = PacketLayout.fullNumbers(id, thread);
                assertTrue(PacketLayout.isFull(word));
                assertEquals(id, PacketLayout.fullId(numbers));
                assertEquals(thread, PacketLayout.fullThread(word, numbers));
            }
        }
    }

    @Test
    void aTimeIsTheEarliestWithItsLowestBits() {
        long[][] rows = {{0, 0, 0}, {5, 3, 5}, {3, 5, 0x100_0003}, {0xff_ffff, 0x1234_0000_0000L, 0x1234_00ff_ffffL},
            {0, 0xff_ffff, 0x100_0000}, {0xaa_0000_0007L, 0xf_ff00_0008L, 0x10_0000_0007L},
            {4, 0x7fff_ffff_ffff_ffffL, 0x8000_0000_0000_0004L}};
        for (long[] row : rows) {
            assertEquals(row[2], PacketLayout.time(row[0], row[1]));
        }
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
        assertEquals(true, writer.append(1, 1, text, "x".repeat(128 - 88 - 8 - 8)));
        assertEquals(false, writer.append(1, 1, text, ""));
        writer.end(_ -> { });
        assertThrows(IllegalArgumentException.class, () -> writer.append(1, 1, text, "x".repeat(25)));
    }
}
