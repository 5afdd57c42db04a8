package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        assertFalse(Files.exists(folder.resolve(Tracer.RINGS)), "the rings are gone");
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

    /** All that the ring holds was kept as written; a packet behind that was cut by the process's end. */
    @Test
    void whatLiesBehindWhatWasKeptIsCutOff(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        Path left = temporary.resolve("left");
        try (Tracer tracer = Tracer.streaming(folder, KilledChild.OPTIONS)) {
            tracer.add(TracerTest.TWO);
            TracerTest.record(tracer, 0, 0);
            tracer.flush();
            Files.createDirectories(left.resolve(Tracer.RINGS));
            Files.copy(folder.resolve("metadata"), left.resolve("metadata"));
            for (RingView ring : tracer.rings()) {
                String name = Tracer.RINGS + "/" + Rings.FILE + ring.index();
                Files.copy(folder.resolve(name), left.resolve(name));
                byte[] channel = Files.readAllBytes(folder.resolve("channel_" + ring.index()));
                Files.write(left.resolve("channel_" + ring.index()), Arrays.copyOf(channel, channel.length + 100));
            }
        }
        assertEquals(List.of(), TraceRecovery.recover(left).problems());
        assertEquals(1, TracerTest.read(left, 0).size());
    }

    @Test
    void aProcessThatEndsWritesWhatItRecorded(@TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        Process process = new ProcessBuilder(command(ExitChild.class, folder.toString())).redirectErrorStream(true)
                .start();
        assertEquals("", new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertEquals(0, process.waitFor());
        assertEquals(ExitChild.EVENTS, TracerTest.read(folder, 0).size());
        assertFalse(Files.exists(folder.resolve(Tracer.RINGS)), "the rings are gone");
    }

    /** A process may end at any moment of making a ring: a file that is empty, cut, zeros, or not yet opened. */
    @Test
    void ringsThatWereJustBeingMadeHoldNothing(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        Path rings = folder.resolve(Tracer.RINGS);
        try (Tracer tracer = Tracer.streaming(folder, KilledChild.OPTIONS)) {
            tracer.add(TracerTest.TWO);
            TracerTest.record(tracer, 0, 0);
        }
        Files.createDirectories(rings);
        for (int bytes : new int[] {0, 7, 1000, MappedRing.DATA, MappedRing.DATA + (1 << 17)}) {
            Files.write(rings.resolve(Rings.FILE + bytes), new byte[bytes]);
        }
        UUID uuid = UUID.randomUUID();
        MappedRing.create(rings.resolve(Rings.FILE + "made"), uuid, 0, KilledChild.OPTIONS, true).close();
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertEquals(List.of(), report.problems());
        assertEquals(0, report.rings());
        assertFalse(Files.exists(rings), "they are gone");
        assertEquals(1, TracerTest.read(folder, 0).size());
    }

    @Test
    void aTracerThatRunsIsLeftAlone(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            tracer.add(TracerTest.TWO);
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
        Path folder = temporary.resolve("trace");
        boolean isFlightRecorder = repetition.getCurrentRepetition() % 2 == 0;
        Path rings = folder.resolve(Tracer.RINGS);
        Path saved = Files.createDirectories(temporary.resolve("saved"));
        try (Tracer tracer = isFlightRecorder ? Tracer.flightRecorder(folder, KilledChild.OPTIONS)
                : Tracer.streaming(folder, KilledChild.OPTIONS)) {
            tracer.add(TracerTest.TWO);
            for (int i = 0; i < 5000; i++) {
                TracerTest.record(tracer, 0, i);
            }
            for (RingView ring : tracer.rings()) {
                Files.copy(rings.resolve(Rings.FILE + ring.index()), saved.resolve(Rings.FILE + ring.index()));
            }
        }
        Files.createDirectories(rings);
        Random random = new Random(repetition.getCurrentRepetition());
        for (String name : Objects.requireNonNull(saved.toFile().list())) {
            byte[] bytes = Files.readAllBytes(saved.resolve(name));
            for (int i = random.nextInt(8); i >= 0; i--) {
                int at = random.nextBoolean() ? random.nextInt(1200) : random.nextInt(bytes.length);
                bytes[at] = (byte) random.nextInt();
            }
            int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
            Files.write(rings.resolve(name), Arrays.copyOf(bytes, length));
        }
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertTrue(report.problems().stream().allMatch(each -> each.contains(Rings.FILE)), report::toString);
        try (TraceReader reader = new TraceReader(folder)) {
            while (reader.next() != null) {
                assertTrue(reader.problemCount() >= 0);
            }
        }
    }
}
