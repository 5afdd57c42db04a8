package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Pairs of events of which some were not recorded. */
class TracePairsTest {
    private static final String NAMES = "abcd";

    @TempDir
    private Path folder = Path.of("");

    private static EventType type(int name, boolean isEnd) {
        return new EventType("p:" + NAMES.charAt(name) + (isEnd ? "_end" : "_begin"), 2 * name + (isEnd ? 1 : 0), 6,
                List.of(new EventType.Field("n", FieldType.Basic.INT)));
    }

    /** Writes a trace of one thread: a small letter begins, a capital one ends, each a microsecond after the last. */
    private Path trace(String events) throws IOException {
        List<EventType> types = new ArrayList<>();
        for (int i = 0; i < NAMES.length(); i++) {
            types.add(type(i, false));
            types.add(type(i, true));
        }
        Path trace = folder.resolve("trace");
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2),
                SampleTrace.DESCRIPTION.clock(), 1, Map.of("pid", 7L), types), 1 << 16)) {
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

    /** Returns the slices, each as its name and its times; fails where one ends that is not the innermost. */
    private static String slices(Path trace) {
        Run run = Run.of("trace", "convert", trace.toString(), "--to=chrome");
        assertEquals(0, run.exit(), run.err());
        StringBuilder slices = new StringBuilder();
        Deque<JsonNode> open = new ArrayDeque<>();
        for (JsonNode event : JsonMapper.shared().readTree(run.out()).get("traceEvents")) {
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
        assertEquals(0, open.size(), "slices that do not end");
        return slices.toString().strip();
    }

    private static String latencies(Path trace) {
        JsonNode summary = JsonMapper.shared().readTree(Run.of("trace", "summary", trace.toString(), "--json").out());
        StringBuilder latencies = new StringBuilder();
        summary.get("latencies").forEachEntry((pair, each) -> latencies.append(pair.substring(2))
                .append(each.get("count").asInt()).append('x').append(each.get("maxNanos").asInt() / 1000).append(' '));
        return latencies + "/" + summary.get("unmatched").asInt();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', value = {
        // Nested, also in itself.
        "abBA, b1-2 a0-3, a1x3 b1x1 /0",
        "aaAA, a1-2 a0-3, a2x3 /0",
        // The inner end is missing: the inner slice ends with the outer one.
        "ab.A, b1-3? a0-3, a1x3 /1",
        "abcA, c2-3? b1-3? a0-3, a1x3 /2",
        // Then the next ones are matched with themselves alone.
        "ab.Aab.A, b1-3? a0-3 b5-7? a4-7, a2x3 /2",
        "ab.AabBA, b1-3? a0-3 b5-6 a4-7, a2x3 b1x1 /1",
        // An end without a begin, which is an instant.
        "BaA, a1-2, a1x1 /1",
        "a.BA, a0-3, a1x3 /1",
        // A begin that is missing in a later round does not get the end of an earlier one's.
        "ab.AbBaBA, b1-3? a0-3 b4-5 a6-8, a2x3 b1x1 /2",
        // Overlapping ones: the end that comes later is measured, and its slice had ended.
        "abAB, b1-2? a0-2, a1x2 b1x2 /0",
        "abcACB, c2-3? b1-3? a0-3, a1x3 b1x4 c1x2 /0",
        // At the end of the trace.
        "abBa, b1-2 a3-3? a0-3?, b1x1 /2",
        "a, a0-0?, /1"})
    void slicesLieInEachOtherAndLatenciesAreTrue(String events, String slices, String latencies) throws IOException {
        Path trace = trace(events);
        assertEquals(slices, slices(trace));
        assertEquals(latencies, latencies(trace));
    }

    @RepeatedTest(20)
    void whateverIsMissingSlicesLieInEachOther() throws IOException {
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
}
