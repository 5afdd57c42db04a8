package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Failures outside the traced program are counted, and the program continues. */
final class TracerFailuresTest {
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final TracerOptions SMALL = TracerOptions.defaults().withSubBuffers(1 << 12, 4);

    @AfterEach
    void forgetInterruption() {
        boolean _ = Thread.interrupted();
    }

    private static void requireInterrupted() {
        assertTrue(Thread.interrupted(), "who was interrupted is still");
    }

    /** Channels are closed when their thread is interrupted: that must not be the end of a trace. */
    @Test
    void aThreadThatIsInterruptedLosesNothing(@TempDir Path folder) throws IOException {
        Thread.currentThread().interrupt();
        Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults());
        requireInterrupted();
        try (tracer) {
            Thread.currentThread().interrupt();
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            tracer.flush();
            requireInterrupted();
            TracerTest.record(tracer, 0, 1);
            tracer.flush();
            TracerTest.record(tracer, 0, 2);
            Thread.currentThread().interrupt();
        }
        requireInterrupted();
        TracerTest.requireNumbers(TracerTest.read(folder, 0), false);
        assertEquals(3, TracerTest.read(folder, 0).size());
        assertEquals(0, tracer.stats().failures() + tracer.stats().lost(), () -> tracer.stats().toString());
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)), "the rings are gone");
    }

    @Test
    void aThreadThatIsInterruptedHasItsSnapshot(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("recorder"), TracerOptions.defaults())) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            Thread.currentThread().interrupt();
            tracer.snapshot(folder.resolve("snapshot"));
            requireInterrupted();
        }
        assertEquals(1, TracerTest.read(folder.resolve("snapshot"), 0).size());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void aSnapshotThatFailsLeavesNothing(@TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("recorder"), TracerOptions.defaults())) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            Path fresh = folder.resolve("fresh");
            assertThrows(IllegalStateException.class, () -> tracer.recording.snapshot(fresh, () -> {
                throw new IllegalStateException("before the rings are copied");
            }));
            assertFalse(Files.exists(fresh));

            Path used = Files.createDirectory(folder.resolve("used"));
            Files.writeString(used.resolve("channel_of_another"), "kept");
            // The streams are written before the metadata, which fails.
            assertThrows(FileAlreadyExistsException.class, () -> tracer.recording.snapshot(used, () ->
                    used.resolve("metadata").toFile().mkdir()));
            assertEquals(List.of("channel_of_another", "metadata"), names(used));
            Files.delete(used.resolve("metadata"));
            tracer.snapshot(used);
            assertEquals(3, names(used).size(), () -> "the same folder can be used again");
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void aFolderThatIsRemovedIsCountedAndNothingThrows(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        Tracer tracer = Tracer.streaming(folder, SMALL);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            tracer.flush();
            remove(folder);
            long until = System.nanoTime() + LONGEST_NANOS;
            for (int i = 1; tracer.stats().failures() == 0 || tracer.stats().discarded() == 0; i++) {
                TracerTest.record(tracer, 0, i);
                assertTrue(System.nanoTime() < until, () -> tracer.stats().toString());
            }
            assertThrows(IOException.class, tracer::flush);
        }
        TracerTest.record(tracer, 0, 0);
        assertFalse(Files.exists(folder), "it does not come back");
        assertTrue(tracer.stats().lastFailure() instanceof IOException, () -> tracer.stats().toString());
    }

    /** An event whose declaration found no place is declared as soon as there is one. */
    @Test
    void metadataThatCouldNotBeWrittenIsWrittenLater(@TempDir Path folder) throws IOException {
        TracerStats stats;
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            Path metadata = folder.resolve("metadata");
            Files.delete(metadata);
            Files.createDirectories(metadata.resolve("in the way"));
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            stats = tracer.stats();
            remove(metadata);
            long until = System.nanoTime() + LONGEST_NANOS;
            while (!Files.exists(metadata)) {
                assertTrue(System.nanoTime() < until, stats::toString);
                Thread.onSpinWait();
            }
            tracer.flush();
            assertEquals(1, TracerTest.read(folder, 0).size());
        }
        assertTrue(stats.failures() > 0, stats::toString);
    }
}
