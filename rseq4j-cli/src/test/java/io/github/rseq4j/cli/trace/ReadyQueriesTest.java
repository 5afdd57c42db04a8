package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The answers of the ready queries, of a trace whose answers are known. */
class ReadyQueriesTest {
    @TempDir
    private Path folder = Path.of("");

    /** Returns the rows of a query: the values of some columns, separated by blanks. */
    private List<String> rows(String query, String... columns) {
        Path trace = QueryTrace.write(folder.resolve(query), "a", 1, 0);
        Run run = Run.of("trace", "sql", trace.toString(), "--query", query, "--format=json");
        assertEquals(0, run.exit(), run.err());
        List<String> rows = new ArrayList<>();
        for (JsonNode row : JsonMapper.shared().readTree(run.out())) {
            rows.add(List.of(columns).stream().map(each -> {
                JsonNode value = row.get(each);
                return value.isString() ? value.asString() : value.toString();
            }).collect(Collectors.joining(" ")));
        }
        return rows;
    }

    private static final String DAY = "2025-11-24 16:0";

    @Test
    void listsEachQueryWithItsAnswer() {
        Run run = Run.of("trace", "sql", "--list");
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().lines().count() > 12, run.out());
        assertTrue(run.out().contains("lock_order"), run.out());
        for (String line : run.out().lines().skip(1).toList()) {
            Run shown = Run.of("trace", "sql", "--show", line.replaceFirst(" .*", ""));
            assertTrue(shown.out().startsWith("-- " + line.replaceFirst("\\S+ +", "")), shown.out());
        }
    }

    @Test
    void slowest() {
        List<String> rows = rows("slowest", "name", "duration_ns", "self_ns", "tid", "beside");
        assertEquals(6, rows.size());
        assertEquals("web:request 60999998500 60999998200 2 web:request x1 (7.5 us), db:lock x2 (4.0 us)", rows.get(0));
        assertEquals("web:request 8000 5000 1 web:request x1 (7.5 us), db:lock x2 (0.4 us)", rows.get(1));
        assertEquals("db:lock 3000 2000 1 web:request x1 (3.0 us), db:lock x2 (0.4 us)", rows.get(2));
    }

    @Test
    void percentilesByMinuteAndBySpan() {
        assertEquals(List.of(DAY + "0:00 db:lock 4 300 3000 3000",
                DAY + "0:00 web:request 2 8000 60999998500 60999998500"),
                rows("p99_by_minute", "minute", "name", "spans", "median_ns", "p99_ns", "max_ns"));
        assertEquals(List.of("web:request a 2 8000 60999998500", "db:lock a 4 300 3000"),
                rows("p99_by_span", "name", "host", "spans", "median_ns", "p99_ns"));
    }

    @Test
    void selfTime() {
        assertEquals(List.of("web:request 2 61000003200 61000006500 100.0", "db:lock 4 3300 4400 0.0"),
                rows("self_time", "name", "spans", "self_ns", "total_ns", "self_percent"));
    }

    @Test
    void lockOrderFindsTheCycle() {
        assertEquals(List.of("a A B 1 1 true " + DAY + "0:00.000003000", "a B A 1 1 true " + DAY + "0:00.000002600"),
                rows("lock_order", "host", "holds", "takes", "times", "threads", "in_cycle", "first_time"));
    }

    @Test
    void discardedByCpu() {
        assertEquals(List.of("a 1 0 2 5 0 " + DAY + "1:01.000000000", "a 0 0 1 0 0 " + DAY + "0:00.000001000"),
                rows("discarded", "host", "cpu", "ring_set", "packets", "discarded", "lost_packets", "worst_time"));
    }

    @Test
    void timesWithoutAnEventInsideASpan() {
        List<String> rows = rows("off_cpu", "gap_ns", "span", "tid", "after_event", "before_event", "cpu", "next_cpu");
        assertEquals(List.of("60999994000 web:request 2 web:tick web:request_end 0 1",
                "4000 web:request 1 db:lock_end web:request_end 0 0",
                "3200 web:request 2 db:lock_end web:tick 1 0"), rows.subList(0, 3));
    }

    @Test
    void busiestThreads() {
        assertEquals(List.of("2 null v true 7 0 1 60999998500", "1 101 main false 6 0 1 8000",
                "3 null null null 3 2 0 0"), rows("threads", "tid", "kernel_tid", "name", "virtual", "events",
                "samples", "outer_spans", "span_ns"));
    }

    @Test
    void ratesOfEvents() {
        List<String> rows = rows("rates", "provider", "event", "events", "percent");
        assertEquals("db db:lock_begin 4 22.22", rows.get(0));
        assertTrue(rows.contains("jul jul:severe 1 5.56"), rows.toString());
    }

    @Test
    void migrationsOfThreads() {
        assertEquals(List.of("a 2 v 7 2 2"),
                rows("migrations", "host", "tid", "thread", "events", "migrations", "cpus"));
    }

    @Test
    void logMessages() {
        assertEquals(List.of("SEVERE app 1 0 boom"),
                rows("log_messages", "level", "logger", "messages", "thrown", "last_message"));
    }

    @Test
    void concurrencyOfSpans() {
        assertEquals(List.of("db:lock 3 " + DAY + "0:00.000002600", "web:request 2 " + DAY + "0:00.000001500"),
                rows("concurrency", "name", "most", "most_time"));
    }

    @Test
    void clocksOfHosts() {
        Path first = QueryTrace.write(folder.resolve("first"), "a", 1, 0);
        Path second = QueryTrace.write(folder.resolve("second"), "b", 2, 3);
        Run run = Run.of("trace", "sql", second.toString(), first.toString(), "--query=clocks", "--format=csv");
        assertEquals(0, run.exit(), run.err());
        List<String> lines = run.out().lines().toList();
        assertEquals(3, lines.size(), run.out());
        assertTrue(lines.get(1).startsWith("a,") && lines.get(1).endsWith(",250,0,true"), lines.get(1));
        assertTrue(lines.get(2).startsWith("b,") && lines.get(2).endsWith(",500,3000000000,false"), lines.get(2));
    }

    @Test
    void gapsOfCpus() {
        List<String> rows = rows("cpu_gaps", "cpu", "gap_ns", "after_event", "before_event", "discarded");
        assertEquals("1 60999991800 cpu:sample web:request_end 5", rows.get(0));
        assertEquals("1 4200 db:lock_end jul:severe 0", rows.get(1));
    }

    @Test
    void samplesByLibrary() {
        assertEquals(List.of("libx.so 3 1 50.0", "unknown 3 1 50.0"),
                rows("samples", "library", "tid", "samples", "percent"));
    }

    @Test
    void unfinishedSpans() {
        assertEquals(List.of("web:request 60999992000 3 {\"id\":3}"),
                rows("unfinished", "name", "open_ns", "tid", "arguments"));
    }
}
