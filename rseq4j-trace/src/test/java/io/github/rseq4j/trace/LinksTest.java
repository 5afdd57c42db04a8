package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.TraceRing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Links, folders and pipes in the place of each file: nothing outside of the trace's folder changes. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class LinksTest {
    private static final String TEXT = "somebody else's: ring_0 channel_0 /* CTF 1.8 */";

    @TempDir
    private Path temporary = Path.of("");
    private Path outside = Path.of("");
    private Map<String, String> before = Map.of();

    @BeforeEach
    void makeOutside() throws IOException {
        outside = Files.createDirectories(temporary.resolve("outside"));
        for (String name : new String[] {"ring_0", "ring_1", "lock", "metadata", "channel_0", "file"}) {
            Files.writeString(outside.resolve(name), TEXT);
        }
        Files.createFile(outside.resolve("empty"));
        Files.writeString(Files.createDirectories(outside.resolve("folder")).resolve("ring_0"), TEXT);
        before = contents();
    }

    @AfterEach
    void nothingOutsideHasChanged() throws IOException {
        assertEquals(before, contents());
    }

    private Map<String, String> contents() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(outside)) {
            for (Path file : files.toList()) {
                contents.put(file.toString(), Files.isDirectory(file) ? "folder" : Files.readString(file));
            }
        }
        return contents;
    }

    /** Puts something in the place of a file: a link to a file, to nothing, to a folder, a folder, or a pipe. */
    private void plant(Path place, String what) throws IOException, InterruptedException {
        if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(place, temporary.resolve("moved-" + System.nanoTime()));
        }
        Files.deleteIfExists(place);
        switch (what) {
            case "file", "empty", "nothing", "folder" -> Files.createSymbolicLink(place, outside.resolve(what));
            case "directory" -> Files.createDirectory(place);
            case "pipe" -> assertEquals(0, new ProcessBuilder("mkfifo", place.toString()).start().waitFor());
            default -> throw new IllegalArgumentException(what);
        }
    }

    private static void requireRseq() {
        assumeTrue(Rseq.availability().available(), "rings outlive their process with rseq alone");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "nothing", "folder", "pipe"})
    void recoverFollowsNoLinkToRings(String what) throws Exception {
        requireRseq();
        LeftTrace left = LeftTrace.make(temporary.resolve("trace"), true);
        left.forget();
        plant(left.rings(), what);
        IOException refused = assertThrows(IOException.class, () -> TraceRecovery.recover(left.folder));
        assertTrue(String.valueOf(refused.getMessage()).contains("is a link or no folder"), refused::toString);
        assertTrue(Files.exists(left.rings(), LinkOption.NOFOLLOW_LINKS), "it is left as it is");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "empty", "nothing", "folder", "directory", "pipe"})
    void recoverLeavesWhatIsNotOfATracer(String what) throws Exception {
        requireRseq();
        for (String name : new String[] {"ring_0", "ring_9", "metadata_x", "stranger"}) {
            LeftTrace left = LeftTrace.make(temporary.resolve("trace-" + name), name.length() % 2 == 0);
            int first = left.ring(0).id();
            plant(left.rings().resolve(name), what);
            TraceRecovery.Report report = TraceRecovery.recover(left.folder);
            assertEquals(1, report.problems().size(), () -> name + ": " + report);
            assertTrue(report.problems().getFirst().startsWith(".rings/" + name + ": ")
                    && report.problems().getFirst().split(name, -1).length == 2, report::toString);
            assertEquals(name.equals("ring_0") ? 1 : 2, report.rings(), "one that is bad does not stop all");
            assertTrue(Files.exists(left.rings().resolve(name), LinkOption.NOFOLLOW_LINKS), "it is left as it is");
            SharedMemory.remove(first);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "empty", "nothing", "folder", "directory", "pipe"})
    void recoverOpensNoLockThatIsNone(String what) throws Exception {
        requireRseq();
        LeftTrace left = LeftTrace.make(temporary.resolve("trace"), true);
        plant(left.rings().resolve("lock"), what);
        IOException refused = assertThrows(IOException.class, () -> TraceRecovery.recover(left.folder));
        assertTrue(String.valueOf(refused.getMessage()).startsWith(left.rings().resolve("lock") + ": "),
                refused::toString);
        left.forget();
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "empty", "nothing", "folder", "directory", "pipe"})
    void recoverWritesToNoStreamThatIsALink(String what) throws Exception {
        requireRseq();
        for (boolean isDiscarding : new boolean[] {true, false}) {
            LeftTrace left = LeftTrace.make(temporary.resolve("trace" + isDiscarding), isDiscarding);
            // The readers of traces have their own rules: here is what is written.
            plant(left.folder.resolve("channel_1"), what.equals("pipe") ? "nothing" : what);
            TraceRecovery.Report report = TraceRecovery.recover(left.folder);
            assertEquals(1, report.problems().size(), report::toString);
            assertTrue(report.problems().getFirst().startsWith("channel_1: ")
                    && report.problems().getFirst().split("channel_1", -1).length == 2
                    && report.problems().getFirst().endsWith(": what is in .rings/ring_1 is left there"),
                    report::toString);
            assertEquals(1, report.rings());
            left.forget();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "empty", "nothing", "folder", "directory", "pipe"})
    void aTracerWritesToNoStreamThatIsALink(String what) throws Exception {
        Path folder = temporary.resolve("trace");
        TracerStats stats;
        try (Tracer tracer = Tracer.streaming(folder, LeftTrace.OPTIONS)) {
            for (int index = 0; index < Engine.get().copies(); index++) {
                plant(folder.resolve("channel_" + index), what);
            }
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            stats = tracer.stats();
            assertThrows(IOException.class, tracer::flush);
            for (int index = 0; index < Engine.get().copies(); index++) {
                Files.delete(folder.resolve("channel_" + index));
            }
        }
        assertEquals(0, stats.lost(), stats::toString);
        assertEquals(1, TracerTest.read(folder, 0).size(), "what could not be written is written later");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "nothing", "folder", "pipe"})
    void aTracerWritesMetadataInThePlaceOfALink(String what) throws Exception {
        Path folder = temporary.resolve("trace");
        try (Tracer tracer = Tracer.streaming(folder, LeftTrace.OPTIONS)) {
            plant(folder.resolve("metadata"), what);
            tracer.recording.add(List.of(TracerTest.TWO));
            assertTrue(Files.isRegularFile(folder.resolve("metadata"), LinkOption.NOFOLLOW_LINKS));
            TracerTest.record(tracer, 0, 0);
        }
        assertEquals(1, TracerTest.read(folder, 0).size());
    }

    /**
     * If .rings is moved away and replaced with a link, the tracer creates and removes no file in the link's target.
     */
    @Test
    void doesNotFollowALinkInPlaceOfTheRingsFolder() throws Exception {
        Path folder = temporary.resolve("trace");
        Tracer tracer = Tracer.streaming(folder, LeftTrace.OPTIONS);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            plant(folder.resolve(TracerFolder.RINGS), "folder");
            tracer.recording.add(List.of(new EventType("test:other", 8, 6, List.of())));
            TracerTest.record(tracer, 0, 0);
            tracer.flush();
        }
        assertTrue(Files.isSymbolicLink(folder.resolve(TracerFolder.RINGS)), "it is left as it is");
        assertEquals(1, TracerTest.read(folder, 0).size());
    }

    /** A folder that holds what is called as a tracer's files are is taken for a trace's, and that stays as it is. */
    @ParameterizedTest
    @ValueSource(strings = {"file", "empty", "nothing", "folder", "directory", "pipe"})
    void aTracerTakesNoFolderWhereSuchNamesAre(String what) throws Exception {
        for (String name : new String[] {"metadata", "channel_0", TracerFolder.RINGS}) {
            Path folder = Files.createDirectories(temporary.resolve("trace-" + name));
            plant(folder.resolve(name), what);
            assertThrows(IOException.class, () -> Tracer.flightRecorder(folder,
                    LeftTrace.OPTIONS.withExistingTrace(TracerOptions.ExistingTrace.REFUSE)));
            try (Stream<Path> files = Files.list(folder)) {
                assertEquals(1, files.count(), name);
            }
            Object planted = Files.readAttributes(folder.resolve(name), BasicFileAttributes.class,
                    LinkOption.NOFOLLOW_LINKS).fileKey();
            try (Tracer tracer = Tracer.flightRecorder(folder, LeftTrace.OPTIONS)) {
                assertEquals(folder.resolve("run-2"), tracer.folder());
            }
            assertEquals(planted, Files.readAttributes(folder.resolve(name), BasicFileAttributes.class,
                    LinkOption.NOFOLLOW_LINKS).fileKey(), name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "empty", "nothing", "folder", "directory", "pipe"})
    void aSnapshotFollowsNoLink(String what) throws Exception {
        try (Tracer tracer = Tracer.flightRecorder(temporary.resolve("trace"), LeftTrace.OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            RingView used = tracer.recording.rings.opened().stream()
                    .max(Comparator.comparingLong(ring -> ring.get(TraceRing.POSITION))).orElseThrow();
            for (String name : new String[] {"metadata", "channel_" + used.index()}) {
                Path snapshot = Files.createDirectories(temporary.resolve("snapshot-" + name));
                plant(snapshot.resolve(name), what);
                assertThrows(IOException.class, () -> tracer.snapshot(snapshot));
            }
            assertEquals(0, used.get(TraceRing.DISCARDED));
        }
    }

    /** The folder's own path is the user's word. */
    @Test
    void theFoldersOwnPathMayHaveLinks() throws Exception {
        Path real = Files.createDirectories(temporary.resolve("real"));
        Path link = Files.createSymbolicLink(temporary.resolve("link"), real);
        try (Tracer tracer = Tracer.streaming(link.resolve("trace"), LeftTrace.OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
        }
        assertEquals(1, TracerTest.read(real.resolve("trace"), 0).size());
        assertFalse(Files.exists(real.resolve("trace").resolve(TracerFolder.RINGS)));
    }
}
