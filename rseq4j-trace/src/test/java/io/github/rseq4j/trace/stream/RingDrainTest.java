package io.github.rseq4j.trace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.TracerTest;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.MadeRing;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.TraceRing;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The drain of one ring writes each record once, in order. */
final class RingDrainTest {
    private final UUID uuid = UUID.randomUUID();
    private final TracerCounts counts = new TracerCounts();
    private final MadeRing made = new MadeRing();

    @TempDir
    private Path folder = Path.of("");
    private @Nullable SafeFolder opened;

    @BeforeEach
    void describe() throws IOException {
        opened = SafeFolder.open(folder);
        TraceMetadata metadata = new TraceMetadata(opened(), opened(), uuid, TraceFormat.CTF_1_8, false,
                new TracedThreads(counts), counts);
        metadata.add(List.of(TracerTest.TWO));
    }

    @AfterEach
    void closeFolder() throws IOException {
        opened().close();
    }

    private SafeFolder opened() {
        return Objects.requireNonNull(opened);
    }

    private RingDrain drain() {
        return new RingDrain(made.ring, new StreamOutput(opened(), uuid, 0, FileLimits.NONE), counts);
    }

    private void requireNumbers(long to, long discarded) {
        List<TraceEvent> events = TracerTest.read(folder, discarded);
        assertEquals(LongStream.rangeClosed(0, to).boxed().toList(),
                events.stream().map(event -> event.values().get(1)).toList());
    }

    @Test
    void writesTheOpenSubBufferInPartsOnRequest() throws IOException {
        made.fill(0, 2);
        try (RingDrain drain = drain()) {
            assertTrue(drain.drain(false));
            assertFalse(drain.drain(false));
            requireNumbers(1, 0);
            assertTrue(drain.drain(true));
            assertFalse(drain.drain(true), "there is no new record");
            made.record(made.ring.position(), 40, 3);
            made.ring.put(TraceRing.DISCARDED, 7);
            assertTrue(drain.drain(true));
            requireNumbers(3, 7);
        }
        assertEquals(4, counts.packets.sum());
    }

    @Test
    void writesAnEmptyPacketForDiscardedEventsAlone() throws IOException {
        made.fill(0, 1);
        try (RingDrain drain = drain()) {
            assertTrue(drain.drain(true));
            made.ring.put(TraceRing.DISCARDED, 5);
            assertTrue(drain.drain(true));
            assertFalse(drain.drain(true), "the count is written");
        }
        requireNumbers(1, 5);
    }

    /** A section commits a record while the words of the state are read. They are read again. */
    @Test
    void readsAStateOfOneMoment() {
        made.fill(0, 0);
        made.whenStateRead(TraceRing.LAST, () -> made.record(made.ring.position(), 50, 1));
        made.whenStateRead(TraceRing.DISCARDED, () -> made.record(made.ring.position(), 60, 2));
        RingView.State state = made.ring.state(() -> 0);
        assertEquals(new RingView.State(PacketLayout.RECORDS + 3L * MadeRing.RECORD, 60, 0, true), state);
    }

    /** So a process that is killed between these steps never leaves a freed sub-buffer that was not written. */
    @Test
    void freesASubBufferAfterItsPacketIsWrittenAndTheProgressIsKept() throws IOException {
        made.fill(0, 5);
        List<Long> freed = new ArrayList<>();
        made.whenWritten(TraceRing.CONSUMED, consumed -> {
            freed.add(consumed);
            RingView.Progress kept = made.ring.progress();
            assertEquals(consumed + PacketLayout.RECORDS, kept.flushed());
            assertEquals(kept.fileBytes(), folder.resolve("channel_0").toFile().length());
            assertEquals(consumed / MadeRing.SUB, kept.packets());
        });
        try (RingDrain drain = drain()) {
            drain.drain(true);
        }
        assertEquals(LongStream.rangeClosed(1, 5).map(n -> n * MadeRing.SUB).boxed().toList(), freed);
        assertEquals(6, made.ring.progress().packets());
        requireNumbers(5, 0);
    }

