package io.github.rseq4j.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Spans of traces in which some events are missing. */
class SpanMatcherTest {
    private static final String NAMES = "abcd";
    /** From 2025-11-24T16:00:00Z on, a thousand cycles are one microsecond. */
    private static final TraceClock CLOCK = new TraceClock(new UUID(3, 4), 1_000_000_000, 1_764_000_000, 0);

    @TempDir
    private Path folder = Path.of("");

    private static EventType type(int name, boolean isEnd) {
        return new EventType("p:" + NAMES.charAt(name) + (isEnd ? "_end" : "_begin"), 2 * name + (isEnd ? 1 : 0), 6,
                List.of(new EventType.Field("n", FieldType.Basic.INT)));
    }

    /**
     * Writes a trace of one thread: a small letter begins a span, a capital letter ends it; one event a microsecond.
     */
    private Path trace(String events) throws IOException {
        List<EventType> types = new ArrayList<>();
        for (int i = 0; i < NAMES.length(); i++) {
            types.add(type(i, false));
            types.add(type(i, true));
        }
        Path trace = folder.resolve("trace");
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2),
                CLOCK, 1, Map.of("pid", 7L), types), 1 << 16)) {
            for (int i = 0; i < events.length(); i++) {
                char c = events.charAt(i);
                if (c != '.') {
                    writer.append(0, 1000L * i, 5, type(NAMES.indexOf(Character.toLowerCase(c)),
                            Character.isUpperCase(c)), i);
                }
            }
        }
        return trace;
    }

    /** Returns the slices, each as its name and its times; fails if a slice ends that is not the innermost. */
    private static String slices(Path folder) throws IOException {
        StringBuilder json = new StringBuilder();
        try (Trace trace = Trace.open(folder)) {
            ChromeTrace.write(trace, json);
            assertEquals(0, trace.problemCount(), trace.problems().toString());
        }
        StringBuilder slices = new StringBuilder();
        Deque<JsonNode> open = new ArrayDeque<>();
        for (JsonNode event : JsonMapper.shared().readTree(json.toString()).get("traceEvents")) {
            switch (event.get("ph").asString()) {
                case "B" -> open.push(event);
                case "E" -> {
                    JsonNode begin = open.pop();
                    assertEquals(begin.get("name"), event.get("name"));
                    slices.append(begin.get("name").asString().substring(2)).append(begin.get("ts").asInt()).append('-')
                            .append(event.get("ts").asInt())
                            .append(event.get("args").has("unfinished") ? "? " : " ");
                }
                default -> { }
            }
        }
        assertEquals(0, open.size(), "slices without an end");
        return slices.toString().strip();
    }

    private static String latencies(Path folder) throws IOException {
        TraceSummary summary = TraceSummary.of(folder);
        StringBuilder latencies = new StringBuilder();
        summary.latencies().forEach((name, each) -> latencies.append(name.substring(2)).append(each.count()).append('x')
                .append(each.maxNanos() / 1000).append(' '));
        return latencies + "/" + summary.unmatched();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', value = {
        // Spans nest, also in spans of the same name.
        "abBA, b1-2 a0-3, a1x3 b1x1 /0",
        "aaAA, a1-2 a0-3, a2x3 /0",
        // The inner end is missing: the inner slice ends with the outer one.
        "ab.A, b1-3? a0-3, a1x3 /1",
        "abcA, c2-3? b1-3? a0-3, a1x3 /2",
        // Later spans are not affected.
        "ab.Aab.A, b1-3? a0-3 b5-7? a4-7, a2x3 /2",
        "ab.AabBA, b1-3? a0-3 b5-6 a4-7, a2x3 b1x1 /1",
        // An end without a begin is an instant.
        "BaA, a1-2, a1x1 /1",
        "a.BA, a0-3, a1x3 /1",
        // If a begin is missing later, its end does not match an earlier begin.
        "ab.AbBaBA, b1-3? a0-3 b4-5 a6-8, a2x3 b1x1 /2",
        // Overlapping spans: the later end is measured; its slice has already ended.
        "abAB, b1-2? a0-2, a1x2 b1x2 /0",
        "abcACB, c2-3? b1-3? a0-3, a1x3 b1x4 c1x2 /0",
        // Spans are open at the end of the trace.
        "abBa, b1-2 a3-3? a0-3?, b1x1 /2",
        "a, a0-0?, /1"})
    void slicesNestAndLatenciesAreExact(String events, String slices, String latencies) throws IOException {
        Path trace = trace(events);
        assertEquals(slices, slices(trace));
        assertEquals(latencies, latencies(trace));
    }

    @RepeatedTest(20)
    void slicesNestWhicheverEventsAreMissing() throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        StringBuilder events = new StringBuilder();
        Map<Integer, Integer> open = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            int name = random.nextInt(NAMES.length());
            boolean isEnd = random.nextInt(open.getOrDefault(name, 0) + 1) > 0;
            open.merge(name, isEnd ? -1 : 1, Integer::sum);
            char c = NAMES.charAt(name);
            events.append(random.nextInt(5) == 0 ? '.' : isEnd ? Character.toUpperCase(c) : c);
        }
        slices(trace(events.toString()));
    }

    @Test
    void streamsSpansInTheOrderOfTheirEnds() throws IOException {
        Instant start = Instant.parse("2025-11-24T16:00:00Z");
        Path made = trace("abBcA");
        try (Trace trace = Trace.open(made)) {
            assertEquals(List.of(new TraceSpan("p:b", 5, start.plusNanos(1000), Duration.ofNanos(1000)),
                    new TraceSpan("p:a", 5, start, Duration.ofNanos(4000))), trace.spans().toList());
            assertEquals(List.of(), trace.events().toList(), "the whole trace was read");
        }
        try (Trace trace = Trace.open(made)) {
            assertEquals(List.of(0L, 1000L, 2000L, 3000L, 4000L), trace.events().map(TraceEvent::timestamp).toList());
        }
    }

    @Test
    void throwsWhereThereIsNoTrace() throws IOException {
        Path none = folder.resolve("none");
        assertThrows(NoSuchFileException.class, () -> Trace.open(none));
        Files.createDirectory(none);
        UnreadableTraceException e = assertThrows(UnreadableTraceException.class, () -> TraceSummary.of(none));
        assertEquals(none + "/metadata: offset 0: cannot be read, so this is no trace: there is no such file",
                e.getMessage());
        assertEquals(1, e.problemCount());
        assertEquals("metadata", e.problems().getFirst().file());
        assertThrows(NotDirectoryException.class, () -> Trace.open(Files.createFile(folder.resolve("file"))));
    }

    @Test
    void throwsWhenTheTargetIsFull() throws IOException {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                throw new IOException("full");
            }
        };
        Path made = trace("aA");
        try (Trace trace = Trace.open(made); Trace other = Trace.open(made)) {
            assertEquals("full", assertThrows(IOException.class, () -> ChromeTrace.write(trace, full)).getMessage());
            assertEquals("full", assertThrows(IOException.class, () -> TraceReport.of(other).write(full)).getMessage());
        }
    }
}
