package io.github.rseq4j.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Spans that one event records, among pairs of events. */
class CompleteSpansTest {
    private static final TraceClock CLOCK = new TraceClock(new UUID(3, 4), 1_000_000_000, 1_764_000_000, 0);
    private static final EventType CALL = new EventType("com.acme.Foo:handle", 0, 6, List.of(
            new EventType.Field("durationNanos", FieldType.Basic.LONG),
            new EventType.Field("path", FieldType.Basic.STRING)));
    private static final EventType BEGIN = new EventType("p:a_begin", 1, 6, List.of());
    private static final EventType END = new EventType("p:a_end", 2, 6, List.of());
    private static final EventType HIT = new EventType("p:hit", 3, 6, List.of());
    /** Not a complete span: the field is not the first one. */
    private static final EventType OTHER = new EventType("p:other", 4, 6, List.of(
            new EventType.Field("n", FieldType.Basic.LONG),
            new EventType.Field("durationNanos", FieldType.Basic.LONG)));
    private static final int THREADS = 3;

    @TempDir
    private Path folder = Path.of("");
    private int traces;

    /** An event that is to be written. */
    private record Made(long time, long thread, EventType type, Object... values) {
        boolean isOf(EventType other) {
            return type.equals(other);
        }
    }

    private static Made call(long end, long thread, long nanos) {
        return new Made(end, thread, CALL, nanos, "/x");
    }

