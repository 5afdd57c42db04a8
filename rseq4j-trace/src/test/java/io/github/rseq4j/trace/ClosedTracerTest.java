package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What a tracer does after it was closed: nothing, and it says so. */
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
                    "snapshot", () -> tracer.snapshot(temporary.resolve("snapshot")),
                    "Probe.enable", probe::enable,
                    "Probe.address", probe::address));
            for (Map.Entry<String, Executable> each : refused.entrySet()) {
                IllegalStateException thrown = assertThrows(IllegalStateException.class, each.getValue(),
                        each.getKey());
                assertTrue(String.valueOf(thrown.getMessage()).contains(isFlightRecorder
                        || !each.getKey().equals("snapshot") ? "tracer was closed" : "not a flight recorder"),
                        each.getKey() + ": " + thrown.getMessage());
            }
            probe.disable();
            ev.e(2);
            tracer.flush();
            tracer.close();
            assertFalse(probe.isEnabled());
            assertEquals(0, tracer.stats().failures() + tracer.stats().lost() + tracer.stats().discarded());
            assertEquals(before, contents(temporary));
            assertFalse(Files.exists(temporary.resolve("snapshot")));
            assertEquals(isFlightRecorder ? 0 : 1, TracerTest.read(folder, 0).size());
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
