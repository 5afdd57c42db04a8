package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader returns exactly the events that were written. */
class RoundTripTest {
    static List<TraceEvent> read(Path folder) {
        try (TraceReader reader = new TraceReader(folder)) {
            List<TraceEvent> events = reader.events().toList();
            assertNull(reader.next());
            assertEquals(List.of(), reader.problems());
            return events;
        }
    }

    static void assertSame(String where, TraceEvent expected, TraceEvent actual) {
        assertEquals(expected.timestamp(), actual.timestamp(), where);
        assertEquals(expected.cpu(), actual.cpu(), where);
        assertEquals(expected.threadId(), actual.threadId(), where);
        assertEquals(expected.type(), actual.type(), where);
        assertEquals(expected.values().size(), actual.values().size(), where);
        for (int i = 0; i < expected.values().size(); i++) {
            @Nullable Object value = expected.values().get(i);
            if (value instanceof byte[] bytes) {
                assertArrayEquals(bytes, (byte[]) actual.values().get(i), where);
            } else {
                assertEquals(value, actual.values().get(i), where);
            }
        }
    }

    @RepeatedTest(20)
    void readsWhatWasWritten(@TempDir Path folder) {
        long seed = new Random().nextLong();
        TraceFormat format = TraceFormat.values()[(int) (seed & 1)];
        RandomTraces.Written written = new RandomTraces(new Random(seed), true).write(folder.resolve("t"), 2000,
                format);
        List<TraceEvent> events = read(folder.resolve("t"));
        assertEquals(written.events().size(), events.size(), "seed=" + seed);
        for (int i = 0; i < events.size(); i++) {
            assertSame("seed=" + seed + " event " + i, written.events().get(i), events.get(i));
        }
    }

    @RepeatedTest(20)
    void metadataIsReadAsItWasWritten() {
        long seed = new Random().nextLong();
        TraceDescription description = new RandomTraces(new Random(seed), true).description();
        Problems problems = new Problems();
        for (TraceFormat format : TraceFormat.values()) {
            String text = new String(description.metadata(format).getBytes(StandardCharsets.UTF_8),
                    StandardCharsets.ISO_8859_1);
            assertEquals(format, MetadataParser.formatOf(text));
            assertEquals(description, MetadataParser.parse(text, "metadata", problems), "seed=" + seed);
            assertEquals(List.of(), problems.kept(), "seed=" + seed);
        }
    }

    @Test
    void aTextOfEachPlaneIsReadWhole(@TempDir Path folder) throws IOException {
        EventType type = new EventType("a:b", 7, 6, List.of(new EventType.Field("s", FieldType.Basic.STRING)));
        TraceDescription trace = TestTraces.of(1, type);
        List<String> texts = new ArrayList<>();
        for (int plane = 0; plane <= 16; plane++) {
            texts.add(new StringBuilder().appendCodePoint((plane << 16) + 0x21).append('x')
                    .appendCodePoint((plane << 16) + 0xFFFD).toString());
        }
        try (TraceWriter writer = new TraceWriter(folder, trace, 4096)) {
            for (int i = 0; i < texts.size(); i++) {
                writer.append(0, i, 1, type, texts.get(i));
            }
        }
        assertEquals(texts, read(folder).stream().map(event -> event.values().getFirst()).toList());
    }

    @Test
    void aValueIsFoundByItsFieldsName(@TempDir Path folder) throws IOException {
        EventType type = new EventType("a:b", 7, 6, List.of(new EventType.Field("n", FieldType.Basic.INT),
                new EventType.Field("s", FieldType.Basic.STRING)));
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), 4096)) {
            writer.append(0, 1, 1, type, 5, null);
        }
        TraceEvent event = read(folder).getFirst();
        assertEquals("a:b", event.name());
        assertEquals(5, event.value("n"));
        assertNull(event.value("s"));
        assertEquals("field=m: event=a:b has [n, s]",
                assertThrows(IllegalArgumentException.class, () -> event.value("m")).getMessage());
        assertThrows(IllegalArgumentException.class, () -> new TraceEvent(1, 0, 1, type, List.of(5)));
    }

    @Test
    void aReaderThatIsClosedHasNoMoreEvents(@TempDir Path folder) throws IOException {
        EventType type = new EventType("a:b", 7, 6, List.of());
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), 4096)) {
            writer.append(0, 1, 1, type);
            writer.append(0, 2, 1, type);
        }
        TraceReader reader = new TraceReader(folder);
        assertEquals(1, reader.events().limit(1).count());
        reader.close();
        assertEquals(0, reader.events().count());
    }

    @Test
    void severalFilesOfOneIndexAreOneStream(@TempDir Path folder) throws IOException {
        EventType type = new EventType("a:b", 0, 6, List.of(new EventType.Field("n", FieldType.Basic.INT)));
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), 256)) {
            for (int i = 0; i < 30; i++) {
                writer.append(0, i, 1, type, i);
                writer.flush(0);
            }
        }
        byte[] all = Files.readAllBytes(folder.resolve("channel_0"));
        Files.delete(folder.resolve("channel_0"));
        for (int i = 0; i * 256 < all.length; i++) {
            // The numbers are in order as numbers, and not as texts.
            Files.write(folder.resolve("channel_0_" + (i + 1)),
                    Arrays.copyOfRange(all, i * 256, i * 256 + 256));
        }
        List<TraceEvent> events = read(folder);
        assertEquals(30, events.size());
        for (int i = 0; i < 30; i++) {
            assertEquals(i, events.get(i).values().getFirst());
        }
    }
}