    @Test
    void freesNoSubBufferThatCouldNotBeWritten() throws IOException {
        made.fill(0, 3);
        Path channel = Files.createDirectory(folder.resolve("channel_0"));
        try (RingDrain drain = drain()) {
            assertThrows(IOException.class, () -> drain.drain(true));
            assertEquals(0, made.ring.get(TraceRing.CONSUMED));
            assertEquals(RingView.Progress.NONE, made.ring.progress());
            Files.delete(channel);
            assertTrue(drain.drain(true));
        }
        requireNumbers(3, 0);
    }

    /** A process was killed after it wrote a packet, and before it kept the progress. The packet is written again. */
    @Test
    void overwritesBytesAfterTheProgress() throws IOException {
        made.fill(0, 3);
        try (RingDrain drain = drain()) {
            drain.drain(false);
        }
        Path channel = folder.resolve("channel_0");
        byte[] kept = Files.readAllBytes(channel);
        Files.write(channel, new byte[3 * kept.length]);
        try (SeekableByteChannel file = Files.newByteChannel(channel, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(kept));
        }
        try (RingDrain drain = drain()) {
            drain.drain(true);
        }
        requireNumbers(3, 0);
    }

    @Test
    void beginsANewFileWhenTheFormerOneWasRemoved() throws IOException {
        made.fill(0, 2);
        try (RingDrain drain = drain()) {
            drain.drain(true);
            Files.delete(folder.resolve("channel_0"));
            made.fill(3, 4);
            drain.drain(true);
        }
        try (TraceReader reader = new TraceReader(folder)) {
            List<TraceEvent> events = reader.events().toList();
            assertEquals(List.of(3L, 4L), events.stream().map(event -> event.values().get(1)).toList());
            assertEquals(List.of("channel_0: offset 0: packets 0 to 2 are missing before the first packet of this"
                    + " file"), reader.problems().stream().map(Problem::toString).toList());
        }
    }

    /** Another process can write any position to the ring's memory. It is reported once, and work stays bounded. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 40, Long.MIN_VALUE, Long.MIN_VALUE + 4096 + 100, Long.MAX_VALUE, 1L << 62,
        (1L << 62) + 100, 9L * MadeRing.SUB + 100, 4096 + 40})
    void endsTheStreamAtAnImpossiblePosition(long position) throws IOException {
        made.fill(0, 1);
        try (RingDrain drain = drain()) {
            drain.drain(true);
            made.ring.put(TraceRing.POSITION, position);
            IOException refused = assertThrows(IOException.class, () -> drain.drain(true));
            assertTrue(String.valueOf(refused.getMessage()).contains("position=" + position), refused::toString);
            assertFalse(drain.drain(true), "it is reported once");
        }
        if (!made.ring.isPosition(position)) {
            assertThrows(IOException.class, () -> RingCopy.of(made.ring, true));
        }
        requireNumbers(1, 0);
    }

    @Test
    void drainsRandomWordsWithBoundedWork() throws IOException {
        for (int seed = 0; seed < 200; seed++) {
            MadeRing garbled = new MadeRing();
            garbled.fill(0, 5);
            Random random = new Random(seed);
            for (int i = 0; i < 20; i++) {
                garbled.ring.putWord((long) random.nextInt(8) * MadeRing.SUB + random.nextInt(12) * 8L,
                        random.nextBoolean() ? random.nextLong() : random.nextInt(1 << 14));
            }
            garbled.ring.put(TraceRing.POSITION, random.nextInt(9 * MadeRing.SUB));
            Path each = Files.createDirectory(folder.resolve("seed" + seed));
            try (SafeFolder into = SafeFolder.open(each); RingDrain drain = new RingDrain(garbled.ring,
                    new StreamOutput(into, uuid, 0, FileLimits.NONE), counts)) {
                drain.drain(true);
            } catch (IOException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("something other than its sections has written"),
                        e::toString);
            }
            Path channel = each.resolve("channel_0");
            assertTrue(!Files.exists(channel) || Files.size(channel) <= 9L * MadeRing.SUB, "seed=" + seed);
        }
    }

    @Test
    void keepsAFileThatIsNotAStreamOfThisTrace() throws IOException {
        made.fill(0, 3);
        Files.writeString(folder.resolve("channel_0"), "another program's");
        try (RingDrain drain = drain()) {
            IOException refused = assertThrows(IOException.class, () -> drain.drain(true));
            assertEquals("channel_0: is not a stream of this trace, and is left as it is", refused.getMessage());
        }
        assertEquals("another program's", Files.readString(folder.resolve("channel_0")));
    }
}
