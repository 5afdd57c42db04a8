package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A closed tracer does nothing, and says so. */
final class ClosedTracerTest {
    /** Events. */
    interface Ev {
        void e(long n);
    }

    /** Other events. */
    interface Other {
        void o(String s);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Returns all files, and what is in them. */
    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    @Test
    void whatIsAskedOfItThrowsAndLeavesNothing(@TempDir Path temporary) throws IOException {
        for (boolean isFlightRecorder : new boolean[] {false, true}) {
            Path folder = temporary.resolve("trace" + isFlightRecorder);
            Tracer tracer = isFlightRecorder ? Tracer.flightRecorder(folder) : Tracer.streaming(folder);
            Ev ev = tracer.probes(Ev.class);
            ev.e(1);
            Probe probe = tracer.probes().getFirst();
            tracer.close();
            Map<String, String> before = contents(temporary);
            Map<String, Executable> refused = new TreeMap<>(Map.of(
                    "probes", () -> tracer.probes(Other.class),
                    "probes again", () -> tracer.probes(Ev.class),
                    "enable", () -> tracer.enable("*"),
                    "disable", () -> tracer.disable("*"),
                    "sampleCpu", () -> tracer.sampleCpu(100),
                    "flush", tracer::flush,
                    "snapshot", () -> tracer.snapshot(temporary.resolve("snapshot")),
                    "Probe.enable", probe::enable,
                    "Probe.disable", probe::disable,
                    "Probe.address", probe::address));
            for (Map.Entry<String, Executable> each : refused.entrySet()) {
                IllegalStateException thrown = assertThrows(IllegalStateException.class, each.getValue(),
                        each.getKey());
                assertTrue(String.valueOf(thrown.getMessage()).contains("tracer was closed"),
                        each.getKey() + ": " + thrown.getMessage());
            }
            ev.e(2);
            tracer.close();
            assertEquals(folder, tracer.folder());
            assertFalse(tracer.probes().getFirst().isEnabled());
            assertEquals(0, tracer.stats().failures() + tracer.stats().lost() + tracer.stats().discarded());
            assertEquals(before, contents(temporary));
            assertFalse(Files.exists(temporary.resolve("snapshot")));
            assertEquals(isFlightRecorder ? 0 : 1, TracerTest.read(folder, 0).size());
        }
    }

    /** Events of all lengths. */
    interface Many {
        void none();

        void text(@Nullable String s, int n);

        void bytes(byte[] b, @Field("e") Thread.@Nullable State e);

        Span span(long n);
    }

    private static int recordMany(Tracer tracer, int rounds) {
        Many many = tracer.probes(Many.class);
        for (int i = 0; i < rounds; i++) {
            many.none();
            many.text(i % 7 == 0 ? null : "x".repeat(i % 300), i);
            many.bytes(new byte[i % 41], i % 5 == 0 ? null : Thread.State.NEW);
            many.span(i).close();
        }
        return 5 * rounds;
    }

    /** Records in memory that ends with the process are lost and counted; records in other memory are recovered. */
    @Test
    void countsOrRecoversRecordsThatCannotBeWrittenAtClose(@TempDir Path temporary) throws IOException {
        for (int round = 0; round < 3; round++) {
            Path folder = temporary.resolve("trace" + round);
            TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 12, round == 0 ? 1 << 8 : 8)
                    .withFlushInterval(Duration.ofHours(1));
            Tracer tracer = Tracer.streaming(folder, options);
            long emitted = recordMany(tracer, round == 2 ? 3 : 0);
            tracer.flush();
            List<Path> planted = new ArrayList<>();
            for (int index = 0; index < Engine.get().copies(); index++) {
                Path stream = folder.resolve("channel_" + index);
                if (Files.exists(stream)) {
                    Files.move(stream, temporary.resolve("kept_" + index));
                }
                planted.add(Files.createDirectory(stream));
            }
            emitted += recordMany(tracer, 300);
            tracer.close();
            TracerStats stats = tracer.stats();
            for (Path each : planted) {
                Files.delete(each);
                Path kept = temporary.resolve("kept_" + each.getFileName().toString().split("_", -1)[1]);
                if (Files.exists(kept)) {
                    Files.move(kept, each);
                }
            }
            assertTrue(stats.failures() > 0, stats::toString);
            TraceRecovery.Report report = TraceRecovery.recover(folder);
            assertEquals(stats.lostOnKill() == null, report.problems().isEmpty(), report::toString);
            assertEquals(stats.lostOnKill() == null, stats.lost() == 0, stats::toString);
            long found;
            try (TraceReader reader = new TraceReader(folder)) {
                for (found = 0; reader.next() != null;) {
                    found++;
                }
                assertEquals(List.of(), reader.problems());
            }
            assertEquals(emitted, found + stats.discarded() + stats.lost(), stats::toString);
            assertEquals(round == 0, stats.discarded() == 0, stats::toString);
        }
    }

    /** The folder was removed, and another tracer was given it: before the first one was closed, and after. */
    @Test
    void aFolderThatAnotherTracerHasIsLeftAlone(@TempDir Path temporary) throws IOException {
        for (boolean isClosedBefore : new boolean[] {true, false}) {
            Path folder = temporary.resolve("trace" + isClosedBefore);
            Tracer first = Tracer.streaming(folder);
            first.probes(Ev.class).e(1);
            first.flush();
            if (isClosedBefore) {
                first.close();
            }
            delete(folder);
            try (Tracer second = Tracer.streaming(folder)) {
                second.probes(Ev.class).e(2);
                second.flush();
                String metadata = Files.readString(folder.resolve("metadata"));
                if (!isClosedBefore) {
                    Ev ev = first.probes(Ev.class);
                    ev.e(3);
                    Other other = first.probes(Other.class);
                    other.o("x");
                    first.close();
                    assertTrue(first.stats().failures() > 0, () -> first.stats().toString());
                }
                assertEquals(metadata, Files.readString(folder.resolve("metadata")));
                second.probes(Ev.class).e(4);
                second.flush();
                assertEquals(0, second.stats().failures(), () -> second.stats().toString());
            }
            assertEquals(List.of(2L, 4L),
                    TracerTest.read(folder, 0).stream().map(event -> event.values().getFirst()).toList());
        }
    }
}
