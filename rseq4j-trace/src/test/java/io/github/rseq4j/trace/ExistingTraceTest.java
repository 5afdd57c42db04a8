package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.TracerOptions.ExistingTrace;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.ring.RingFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A program that is started again with the folder of its last run: for what that run left, and for each policy, where
 * the new run records, and what of the last one is still there.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class ExistingTraceTest {
    private static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(1 << 12, 2);
    private static final int MANY = 6;

    @TempDir
    private Path temporary = Path.of("");

    /** The content of the folder after an earlier run. */
    enum Last {
        NOTHING, EMPTY_STREAM, EMPTY_RECORDER, STREAM, SOMEBODY_ELSES_METADATA, SOMEBODY_ELSES_STREAM;

        void leave(Path folder) throws IOException {
            switch (this) {
                case NOTHING -> { }
                case EMPTY_STREAM -> Tracer.streaming(folder, OPTIONS).close();
                case EMPTY_RECORDER -> {
                    try (Tracer tracer = Tracer.flightRecorder(folder, OPTIONS)) {
                        record(tracer);
                    }
                }
                case STREAM -> {
                    try (Tracer tracer = Tracer.streaming(folder, OPTIONS)) {
                        record(tracer);
                    }
                }
                case SOMEBODY_ELSES_METADATA -> Files.writeString(Files.createDirectories(folder).resolve("metadata"),
                        "/* CTF 1.8 */ trace { };");
                case SOMEBODY_ELSES_STREAM -> Files.writeString(Files.createDirectories(folder).resolve("channel_7"),
                        "bytes");
            }
        }

        boolean isObstacle() {
            return this != NOTHING && this != EMPTY_STREAM && this != EMPTY_RECORDER;
        }
    }

    private static void record(Tracer tracer) {
        tracer.recording.add(List.of(TracerTest.TWO));
        TracerTest.record(tracer, 0, 0);
    }

    private static List<String> contents(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<String> contents = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                contents.add(file.getFileName() + "=" + Files.readString(file, StandardCharsets.ISO_8859_1));
            }
            return contents;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRunRecordsToAFolderThatHoldsNoTrace(Last last) throws IOException {
        for (ExistingTrace existing : ExistingTrace.values()) {
            Path folder = temporary.resolve(existing.name()).resolve("a/b");
            last.leave(folder);
            List<String> before = last.isObstacle() ? contents(folder) : List.of();
            TracerOptions options = OPTIONS.withExistingTrace(existing);
            if (existing == ExistingTrace.REFUSE && last.isObstacle()) {
                assertThrows(FileAlreadyExistsException.class, () -> Tracer.streaming(folder, options));
                assertEquals(before, contents(folder));
                continue;
            }
            for (int run = 1; run <= 3 && existing != ExistingTrace.REFUSE || run == 1; run++) {
                Path expected = run == 1 && !last.isObstacle() ? folder
                        : folder.resolve("run-" + (run + (last.isObstacle() ? 1 : 0)));
                Tracer tracer = Tracer.streaming(folder, options);
                try (tracer) {
                    assertEquals(expected, tracer.folder());
                    record(tracer);
                }
                assertEquals(0, tracer.stats().failures(), tracer.stats().toString());
                assertEquals(1, TracerTest.read(expected, 0).size());
            }
            if (last.isObstacle()) {
                assertEquals(before, contents(folder));
            }
        }
    }

    @Test
    void aFlightRecorderThatIsRestartedLeavesNoFolderForEachRun() throws IOException {
        Path folder = temporary.resolve("recorder");
        Last.STREAM.leave(folder);
        for (int run = 0; run < 3; run++) {
            try (Tracer tracer = Tracer.flightRecorder(folder, OPTIONS)) {
                record(tracer);
                assertEquals(folder.resolve("run-2"), tracer.folder());
                assertTrue(Files.notExists(tracer.folder().resolve(".code_names")), "names of another JVM's code");
                tracer.snapshot(temporary.resolve("snapshot" + run));
            }
            Files.writeString(folder.resolve("run-2").resolve(".code_names"), "1000 10 a b(c)");
            assertEquals(1, TracerTest.read(temporary.resolve("snapshot" + run), 0).size());
        }
    }

    @Test
    void aTracerThatRunsKeepsItsFolder() throws IOException {
        Path folder = temporary.resolve("shared");
        for (ExistingTrace existing : ExistingTrace.values()) {
            try (Tracer first = Tracer.streaming(folder, OPTIONS)) {
                assertEquals(TraceRecovery.Left.RUNNING, TraceRecovery.left(first.folder()));
                record(first);
                if (existing == ExistingTrace.REFUSE) {
                    assertThrows(FileAlreadyExistsException.class,
                            () -> Tracer.streaming(folder, OPTIONS.withExistingTrace(existing)));
                } else {
                    try (Tracer second = Tracer.streaming(folder, OPTIONS.withExistingTrace(existing))) {
                        assertFalse(second.folder().equals(first.folder()));
                        assertEquals(0, second.stats().failures(), second.stats().toString());
                        record(second);
                    }
                }
                IOException running = assertThrows(IOException.class, () -> TraceRecovery.recover(first.folder()));
                assertTrue(running.toString().contains("still runs"), running.toString());
                // Looking at the folder has not released the lock of the running tracer.
                assertEquals(TraceRecovery.Left.RUNNING, TraceRecovery.left(first.folder()));
                assertEquals(0, first.stats().failures());
            }
            assertEquals(TraceRecovery.Left.NOTHING, TraceRecovery.left(folder));
        }
    }

    /** Starts tracers, and prints their folders. */
    static final class Starter {
        private Starter() {}

        /** Takes the folder and how many. */
        public static void main(String[] arguments) throws Exception {
            start(Path.of(arguments[0]), Integer.parseInt(arguments[1]), ExistingTrace.valueOf(arguments[2]))
                    .forEach(System.out::println);
        }
    }

    private static List<Path> start(Path folder, int threads, ExistingTrace existing) throws Exception {
        List<Path> folders = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<Path>> starting = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                starting.add(executor.submit(() -> {
                    Tracer tracer = Tracer.streaming(folder, OPTIONS.withExistingTrace(existing));
                    try (tracer) {
                        record(tracer);
                    }
                    if (tracer.stats().failures() > 0) {
                        throw new IllegalStateException(tracer.stats().toString());
                    }
                    return tracer.folder();
                }));
            }
            for (Future<Path> each : starting) {
                folders.add(each.get());
            }
        }
        return folders;
    }

    /** Text from a ring's file is used in messages, and never as a path. */
    @Test
    void reportsRingFilesWithHostileText() throws IOException {
        Path folder = temporary.resolve("hostile");
        LeftTrace left = LeftTrace.make(folder, true);
        RingFile first = left.ring(0);
        Files.writeString(left.file(0), new RingFile(first.id(), first.cookie(), left.uuid, first.bytes(),
                new RingFile.Place(first.place().boot(), "\0/x")).text());
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS.withExistingTrace(ExistingTrace.RECOVER))) {
            record(tracer);
            assertEquals(1, tracer.stats().failures());
            assertTrue(String.valueOf(tracer.stats().lastFailure()).contains(folder + "/.rings/ring_0: namespace=\0/x"),
                    tracer.stats().toString());
        }
        SharedMemory.remove(first.id());
    }

    @Test
    void aLockThatIsNoFileIsToldAndAnotherFolderServes() throws IOException {
        Path folder = temporary.resolve("planted");
        Files.createDirectories(folder.resolve(TracerFolder.RINGS).resolve(TracerFolder.LOCK));
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS.withExistingTrace(ExistingTrace.RECOVER))) {
            record(tracer);
            assertEquals(folder.resolve("run-2"), tracer.folder());
            assertEquals(1, tracer.stats().failures());
        }
        assertTrue(Files.isDirectory(folder.resolve(TracerFolder.RINGS).resolve(TracerFolder.LOCK)));
    }

    @ParameterizedTest
    @CsvSource({"NEW_FOLDER", "RECOVER"})
    void tracersThatStartAtOnceHaveAFolderEach(ExistingTrace existing) throws Exception {
        Path folder = temporary.resolve("shared");
        Process process = new ProcessBuilder(Child.java(List.of(), Starter.class, folder.toString(),
                Integer.toString(MANY), existing.name()))
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        List<Path> folders = new ArrayList<>();
        while (process.isAlive() || folders.isEmpty()) {
            folders.addAll(start(folder, MANY, existing));
        }
        int own = folders.size();
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().map(Path::of)
                .forEach(folders::add);
        assertEquals(0, process.waitFor());
        assertEquals(own + MANY, folders.size());
        Set<Path> different = new HashSet<>(folders);
        assertEquals(folders.size(), different.size(), folders.toString());
        for (Path each : different) {
            try (TraceReader reader = new TraceReader(each)) {
                assertTrue(reader.next() != null && reader.next() == null && reader.problemCount() == 0,
                        each + ": " + reader.problems());
            }
            assertEquals(TraceRecovery.Left.NOTHING, TraceRecovery.left(each));
        }
    }
}