    private Path write(List<Made> events) throws IOException {
        Path trace = folder.resolve("trace" + traces++);
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2), CLOCK, 4,
                Map.of("pid", 7L), List.of(CALL, BEGIN, END, HIT, OTHER)), 1 << 16)) {
            for (Made each : events.stream().sorted(Comparator.comparingLong(Made::time)).toList()) {
                writer.append((int) each.thread % 4, each.time, each.thread, each.type, each.values);
            }
        }
        return trace;
    }

    /** The spans of a trace by their ids, and for each event its span. */
    private record Nested(Map<Long, NestedSpan> spans, List<Long> spanOfEvent) {
        NestedSpan span(long id) {
            return Objects.requireNonNull(spans.get(id));
        }

        static Nested of(Path folder) throws IOException {
            Map<Long, NestedSpan> spans = new TreeMap<>();
            List<Long> spanOf = new ArrayList<>();
            List<TraceEvent> events = new ArrayList<>();
            List<SpanEvents> moved = new ArrayList<>();
            try (Trace trace = Trace.open(folder)) {
                NestedSpans nested = new NestedSpans(trace, span -> {
                    NestedSpan before = spans.put(span.id(), span);
                    assertEquals(null, before, "each span is given once");
                }, moved::add);
                for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
                    nested.take(event);
                    events.add(event);
                    spanOf.add(nested.innermost());
                }
                nested.finish();
                assertEquals(0, trace.problemCount(), trace.problems().toString());
            }
            List<Long> last = new ArrayList<>(spanOf);
            for (SpanEvents each : moved) {
                for (int i = 0; i < each.span() - 1; i++) {
                    TraceEvent event = events.get(i);
                    if (event.threadId() == each.threadId() && spanOf.get(i) == each.around() && spanOf.get(i) != i + 1
                            && event.timestamp() >= each.from() && event.timestamp() <= each.to()) {
                        assertEquals(spanOf.get(i), last.get(i), "an event is moved once");
                        last.set(i, each.span());
                    }
                }
            }
            return new Nested(spans, last);
        }
    }

    /** Makes random calls of one thread, as pairs of events and as complete spans, and remembers how they nest. */
    private static final class Calls {
        private final Random random;
        private final long thread;
        private final int mostDelay;
        private final List<Made> events;
        private final Map<Made, Made> parents;
        private final Map<Made, Made> around;
        private long now;

        Calls(Random random, long thread, int mostDelay, List<Made> events, Map<Made, Made> parents,
                Map<Made, Made> around) {
            this.random = random;
            this.thread = thread;
            this.mostDelay = mostDelay;
            this.events = events;
            this.parents = parents;
            this.around = around;
            this.now = 1_000_000 + thread;
        }

        private long tick() {
            now += (long) THREADS * (10 + random.nextInt(40));
            return now;
        }

        /** Returns the event that stands for the call. */
        Made run(int depth) {
            List<Made> inside = new ArrayList<>();
            List<Made> hits = new ArrayList<>();
            boolean isComplete = random.nextInt(3) > 0;
            long begin = tick();
            Made begun = new Made(begin, thread, BEGIN);
            for (int i = random.nextInt(depth > 6 ? 1 : 4); i > 0; i--) {
                if (random.nextInt(4) == 0) {
                    hits.add(new Made(tick(), thread, HIT));
                } else {
                    inside.add(run(depth + 1));
                }
            }
            long end = tick();
            Made call = begun;
            if (isComplete) {
                now += (long) THREADS * random.nextInt(mostDelay + 1);
                call = call(now, thread, end - begin);
            } else {
                events.add(new Made(end, thread, END));
                around.put(events.getLast(), begun);
            }
            events.add(call);
            events.addAll(hits);
            around.put(call, call);
            for (Made each : inside) {
                parents.put(each, call);
            }
            for (Made each : hits) {
                around.put(each, call);
            }
            return call;
        }
    }

    private void nestsAsCalls(int mostDelay) throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<Made> events = new ArrayList<>();
        Map<Made, Made> parents = new HashMap<>();
        Map<Made, Made> around = new HashMap<>();
        for (int thread = 0; thread < THREADS; thread++) {
            Calls calls = new Calls(random, thread + 1L, mostDelay, events, parents, around);
            for (int i = 0; i < 20; i++) {
                calls.run(0);
            }
        }
        events.sort(Comparator.comparingLong(Made::time));
        Path made = write(events);
        Nested nested = Nested.of(made);
        Map<Made, Long> numbers = new HashMap<>();
        events.forEach(each -> numbers.put(each, numbers.size() + 1L));
        String of = "seed=" + seed;
        assertEquals(events.stream().filter(each -> !each.isOf(HIT) && !each.isOf(END)).count(),
                nested.spans.size(), of);
        for (Made each : events) {
            long number = Objects.requireNonNull(numbers.get(each));
            NestedSpan span = nested.spans.get(number);
            if (span != null) {
                Made parent = parents.get(each);
                assertEquals(parent == null ? 0 : numbers.getOrDefault(parent, -1L), span.parent(), of + " " + span);
                int depth = 0;
                for (Made up = parent; up != null; up = parents.get(up)) {
                    depth++;
                }
                assertEquals(depth, span.depth(), of + " " + span);
                if (each.isOf(CALL)) {
                    assertEquals(each.values[0], span.nanos(), of);
                    assertEquals(number, span.endNumber(), of);
                }
                long inner = nested.spans.values().stream().filter(child -> child.parent() == number)
                        .mapToLong(child -> child.end() - child.begin()).sum();
                assertEquals(Math.max(span.nanos() - inner, 0), span.selfNanos(), of + " " + span);
                NestedSpan outer = nested.spans.get(span.parent());
                assertTrue(outer == null || outer.begin() <= span.begin() && outer.end() >= span.end(), of);
            }
            if (mostDelay == 0 || !each.isOf(HIT)) {
                assertEquals(numbers.get(around.get(each)), nested.spanOfEvent.get((int) number - 1),
                        of + " event " + number);
            }
        }
        slicesNest(made, nested.spans.size(), of);
    }

    /** Checks the slices as a viewer reads them: in the order of their begins. */
    private static void slicesNest(Path folder, int spans, String of) throws IOException {
        StringBuilder json = new StringBuilder();
        try (Trace trace = Trace.open(folder)) {
            ChromeTrace.write(trace, json);
        }
        List<JsonNode> events = new ArrayList<>();
        JsonMapper.shared().readTree(json.toString()).get("traceEvents").forEach(events::add);
        events.removeIf(each -> each.get("ph").asString().equals("M"));
        events.sort(Comparator.comparing(each -> each.get("ts").decimalValue()));
        Map<Long, Deque<Double>> ends = new HashMap<>();
        int count = 0;
        for (JsonNode each : events) {
            Deque<Double> stack = ends.computeIfAbsent(each.get("tid").asLong(), _ -> new ArrayDeque<>());
            double ts = each.get("ts").asDouble();
            while (!stack.isEmpty() && stack.peek() <= ts && stack.peek() >= 0) {
                stack.pop();
            }
            switch (each.get("ph").asString()) {
                case "B" -> {
                    stack.push(-1.0);
                    count++;
                }
                case "E" -> {
                    // Slices in one piece that have ended are not open any more: the top is a pair.
                    assertEquals(-1.0, stack.pop(), of + " " + each);
                }
                case "X" -> {
                    double end = ts + each.get("dur").asDouble();
                    assertTrue(stack.isEmpty() || stack.peek() < 0 || stack.peek() >= end - 1e-6, of + " " + each);
                    stack.push(end);
                    count++;
                }
                default -> { }
            }
        }
        assertEquals(spans, count, of);
    }

    @RepeatedTest(30)
    void spansAndEventsNestAsCalls() throws IOException {
        nestsAsCalls(0);
    }

    @RepeatedTest(30)
    void spansNestAsCallsAlsoIfTheirEventsComeLate() throws IOException {
        nestsAsCalls(15);
    }

    private static TraceSummary.Latency latency(TraceSummary summary) {
        return Objects.requireNonNull(summary.latencies().get("com.acme.Foo:handle"));
    }

    @Test
    void durationsAreThoseOfTheEvents() throws IOException {
        Path made = write(List.of(new Made(5_000, 1, HIT), call(20_000, 1, 12_345), call(30_000, 1, 25_001),
                new Made(31_000, 1, OTHER, 1L, 10L)));
        TraceSummary.Latency latency = latency(TraceSummary.of(made));
        assertEquals(2, latency.count());
        assertEquals(25_001, latency.maxNanos());
        assertEquals(1, TraceSummary.of(made).latencies().size());
        try (Trace trace = Trace.open(made)) {
            Instant start = Instant.parse("2025-11-24T16:00:00Z");
            assertEquals(List.of(new TraceSpan("com.acme.Foo:handle", 1, start.plusNanos(7_655),
                    Duration.ofNanos(12_345)), new TraceSpan("com.acme.Foo:handle", 1, start.plusNanos(4_999),
                    Duration.ofNanos(25_001))), trace.spans().toList());
        }
    }

    @Test
    void impossibleDurationsAreCountedAndAreNoSpans() throws IOException {
        Path made = write(List.of(call(10_000, 1, -1), call(11_000, 1, Long.MIN_VALUE), call(12_000, 1, Long.MAX_VALUE),
                call(13_000, 1, 13_001), call(14_000, 1, 14_000), call(15_000, 1, 0)));
        TraceSummary summary = TraceSummary.of(made);
        assertEquals(4, summary.impossibleDurations());
        assertEquals(2, latency(summary).count());
        assertEquals(0, summary.unmatched());
        Nested nested = Nested.of(made);
        assertEquals(List.of(5L, 6L), List.copyOf(nested.spans.keySet()));
        assertEquals(6, nested.spanOfEvent.getLast());
    }

    @Test
    void aSpanThatOverlapsByMoreThanItsEventCanBeLateDoesNotNest() throws IOException {
        long milli = 1_000_000;
        // The second span would have to move by 30 ms to be around the first one.
        Nested nested = Nested.of(write(List.of(call(100 * milli, 1, 50 * milli), call(200 * milli, 1, 120 * milli))));
        assertEquals(0, nested.span(1).parent());
        assertEquals(80 * milli, nested.span(2).begin());
        // A move of 5 ms is as late as an event can be.
        nested = Nested.of(write(List.of(call(100 * milli, 1, 50 * milli), call(200 * milli, 1, 145 * milli))));
        assertEquals(2, nested.span(1).parent());
        assertEquals(50 * milli - 1, nested.span(2).begin());
    }

    @Test
    void aBeginWithoutAnEndInACompleteSpanLeavesTheStack() throws IOException {
        long milli = 1_000_000;
        Nested nested = Nested.of(write(List.of(new Made(milli, 1, BEGIN), new Made(20 * milli, 1, BEGIN),
                new Made(21 * milli, 1, HIT), call(30 * milli, 1, 15 * milli), new Made(40 * milli, 1, END))));
        assertEquals(1, nested.span(4).parent());
        assertEquals(5, nested.span(1).endNumber());
        assertEquals(24 * milli, nested.span(1).selfNanos());
        assertEquals(2, nested.spans.size());
    }
}
