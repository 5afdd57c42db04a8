package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The files of a tracer: limits, timers, and where they lie. */
final class TracerFilesTest {
    private static final int FILE_BYTES = 1 << 14;

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    @Test
    void theOldestFilesAreDroppedAndCounted(@TempDir Path folder) throws IOException {
        int events = 40_000;
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 12, 1024).withFiles(FILE_BYTES, 3);
        Tracer tracer = Tracer.streaming(folder, options);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            for (int i = 0; i < events; i++) {
                TracerTest.record(tracer, 0, i);
            }
        }
        assertEquals(0, tracer.stats().discarded());
        Map<String, Integer> filesOfCpu = new HashMap<>();
        for (String name : names(folder)) {
            if (name.startsWith("channel_")) {
                filesOfCpu.merge(name.substring(0, name.lastIndexOf('_')), 1, Integer::sum);
                assertTrue(Files.size(folder.resolve(name)) <= FILE_BYTES, name);
            }
        }
        assertTrue(filesOfCpu.values().stream().allMatch(files -> files <= 3), filesOfCpu::toString);
        assertTrue(tracer.stats().droppedFiles() > 0, () -> tracer.stats().toString());
        List<TraceEvent> found = TracerTest.read(folder, 0);
        TracerTest.requireNumbers(found, true);
        assertTrue(found.size() < events, found.size() + " events");
        assertEquals(events - 1L, found.getLast().values().get(1), "the newest are kept");
    }

    @Test
    void anEventIsInAFileSoonWithoutBeingAskedFor(@TempDir Path folder) throws Exception {
        TracerOptions options = TracerOptions.defaults().withFlushInterval(Duration.ofMillis(20));
        try (Tracer tracer = Tracer.streaming(folder, options)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (tracer.stats().packets() == 0 && System.nanoTime() < until) {
                Thread.sleep(10);
            }
            assertEquals(1, TracerTest.read(folder, 0).size());
        }
        assertEquals(1, TracerTest.read(folder, 0).size(), "and only once");
    }

    @Test
    void flushingManyTimesWritesEachEventOnce(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withSubBuffers(1 << 12, 4))) {
            tracer.recording.add(List.of(TracerTest.TWO));
            for (int i = 0; i < 2000; i++) {
                TracerTest.record(tracer, 0, i);
                if (i % 7 == 0) {
                    tracer.flush();
                }
            }
        }
        List<TraceEvent> found = TracerTest.read(folder, 0);
        assertEquals(2000, found.size());
        TracerTest.requireNumbers(found, false);
    }

    /** A tracer does not overwrite another program's stream: it refuses the folder before it creates a file. */
    @Test
    void aFolderWithStreamsIsRefused(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("channel_0"), "a stream");
        assertThrows(FileAlreadyExistsException.class, () -> Tracer.streaming(folder, TracerOptions.defaults()
                .withExistingTrace(TracerOptions.ExistingTrace.REFUSE)));
        assertEquals(List.of("channel_0"), names(folder));
        assertEquals("a stream", Files.readString(folder.resolve("channel_0")));
    }

    @Test
    void aSnapshotIsAFlightRecordersAlone(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.streaming(folder)) {
            IllegalStateException refused = assertThrows(IllegalStateException.class,
                    () -> tracer.snapshot(folder.resolve("snapshot")));
            assertEquals("folder=" + folder + " is not a flight recorder's: flush() writes to it",
                    refused.getMessage());
        }
        Tracer recorder = Tracer.flightRecorder(folder.resolve("recorder"));
        recorder.close();
        IllegalStateException closed = assertThrows(IllegalStateException.class,
                () -> recorder.snapshot(folder.resolve("snapshot")));
        assertEquals("folder=" + folder.resolve("recorder") + ": the tracer was closed", closed.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"4095, 8", "4097, 8", "134217728, 8", "4096, 1", "4096, 3", "4096, 2048", "67108864, 32"})
    void refusesRingsThatCannotBe(int bytes, int count) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                () -> TracerOptions.defaults().withSubBuffers(bytes, count));
        assertTrue(String.valueOf(refused.getMessage()).matches("subBuffer(Byte)?s=\\d+.*, must be .*"),
                refused::toString);
    }

    @ParameterizedTest
    @CsvSource({"255", "32769"})
    void refusesRecordsThatCannotBe(int bytes) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                () -> TracerOptions.defaults().withFieldBytes(bytes));
        assertEquals("fieldBytes=" + bytes + ", must be 256 to 32768", refused.getMessage());
    }
}
