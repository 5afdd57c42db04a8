package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.MadeRing;
import io.github.rseq4j.trace.ring.RingFile;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.ring.SharedRing;
import io.github.rseq4j.trace.stream.RingDrain;
import io.github.rseq4j.trace.stream.StreamOutput;
import io.github.rseq4j.trace.stream.TraceMetadata;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process is killed while it records; what it had committed is there. */
final class RecoveryKernelTest {
    private static final int KILLS = 25;
    private static final int LONGEST_MILLIS = 120;

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "rings outlive the process with rseq alone");
    }

    private static List<String> command(Class<?> program, String... arguments) {
        return Child.java(List.of("-XX:TieredStopAtLevel=1"), program, arguments);
    }

    /** Lets a process record for a moment, kills it, and returns how many events each thread had recorded. */
    private static long[] kill(Path folder, boolean isFlightRecorder, int threads, int millis)
            throws IOException, InterruptedException {
        Path counts = folder.resolveSibling("counts");
        Process process = new ProcessBuilder(command(KilledChild.class, folder.toString(),
                String.valueOf(isFlightRecorder), counts.toString(), String.valueOf(threads)))
                .redirectErrorStream(true).start();
        try {
            // One line, or what it says instead.
            String said = process.inputReader().readLine();
            assertEquals("recording", said);
            Thread.sleep(millis);
        } finally {
            process.destroyForcibly().waitFor();
        }
        ByteBuffer words = ByteBuffer.wrap(Files.readAllBytes(counts)).order(ByteOrder.nativeOrder());
        long[] recorded = new long[threads];
        words.asLongBuffer().get(recorded);
        return recorded;
    }

    private static int millis(RepetitionInfo repetition) {
        return new Random(repetition.getCurrentRepetition()).nextInt(LONGEST_MILLIS);
    }

    @RepeatedTest(KILLS)
    void aStreamMissesNothing(RepetitionInfo repetition, @TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        long[] recorded = kill(folder, false, 3, millis(repetition));
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertEquals(List.of(), report.problems());
        List<TraceEvent> events = TracerTest.read(folder, report.discarded());
        TracerTest.requireNumbers(events, true);
        long total = 0;
        for (long each : recorded) {
            total += each;
        }
        long found = events.size() + report.discarded();
        // A thread may have been killed between its event and its count.
        assertTrue(found >= total && found <= total + recorded.length, found + " instead of " + total + ", " + report);
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)), "the rings are gone");
    }

    @RepeatedTest(KILLS)
    void aFlightRecorderHasTheLastEvents(RepetitionInfo repetition, @TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        long recorded = kill(folder, true, 1, millis(repetition))[0];
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertEquals(List.of(), report.problems());
        List<TraceEvent> events = TracerTest.read(folder, 0);
        TracerTest.requireNumbers(events, true);
        long last = events.isEmpty() ? -1 : (long) events.getLast().values().get(1);
        assertTrue(last >= recorded - 1 && last <= recorded, last + " instead of " + recorded);
        Map<Integer, Integer> kept = new HashMap<>();
        events.forEach(event -> kept.merge(event.cpu(), 1, Integer::sum));
        // All sub-buffers but the one that was just opened, if so many events there were.
        int whole = (KilledChild.SUB_BUFFERS - 1) * (KilledChild.SUB_BUFFER_BYTES - 256) / 32;
        assertTrue(recorded < 4L * whole || kept.values().stream().anyMatch(each -> each >= whole), kept + " of "
                + recorded);
    }

    /** The trace of a killed process names the threads that recorded. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void recoversTheNamesOfThreads(boolean isFlightRecorder, @TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        int threads = 3;
        Process process = new ProcessBuilder(command(KilledChild.class, folder.toString(),
                String.valueOf(isFlightRecorder), temporary.resolve("counts").toString(), String.valueOf(threads)))
                .redirectErrorStream(true).start();
        try {
            assertEquals("recording", process.inputReader().readLine());
            // It ends by itself when it is not killed.
            while (process.isAlive() && TracedThreadsTest.threads(folder).size() < threads) {
                Thread.sleep(1);
            }
        } finally {
            process.destroyForcibly().waitFor();
        }
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertEquals(List.of(), report.problems());
        assertEquals(threads, TracedThreadsTest.threads(folder).size());
        Map<Long, String> names = new HashMap<>();
        TracedThreadsTest.threads(folder).forEach((id, thread) -> names.put(id, thread.name()));
        for (TraceEvent event : TracerTest.read(folder, report.discarded())) {
            assertEquals("recorder " + event.values().getFirst(), names.get(event.threadId()));
        }
    }

    /** Every record of the ring was written and released; the end of the process cut the packet after these. */
    @Test
    void cutsOffAnIncompletePacketAtTheEndOfAStream(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        TracerFolder files = TracerFolder.make(folder, TracerOptions.ExistingTrace.NEW_FOLDER);
        UUID uuid = UUID.randomUUID();
        TracerCounts counts = new TracerCounts();
        new TraceMetadata(files.trace(), files.rings(), uuid, TraceFormat.CTF_1_8, false,
                new TracedThreads(counts), counts)
                .add(List.of(TracerTest.TWO));
        try (SharedRing ring = SharedRing.create(files.rings(), uuid, 0, LeftTrace.OPTIONS.sizes(), true);
                RingDrain drain = new RingDrain(ring, new StreamOutput(files.trace(), uuid, 0, FileLimits.NONE),
                        counts)) {
            ring.start(1);
            MadeRing.fill(ring, 0, 3);
            drain.drain(true);
        }
        files.finish(false);
        byte[] channel = Files.readAllBytes(folder.resolve("channel_0"));
        Files.write(folder.resolve("channel_0"), Arrays.copyOf(channel, channel.length + 100));
        assertEquals(List.of(), TraceRecovery.recover(folder).problems());
        assertEquals(4, TracerTest.read(folder, 0).size());
        assertEquals(channel.length, Files.size(folder.resolve("channel_0")));
    }

    /** A provider's own ring of CPU 0 is recovered as a stream of its own, of the same CPU. */
    @Test
    void theRingsOfAProviderAreRecovered(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        LeftTrace left = LeftTrace.make(folder, true);
        int own = PacketLayout.stream(1, 0);
        try (SafeFolder rings = SafeFolder.open(left.rings());
                SharedRing ring = SharedRing.create(rings, left.uuid, own, LeftTrace.OPTIONS.sizes(), true)) {
            ring.start(1);
            MadeRing.fill(ring, 0, 3);
        }
        assertEquals(List.of(), TraceRecovery.recover(folder).problems());
        List<TraceEvent> events = TracerTest.read(folder, 0);
        assertEquals(LeftTrace.RINGS * LeftTrace.EVENTS + 4, events.size());
        assertEquals(LeftTrace.EVENTS + 4, events.stream().filter(event -> event.cpu() == 0).count());
        assertTrue(Files.exists(folder.resolve("channel_" + own)));
    }

    @Test
    void aProcessThatEndsWritesWhatItRecorded(@TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        Process process = new ProcessBuilder(command(ExitChild.class, folder.toString())).redirectErrorStream(true)
                .start();
        assertEquals("", new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(0, process.waitFor());
        assertEquals(ExitChild.EVENTS, TracerTest.read(folder, 0).size());
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)), "the rings are gone");
    }

    /** A process may end at any moment of making a ring: a file that is empty, or one of a ring that never began. */
    @Test
    void ringsThatWereJustBeingMadeHoldNothing(@TempDir Path temporary) throws IOException {
        LeftTrace left = LeftTrace.make(temporary.resolve("trace"), true);
        left.garble(1, segment -> segment.asSlice(SharedRing.MAGIC_AT, 8).fill((byte) 0));
        int begun = left.ring(1).id();
        Files.createFile(left.file(2));
        try (SafeFolder rings = SafeFolder.open(left.rings())) {
            SharedRing.create(rings, left.uuid, 3, LeftTrace.OPTIONS.sizes(), true).close();
        }
        int made = left.ring(3).id();
        TraceRecovery.Report report = TraceRecovery.recover(left.folder);
        assertEquals(List.of(), report.problems());
        assertEquals(1, report.rings());
        assertFalse(Files.exists(left.rings()), "they are gone");
        assertEquals(null, SharedMemory.status(begun));
        assertEquals(null, SharedMemory.status(made));
        assertEquals(LeftTrace.EVENTS, TracerTest.read(left.folder, 0).size());
    }

    /** Contents of a ring's file, with the state after recovery and the reported problem. */
    @Test
    void checksTheContentOfARingsFile(@TempDir Path temporary) throws IOException {
        LeftTrace other = LeftTrace.make(temporary.resolve("other"), true);
        LeftTrace left = LeftTrace.make(temporary.resolve("trace"), true);
        RingFile first = left.ring(0);
        RingFile foreign = other.ring(0);
        RingFile.Place elsewhere = new RingFile.Place(first.place().boot(), "ipc:[1]");
        RingFile.Place before = new RingFile.Place("another", first.place().namespace());
        Map<RingFile, String> told = new LinkedHashMap<>();
        told.put(foreign, "another trace's ring");
        told.put(new RingFile(foreign.id(), first.cookie(), left.uuid, first.bytes(), first.place()),
                "is another segment by now");
        told.put(new RingFile(first.id(), first.cookie() + 1, left.uuid, first.bytes(), first.place()),
                "is another segment by now");
        told.put(new RingFile(first.id(), first.cookie(), left.uuid, 8, first.place()), "is another segment by now");
        told.put(new RingFile(first.id(), first.cookie(), left.uuid, Long.MAX_VALUE, first.place()),
                "is another segment by now");
        told.put(new RingFile(Integer.MAX_VALUE, first.cookie(), left.uuid, first.bytes(), first.place()),
                "the segment was removed");
        told.put(new RingFile(-7, first.cookie(), left.uuid, first.bytes(), first.place()), "the segment was removed");
        told.put(new RingFile(RingFile.OF_PROCESS, 0, left.uuid, first.bytes(), first.place()),
                "the kernel had refused shared memory");
        told.put(new RingFile(first.id(), first.cookie(), left.uuid, first.bytes(), elsewhere),
                "recover there, if that still runs");
        told.put(new RingFile(first.id(), first.cookie(), left.uuid, first.bytes(), before),
                "the machine was started anew since");
        for (Map.Entry<RingFile, String> each : told.entrySet()) {
            Files.writeString(left.file(9), each.getKey().text());
            Path kept = Files.copy(left.file(0), temporary.resolve("kept"), StandardCopyOption.REPLACE_EXISTING);
            Path second = Files.copy(left.file(1), temporary.resolve("second"), StandardCopyOption.REPLACE_EXISTING);
            Files.delete(left.file(0));
            Files.delete(left.file(1));
            TraceRecovery.Report report = TraceRecovery.recover(left.folder);
            assertEquals(1, report.problems().size(), () -> each.getValue() + " " + report);
            assertTrue(report.problems().getFirst().contains(each.getValue()), report::toString);
            assertEquals(0, report.rings());
            assertTrue(SharedMemory.status(first.id()) != null && SharedMemory.status(foreign.id()) != null,
                    "nothing was removed");
            Files.createDirectories(left.rings());
            Files.deleteIfExists(left.file(9));
            Files.move(kept, left.file(0));
            Files.move(second, left.file(1));
        }
        assertEquals(List.of(), TraceRecovery.recover(left.folder).problems());
        assertEquals(null, SharedMemory.status(first.id()), "it is gone");
        other.forget();
    }

    /** A copy of the folder has no lock: but the rings are the tracer's that runs. */
    @Test
    void aCopyOfTheFolderOfATracerThatRunsTakesNothingAway(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        Path copy = temporary.resolve("copy");
        Files.createDirectories(copy.resolve(TracerFolder.RINGS));
        try (Tracer tracer = Tracer.streaming(folder, KilledChild.OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            Files.copy(folder.resolve("metadata"), copy.resolve("metadata"));
            for (RingView ring : tracer.recording.rings.opened()) {
                String name = TracerFolder.RINGS + "/" + Rings.FILE + ring.index();
                Files.copy(folder.resolve(name), copy.resolve(name));
            }
            TraceRecovery.Report report = TraceRecovery.recover(copy);
            assertEquals(tracer.recording.rings.opened().size(), report.problems().size());
            assertTrue(report.problems().getFirst().contains("a process has it attached"), report::toString);
            TracerTest.record(tracer, 0, 1);
        }
        assertEquals(2, TracerTest.read(folder, 0).size());
    }

    @Test
    void aTracerThatRunsIsLeftAlone(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            tracer.recording.add(List.of(TracerTest.TWO));
            IOException refused = assertThrows(IOException.class, () -> TraceRecovery.recover(folder));
            assertTrue(String.valueOf(refused.getMessage()).contains("still runs, pid="), refused::toString);
            TracerTest.record(tracer, 1, 0);
        }
        assertEquals(1, TracerTest.read(folder, 0).size());
        IOException nothing = assertThrows(IOException.class, () -> TraceRecovery.recover(folder));
        assertTrue(String.valueOf(nothing.getMessage()).contains("nothing to recover"), nothing::toString);
    }

    /** Rings whose bytes are anything: a report, or an exception that says what is wrong; and the trace can be read. */
    @RepeatedTest(40)
    void damagedRingsAreToldAndNothingElseEscapes(RepetitionInfo repetition, @TempDir Path temporary)
            throws Exception {
        LeftTrace left = LeftTrace.make(temporary.resolve("trace"), repetition.getCurrentRepetition() % 2 == 0);
        Random random = new Random(repetition.getCurrentRepetition());
        for (int index = 0; index < LeftTrace.RINGS; index++) {
            left.garble(index, segment -> {
                for (int i = random.nextInt(8); i >= 0; i--) {
                    // The description of the ring, its state, or any byte.
                    int at = switch (random.nextInt(3)) {
                        case 0 -> random.nextInt(256);
                        case 1 -> SharedRing.STATE_AT + random.nextInt(192);
                        default -> random.nextInt((int) segment.byteSize());
                    };
                    segment.set(ValueLayout.JAVA_BYTE, at, (byte) random.nextInt());
                }
            });
        }
        int[] ids = {left.ring(0).id(), left.ring(1).id()};
        if (random.nextInt(4) == 0) {
            byte[] bytes = Files.readAllBytes(left.file(0));
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            Files.write(left.file(0), Arrays.copyOf(bytes, random.nextInt(2 * bytes.length)));
        }
        TraceRecovery.Report report = TraceRecovery.recover(left.folder);
        assertTrue(report.problems().stream().allMatch(each -> each.startsWith(".rings/" + Rings.FILE)),
                report::toString);
        try (TraceReader reader = new TraceReader(left.folder)) {
            while (reader.next() != null) {
                assertTrue(reader.problemCount() >= 0);
            }
        }
        for (int id : ids) {
            SharedMemory.remove(id);
        }
    }
}
