package io.github.rseq4j.trace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Declarations of events are appended to the file, unless it is no longer the file that was written. */
final class TraceMetadataTest {
    private static final int COUNT = 50;

    @TempDir
    private Path path;
    private final UUID uuid = UUID.randomUUID();
    private final TracerCounts counts = new TracerCounts();
    private SafeFolder folder;

    @BeforeEach
    void open() throws IOException {
        folder = SafeFolder.open(path);
    }

    @AfterEach
    void close() throws IOException {
        folder.close();
    }

    private TraceMetadata metadata(TraceFormat format) {
        TraceMetadata made = new TraceMetadata(folder, folder, uuid, format, false, new TracedThreads(counts), counts);
        made.add(List.of(event(0)));
        return made;
    }

    private static EventType event(int id) {
        return new EventType("app:size" + id, id, 6, List.of(new EventType.Field("text", FieldType.Basic.STRING)));
    }

    private Path file() {
        return path.resolve("metadata");
    }

    private Object identity() throws IOException {
        return Files.getAttribute(file(), "unix:ino");
    }

    private TraceDescription read() {
        try (TraceReader reader = TraceReader.live(path)) {
            assertTrue(reader.problems().isEmpty(), reader.problems()::toString);
            return Objects.requireNonNull(reader.description());
        }
    }

    private static List<EventType> events(int count) {
        return IntStream.range(0, count).mapToObj(TraceMetadataTest::event).toList();
    }

    @ParameterizedTest
    @EnumSource
    void appendsDeclarations(TraceFormat format) throws IOException {
        TraceMetadata metadata = metadata(format);
        Object before = identity();
        for (int i = 1; i < COUNT; i++) {
            metadata.add(List.of(event(i)));
            assertEquals(events(i + 1), read().events());
        }
        assertEquals(before, identity());
        String appended = Files.readString(file());
        TraceDescription read = read();
        metadata.write();
        assertNotEquals(before, identity());
        assertEquals(read.events(), read().events());
        assertEquals(appended, read.metadata(format));
    }

    @ParameterizedTest
    @EnumSource
    void writesTheWholeFileIfItWasChanged(TraceFormat format) throws IOException {
        TraceMetadata metadata = metadata(format);
        Files.writeString(file(), "");
        metadata.add(List.of(event(1)));
        assertEquals(events(2), read().events());
        Files.delete(file());
        metadata.add(List.of(event(2)));
        assertEquals(events(3), read().events());
        Files.writeString(file(), " ", StandardOpenOption.APPEND);
        metadata.add(List.of(event(3)));
        assertEquals(events(4), read().events());
        metadata.add(List.of(event(4)));
        assertEquals(events(5), read().events());
        assertEquals(0, counts.failures());
    }

    @ParameterizedTest
    @EnumSource
    void aLiveReaderWaitsForTheRestOfADeclaration(TraceFormat format) throws IOException {
        TraceMetadata metadata = metadata(format);
        metadata.add(List.of(event(1)));
        byte[] all = Files.readAllBytes(file());
        int from = all.length - event(1).metadata(format).getBytes(StandardCharsets.UTF_8).length;
        for (int length = from; length < all.length; length += 7) {
            Files.write(file(), Arrays.copyOf(all, length));
            try (TraceReader reader = TraceReader.live(path)) {
                assertTrue(reader.problems().isEmpty(), length + ": " + reader.problems());
                assertEquals(events(1), Objects.requireNonNull(reader.description()).events());
                var modified = Files.getLastModifiedTime(file());
                Files.write(file(), all);
                Files.setLastModifiedTime(file(), modified);
                reader.refresh();
                assertEquals(events(2), Objects.requireNonNull(reader.description()).events());
            }
        }
    }
}
