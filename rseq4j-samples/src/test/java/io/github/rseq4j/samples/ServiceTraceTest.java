package io.github.rseq4j.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trace of the service shows the slow request, and the reason. */
final class ServiceTraceTest {
    /** A span: its begin and the time of its end. */
    private record Piece(TraceEvent begin, long end) {
        boolean is(String name) {
            return begin.name().equals(name + "_begin");
        }

        boolean contains(Piece other) {
            return begin.threadId() == other.begin.threadId() && begin.timestamp() <= other.begin.timestamp()
                    && other.end <= end;
        }

        long length() {
            return end - begin.timestamp();
        }
    }

    /** Reads the spans, which nest on each thread. */
    private static List<Piece> spans(Path folder) {
        List<Piece> spans = new ArrayList<>();
        Map<Long, Deque<TraceEvent>> open = new HashMap<>();
        try (TraceReader reader = new TraceReader(folder)) {
            reader.events().forEach(event -> {
                Deque<TraceEvent> begun = open.computeIfAbsent(event.threadId(), _ -> new ArrayDeque<>());
                if (event.name().endsWith("_begin")) {
                    begun.push(event);
                } else if (event.name().endsWith("_end")) {
                    spans.add(new Piece(begun.pop(), event.timestamp()));
                }
            });
            assertEquals(List.of(), reader.problems());
        }
        assertTrue(open.values().stream().allMatch(Deque::isEmpty), "a span has no end");
        return spans;
    }

    private static Piece longest(Stream<Piece> spans) {
        return spans.max(Comparator.comparingLong(Piece::length)).orElseThrow();
    }

    @Test
    void aSlowOrderWaitsForTheLockThatTheReportHoldsDuringItsQuery(@TempDir Path folder) throws Exception {
        Sample07Service.main(new String[] {folder.resolve("trace").toString(), "200"});
        List<Piece> spans = spans(folder.resolve("trace"));
        List<Piece> requests = spans.stream().filter(span -> span.is("shop:request")).toList();
        assertEquals(200, requests.size());

        List<Piece> orders = requests.stream().filter(span -> "POST".equals(span.begin().value("method"))).toList();
        Piece wait = longest(spans.stream().filter(span -> span.is("locks:lock_wait")
                && orders.stream().anyMatch(order -> order.contains(span))));
        long median = requests.stream().mapToLong(Piece::length).sorted().skip(100).findFirst().orElseThrow();
        assertTrue(wait.length() > median, "its wait alone takes longer than most requests: " + wait);

        Piece held = longest(spans.stream().filter(span -> span.is("locks:lock")
                && Objects.equals(span.begin().value("lock"), wait.begin().value("lock"))));
        assertTrue(held.begin().timestamp() < wait.end() && wait.begin().timestamp() < held.end(),
                "another thread holds the lock meanwhile: " + held);
        Piece report = requests.stream().filter(request -> request.contains(held)).findFirst().orElseThrow();
        assertEquals("/report", report.begin().value("path"));
        Piece query = spans.stream().filter(span -> span.is("db:query") && held.contains(span)).findFirst()
                .orElseThrow();
        assertTrue(String.valueOf(query.begin().value("sql")).contains("FROM sale"), "it reads all sales: " + query);
    }
}
