package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.analysis.TraceReport;
import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The memory of commands does not grow with the size of a trace: each command reads wide, deep and long traces in a JVM
 * with a heap of 64 MiB.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class SmallHeapTest {
    private static final int MIB = 1 << 20;
    private static final int WIDE = 20;
    private static final List<String> COMMANDS = List.of("view", "view --json", "summary",
            "convert --to=chrome --output=FILE", "report --html=FILE");

    @TempDir
    private Path folder = Path.of("");

    private static TraceDescription description(int indices, List<EventType> events) {
        return new TraceDescription(new UUID(1, 2), SampleTrace.DESCRIPTION.clock(), indices, Map.of("pid", 7L),
                events);
    }

    /** Records of a mebibyte, all of escaped characters, in many streams at the same time. */
    private Path wide() throws IOException {
        EventType wide = new EventType("a:wide_begin", 0, 6, List.of(new EventType.Field("s", FieldType.Basic.STRING)));
        Path trace = folder.resolve("wide");
        try (TraceWriter writer = new TraceWriter(trace, description(WIDE, List.of(wide)), MIB)) {
            String text = "\u0001\u0085".repeat(MIB / 3 - 100);
            for (int cpu = 0; cpu < WIDE; cpu++) {
                writer.append(cpu, 1, 5, wide, text);
                writer.flush(cpu);
            }
        }
        return trace;
    }

    /** Begins without ends, each on a thread of its own; and many threads, addresses and libraries. */
    private Path deep() throws IOException {
        List<EventType> events = new ArrayList<>();
        events.add(new EventType("a:deep_begin", 0, 6, List.of()));
        events.add(new EventType("a:nested_begin", 1, 6, List.of()));
        events.add(new EventType("cpu:sample", 2, 6, List.of(new EventType.Field("a", FieldType.Basic.LONG))));
        events.add(new EventType("cpu:mapping", 3, 6, List.of(new EventType.Field("a", FieldType.Basic.LONG),
                new EventType.Field("b", FieldType.Basic.LONG), new EventType.Field("o", FieldType.Basic.LONG),
                new EventType.Field("p", FieldType.Basic.STRING))));
        Path trace = folder.resolve("deep");
        try (TraceWriter writer = new TraceWriter(trace, description(1, events), MIB)) {
            String path = "p".repeat(400);
            for (int i = 0; i < 70_000; i++) {
                writer.append(0, i, 1000 + i, events.get(0));
                writer.append(0, i, 5, events.get(1));
                writer.append(0, i, 5, events.get(2), 100L * i);
                if (i % 2 == 0) {
                    writer.append(0, i, 5, events.get(3), 100L * i, 100L * i + 50, 0L, path + i);
                }
            }
        }
        return trace;
    }

    /** More names of spans than histograms fit the heap, and lanes with an event in every step. */
    private Path many() throws IOException {
        List<EventType> events = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            events.add(new EventType("a:" + "n".repeat(100) + i + "_begin", 2 * i, 6, List.of()));
            events.add(new EventType("a:" + "n".repeat(100) + i + "_end", 2 * i + 1, 6, List.of()));
        }
        Path trace = folder.resolve("many");
        try (TraceWriter writer = new TraceWriter(trace, description(300, events), MIB / 16)) {
            for (int i = 0; i < 30_000; i++) {
                writer.append(i / 2 % 300, i, 1 + i / 2 % 2000, events.get(i % 4000));
            }
        }
        return trace;
    }

    /** As many threads as fit a heap of 64 MiB, all with the same number of the kernel's; and ranges of threads. */
    private Path crowded(int threads) throws IOException {
        EventType sample = new EventType("cpu:sample", 0, 6, List.of(new EventType.Field("a", FieldType.Basic.LONG)));
        List<TraceThread> named = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            named.add(new TraceThread(1 + i, 4711, false, i, TraceThread.OPEN, "n".repeat(90) + i));
        }
        StringBuilder ranges = new StringBuilder();
        for (int i = 0; i < 150_000; i++) {
            ranges.append(i == 0 ? "" : ",").append(2 * i + 1);
        }
        Path trace = folder.resolve("crowded" + threads);
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2),
                SampleTrace.DESCRIPTION.clock(), 1, Map.of(TraceThread.VIRTUAL, ranges.toString()), named,
                List.of(sample)), MIB)) {
            for (int i = 0; i < 50_000; i++) {
                writer.append(0, i, -4711, sample, 1L);
            }
        }
        return trace;
    }

    /** Metadata with a name of 30 MB. */
    private Path named() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("named"), 10);
        try (OutputStream out = Files.newOutputStream(trace.resolve("metadata"), StandardOpenOption.APPEND)) {
            out.write("event { name = \"a:".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 30; i++) {
                out.write("x".repeat(1_000_000).getBytes(StandardCharsets.UTF_8));
            }
            out.write("\"; id = 9;".getBytes(StandardCharsets.UTF_8));
        }
        return trace;
    }

    /** Metadata with an enumeration of ten megabytes of labels. */
    private Path labelled() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("labelled"), 10);
        StringBuilder text = new StringBuilder(SampleTrace.DESCRIPTION.metadata());
        text.append("event { name = \"a:b\"; id = 9; stream_id = 0; loglevel = 6; fields := struct {"
                + " enum : int32_t { \"null\" = -1");
        for (int i = 0; i < 600_000; i++) {
            text.append(",\"").append(Integer.toString(i, 36)).append("\"=").append(i);
        }
        Files.writeString(trace.resolve("metadata"), text.append("} _e; }; };"));
        return trace;
    }

    /** Runs commands in the JVM with the small heap, and prints their status and messages. */
    static final class Child {
        private Child() {}

        /** Runs one command for each argument. */
        public static void main(String[] commands) {
            for (String command : commands) {
                Run run = Run.into(OutputStream.nullOutputStream(), command.split(" "));
                System.out.println(run.exit() + " " + command + " "
                        + run.err().lines().findFirst().orElse("").replaceFirst("(?s)^(.{600}).*", "$1"));
            }
        }
    }

    @Test
    void readsEveryTraceWithASmallHeap() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "-cp",
                Run.classPath(), Child.class.getName()));
        List<String> expected = new ArrayList<>();
        Path file = folder.resolve("file");
        List<Path> sound = List.of(wide(), deep(), many(), crowded(30_000));
        for (Path trace : List.of(named(), labelled(), crowded(100_000), sound.get(0), sound.get(1), sound.get(2),
                sound.get(3))) {
            for (String each : sound.contains(trace) ? COMMANDS : List.of("view")) {
                String words = "trace " + each.replace("FILE", file.toString()) + " " + trace;
                command.add(words);
                expected.add((sound.contains(trace) ? "0 " : "4 ") + words);
            }
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines().toList();
        assertEquals(0, process.waitFor(), lines.toString());
        assertEquals(expected.size(), lines.size(), lines.toString());
        for (int i = 0; i < expected.size(); i++) {
            assertTrue(lines.get(i).startsWith(expected.get(i)), lines.get(i));
            assertTrue(!lines.get(i).contains("memory"), lines.get(i));
        }
        assertTrue(Files.size(file) <= TraceReport.DEFAULT_MAX_BYTES, Files.size(file) + " bytes");
    }
}
