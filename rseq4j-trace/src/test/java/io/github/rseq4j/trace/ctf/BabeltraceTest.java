package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Babeltrace 2, which is not ours, reads what is written: every record, with no warning. */
class BabeltraceTest {
    private static void requireEveryRecord(String program, TraceFormat format, Path folder)
            throws IOException, InterruptedException {
        long seed = new Random().nextLong();
        RandomTraces.Written written = new RandomTraces(new Random(seed), false).write(folder.resolve("t"), 1000,
                format);
        String hostName = String.valueOf(written.description().environment().get("hostname"));
        List<String> lines = Babeltrace.linesOf(program, folder.resolve("t"), "--no-delta", "--clock-cycles");
        assertEquals(written.events().size(), lines.size(), "seed=" + seed);
        for (int i = 0; i < lines.size(); i++) {
            assertEquals(Babeltrace.line(hostName, written.events().get(i), format), lines.get(i),
                    "seed=" + seed + " event " + i);
        }
    }

    @RepeatedTest(12)
    void printsEveryRecordAsItWasWritten(@TempDir Path folder) throws IOException, InterruptedException {
        requireEveryRecord(Babeltrace.program(TraceFormat.CTF_1_8), TraceFormat.CTF_1_8, folder);
    }

    @RepeatedTest(6)
    void theNewestPrintsEveryRecordOfCtf18(@TempDir Path folder) throws IOException, InterruptedException {
        requireEveryRecord(Babeltrace.newest(), TraceFormat.CTF_1_8, folder);
    }

    @RepeatedTest(12)
    void theNewestPrintsEveryRecordOfCtf2(@TempDir Path folder) throws IOException, InterruptedException {
        requireEveryRecord(Babeltrace.newest(), TraceFormat.CTF_2, folder);
    }

    @ParameterizedTest
    @EnumSource
    void printsTheTimeOfTheClocksOffset(TraceFormat format, @TempDir Path folder)
            throws IOException, InterruptedException {
        EventType type = new EventType("a:b", 0, 6, List.of());
        TraceClock clock = new TraceClock(TestTraces.TRACE, 2_400_000_000L, 1_764_000_000, 1_200_000_000);
        TraceDescription trace = new TraceDescription(TestTraces.TRACE, clock, 1, Map.of(), List.of(type));
        long[] cycles = {0, 1, 1_199_999_999, 1_200_000_000, 987_654_321_987_654L};
        try (TraceWriter writer = new TraceWriter(folder, trace, 1024, format)) {
            for (long each : cycles) {
                writer.append(0, each, 1, type);
            }
        }
        List<String> lines = Babeltrace.lines(folder, "--no-delta", "--clock-seconds");
        assertEquals(cycles.length, lines.size());
        for (int i = 0; i < cycles.length; i++) {
            Instant instant = clock.instant(cycles[i]);
            String expected = String.format(Locale.ROOT, "[%d.%09d] ", instant.getEpochSecond(), instant.getNano());
            assertTrue(lines.get(i).startsWith(expected), expected + " of " + lines.get(i));
        }
    }

    /** Each name that the metadata makes up is also that of a field, or of a constant. */
    @ParameterizedTest
    @EnumSource
    void makesUpNoNameThatIsDeclared(TraceFormat format, @TempDir Path folder)
            throws IOException, InterruptedException {
        FieldType states = new FieldType.Enumeration(List.of("null", "(null)", "true"));
        EventType type = new EventType("mail:sent", 0, 6, List.of(
                new EventType.Field("body", FieldType.Basic.STRING),
                new EventType.Field("body_length", FieldType.Basic.INT),
                new EventType.Field("body_recorded", FieldType.Basic.BYTES),
                new EventType.Field("body_recorded_length", FieldType.Basic.STRING),
                new EventType.Field("body_recorded_recorded", FieldType.Basic.LONG),
                new EventType.Field("state", states), new EventType.Field("none", states)));
        Object[] values = {"hello", 7, new byte[3], "x", 8L, "null", null};
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), 1024, format)) {
            writer.append(0, 1, 1, type, values);
        }
        List<String> lines = Babeltrace.lines(folder);
        assertEquals(1, lines.size());
        String fields = Babeltrace.fields(type, Arrays.asList(values), format);
        assertTrue(lines.getFirst().endsWith(fields), lines.getFirst() + " ends not with " + fields);
        try (TraceReader reader = new TraceReader(folder)) {
            TraceEvent event = Objects.requireNonNull(reader.next());
            assertEquals(type, event.type());
            assertEquals(7, event.values().get(1));
            assertNull(event.values().get(6));
        }
    }

    @ParameterizedTest
    @EnumSource
    void tellsWhatWasDiscardedAndLost(TraceFormat format, @TempDir Path folder)
            throws IOException, InterruptedException {
        EventType type = new EventType("a:b", 0, 6, List.of());
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), 1024, format)) {
            writer.append(0, 1, 1, type);
            writer.flush(0);
            writer.append(0, 2, 1, type);
            writer.discard(0, 4711);
        }
        List<String> details = Babeltrace.lines(folder, "--component=sink.text.details");
        assertTrue(details.toString().contains("Discarded events (4711 events)"), String.join("\n", details));
        try (TraceReader reader = new TraceReader(folder)) {
            while (reader.next() != null) {
                assertEquals(List.of(), reader.problems());
            }
            assertEquals(List.of(new TraceReader.StreamCounts(0, 2, 0, 4711)), reader.counts());
        }
    }
}
