package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** All that a tracer writes is in the format that its options name. */
final class TraceFormatTest {
    /** Events that a tracer adds while it runs. */
    @Provider("first")
    interface First {
        void one(int n);
    }

    /** Later ones. */
    @Provider("second")
    interface Second {
        void two(String text);
    }

    private static TraceDescription described(Path folder, TraceFormat format) {
        try (TraceReader reader = TraceReader.live(folder)) {
            assertEquals(List.of(), reader.problems());
            assertEquals(format, reader.format());
            TraceDescription description = reader.description();
            assertNotNull(description);
            return description;
        }
    }

    private static boolean isNamed(TraceDescription trace, Thread thread) {
        return trace.threads().stream().anyMatch(each -> each.javaId() == thread.threadId()
                && each.name().equals(thread.getName()));
    }

    @ParameterizedTest
    @EnumSource
    void aRunningStreamHasItsEventsAndThreads(TraceFormat format, @TempDir Path folder) throws Exception {
        Thread thread = Thread.currentThread();
        String former = thread.getName();
        thread.setName("\"a\" \\ \u0001\n\u00e9 \ud83d\ude00 thread");
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withFormat(format))) {
            tracer.probes(MethodHandles.lookup(), First.class).one(1);
            tracer.flush();
            assertTrue(isNamed(described(folder, format), thread));
            tracer.probes(MethodHandles.lookup(), Second.class).two("x");
            tracer.flush();
            assertEquals(List.of("first:one", "second:two"),
                    described(folder, format).events().stream().map(type -> type.name()).toList());
            try (TraceReader reader = TraceReader.live(folder)) {
                assertEquals(List.of("first:one", "second:two"), reader.events().map(event -> event.name()).toList());
                assertEquals(List.of(), reader.problems());
            }
        } finally {
            thread.setName(former);
        }
        assertEquals(2, TracerTest.read(folder, 0).size());
    }

    @ParameterizedTest
    @EnumSource
    void aSnapshotHasTheFormatOfItsTracer(TraceFormat format, @TempDir Path folder) throws IOException {
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("t"), TracerOptions.defaults().withFormat(format))) {
            tracer.probes(MethodHandles.lookup(), First.class).one(7);
            tracer.snapshot(folder.resolve("s"));
        }
        TraceDescription trace = described(folder.resolve("s"), format);
        assertTrue(isNamed(trace, Thread.currentThread()));
        assertEquals("flight recorder", trace.environment().get("mode"));
        assertEquals(List.of(7), TracerTest.read(folder.resolve("s"), 0).getFirst().values());
    }

    @ParameterizedTest
    @EnumSource
    void aKilledRunIsRecovered(TraceFormat format, @TempDir Path folder) throws IOException {
        LeftTrace left = LeftTrace.make(folder.resolve("t"), true, format);
        // Metadata that the process wrote but did not rename, whole and cut.
        Path metadata = folder.resolve("t").resolve(TraceFiles.METADATA);
        Files.copy(metadata, left.rings().resolve("metadata_1"), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(left.rings().resolve("metadata_2"), Files.readString(metadata).substring(0, 5));
        TraceRecovery.Report report = TraceRecovery.recover(folder.resolve("t"));
        assertEquals(List.of(), report.problems());
        assertEquals(LeftTrace.RINGS * LeftTrace.EVENTS, TracerTest.read(folder.resolve("t"), 0).size());
        assertEquals(format, describedFormat(folder.resolve("t")));
    }

    private static TraceFormat describedFormat(Path folder) {
        try (TraceReader reader = new TraceReader(folder)) {
            return reader.format();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theMetadataOfAnotherTraceIsLeft(TraceFormat format, @TempDir Path folder) throws IOException {
        TracerOptions options = TracerOptions.defaults().withFormat(format);
        Path metadata = folder.resolve("a").resolve(TraceFiles.METADATA);
        try (Tracer tracer = Tracer.streaming(folder.resolve("a"), options);
                Tracer other = Tracer.streaming(folder.resolve("b"), options)) {
            Files.copy(other.folder().resolve(TraceFiles.METADATA), metadata, StandardCopyOption.REPLACE_EXISTING);
            String strange = Files.readString(metadata);
            tracer.probes(MethodHandles.lookup(), First.class).one(1);
            assertTrue(tracer.stats().failures() > 0);
            assertEquals(strange, Files.readString(metadata));
        }
    }
}
