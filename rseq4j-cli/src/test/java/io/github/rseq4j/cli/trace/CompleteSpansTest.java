package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.ctf.FieldType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Spans that one event records, in the commands. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class CompleteSpansTest {
    private static final long MILLI = ReportTraces.MILLI;

    // A browser may still write to its folder while it ends.
    @TempDir(cleanup = CleanupMode.NEVER)
    private Path folder = Path.of("");

    /**
     * Writes a trace: a request of 100 ms, a pair of events 1 and 9; in it a call of 80 ms, event 7, with a query of
     * 30 ms as a pair, events 3 and 5, and a call of 20 ms, event 6; and events without a length. A call of thread 6,
     * event 8, began 400 ms before the first event.
     */
    private Path trace() {
        FieldType.Basic number = FieldType.Basic.LONG;
        return new ReportTraces.Maker()
                .type("com.acme.Shop:order", "durationNanos", number, "item", FieldType.Basic.STRING)
                .type("com.acme.Shop:price", "durationNanos", number)
                .type("http:request_begin").type("http:request_end")
                .type("db:query_begin", "sql", FieldType.Basic.STRING).type("db:query_end").type("cache:miss")
                .thread(5, false, "worker").thread(6, false, "other")
                .at(1000 * MILLI, 0, 5, "http:request_begin")
                .at(1005 * MILLI, 0, 5, "cache:miss")
                .at(1020 * MILLI, 0, 5, "db:query_begin", "SELECT 1")
                .at(1030 * MILLI, 0, 5, "cache:miss")
                .at(1050 * MILLI, 0, 5, "db:query_end")
                .at(1080 * MILLI, 1, 5, "com.acme.Shop:price", 20 * MILLI)
                .at(1090 * MILLI, 1, 5, "com.acme.Shop:order", 80 * MILLI, "book")
                .at(1095 * MILLI, 1, 6, "com.acme.Shop:order", 495 * MILLI, "early")
                .at(1100 * MILLI, 1, 5, "http:request_end")
                .at(1110 * MILLI, 1, 5, "com.acme.Shop:order", -5L, "wrong")
                .write(folder.resolve("trace"), Map.of("hostname", "shop", "pid", 4711L));
    }

    private String csv(String sql) {
        Run run = Run.of("trace", "sql", folder.resolve("trace").toString(), sql, "--format=csv");
        assertEquals("", run.err());
        assertEquals(0, run.exit());
        return run.out();
    }

    @Test
    void areRowsOfTheTableSpans() {
        trace();
        assertEquals("""
                id,parent,depth,name,begin_ms,duration_ns,self_ns,begin_cpu,thread,arguments,results\r
                1,,0,http:request,1000,100000000,20000000,0,worker,{},{}\r
                3,7,2,db:query,1020,30000000,30000000,0,worker,"{""sql"":""SELECT 1""}",{}\r
                6,7,2,com.acme.Shop:price,1060,20000000,20000000,1,worker,"{""durationNanos"":20000000}",\r
                7,1,1,com.acme.Shop:order,1010,80000000,30000000,1,worker,\
                "{""durationNanos"":80000000,""item"":""book""}",\r
                8,,0,com.acme.Shop:order,600,495000000,495000000,1,other,\
                "{""durationNanos"":495000000,""item"":""early""}",\r
                """, csv("SELECT id, parent, depth, name, begin_ns // 1000000 % 10000 AS begin_ms, duration_ns,"
                + " self_ns, begin_cpu, thread, arguments, results FROM spans ORDER BY id"));
        assertEquals("number,span\r\n1,1\r\n2,1\r\n3,3\r\n4,3\r\n5,3\r\n6,6\r\n7,7\r\n8,8\r\n9,1\r\n10,\r\n",
                csv("SELECT number, span FROM events ORDER BY number"));
        assertEquals("n\r\n0\r\n", csv("SELECT count(*) AS n FROM open_spans"));
    }

    @Test
    void holdTheEventsInside() {
        FieldType.Basic number = FieldType.Basic.LONG;
        ReportTraces.Maker maker = new ReportTraces.Maker().type("a.B:c", "durationNanos", number).type("x:hit");
        for (int thread = 5; thread < 8; thread++) {
            for (int i = 1; i < 10; i++) {
                maker.at(1000 + 10 * i, 0, thread, "x:hit");
            }
            // From 1025 to 1045 in 1015 to 1075.
            maker.at(1045, 0, thread, "a.B:c", 20L).at(1075, 0, thread, "a.B:c", 60L);
        }
        maker.write(folder.resolve("trace"), Map.of("pid", 1L));
        assertEquals("""
                times,duration_ns\r
                "[1010,1080,1090]",\r
                "[1020,1050,1060,1070]",60\r
                "[1030,1040]",20\r
                """, csv("SELECT DISTINCT list(cycles ORDER BY cycles) AS times, duration_ns FROM events e LEFT JOIN"
                        + " spans s ON e.span = s.id WHERE event = 'x:hit' GROUP BY e.tid, duration_ns ORDER BY 1"));
    }

    @Test
    void mayHaveMoreNamesThanTablesAreOpenAtATime() {
        ReportTraces.Maker maker = new ReportTraces.Maker().type("x:hit");
        for (int i = 0; i < 300; i++) {
            maker.type("a.B:m" + i, "durationNanos", FieldType.Basic.LONG);
        }
        for (int i = 0; i < 3_000; i++) {
            maker.at(1_000 + 100L * i, 0, 5, "x:hit").at(1_050 + 100L * i, 0, 5, "a.B:m" + i % 300, 60L);
        }
        maker.write(folder.resolve("trace"), Map.of("pid", 1L));
        assertEquals("names,spans,hits\r\n300,3000,3000\r\n", csv("SELECT count(DISTINCT name) AS names, count(*) AS"
                + " spans, sum((SELECT count(*) FROM events e WHERE e.span = s.id AND event = 'x:hit')) AS hits"
                + " FROM spans s"));
        assertEquals("n,first\r\n10,2\r\n", csv("SELECT count(*) AS n, min(number) AS first FROM \"a.B:m0\""));
    }

    @Test
    void areInTheSummary() {
        Run run = Run.of("trace", "summary", trace().toString());
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().matches("(?s).*com.acme.Shop:order +2 +[0-9.,]+ +495,000.000 +495,000.000.*"), run.out());
        assertTrue(run.out().contains("longer than the clock has run): 1"), run.out());
        Run json = Run.of("trace", "summary", "--json", folder.resolve("trace").toString());
        assertTrue(json.out().contains("\"impossibleDurations\" : 1"), json.out());
    }

    @Test
    void areBarsOfTheReport() throws IOException {
        Path html = folder.resolve("page.html");
        Run run = Run.of("trace", "report", trace().toString(), "--html=" + html);
        assertEquals(0, run.exit(), run.err());
        try (Browser page = new Browser(html, folder)) {
            assertTrue(page.text("facts").contains("10 events, 5 spans"), page.text("facts"));
            assertTrue(page.text("notes").contains("an impossible duration, which are shown without a length: 1."),
                    page.text("notes"));
            assertTrue(page.text("notes").contains("because their spans began before it: 1."), page.text("notes"));
            // The longest call began before the trace: the table has its whole duration.
            page.click("#slowest tbody tr");
            assertTrue(page.text("details").startsWith("com.acme.Shop:order 495 ms"), page.text("details"));
            assertTrue(page.text("details").contains("It began before the first event of the trace"),
                    page.text("details"));
            assertEquals(95 * MILLI, page.number("report.model.nanos[report.view.pinned]"));
            page.clickMark("report.model.nanos.indexOf(80e6)");
            String details = page.text("details");
            assertTrue(details.startsWith("com.acme.Shop:order 80 ms"), details);
            assertTrue(details.contains("item \"book\""), details);
            assertTrue(details.contains("self time 30 ms"), details);
            assertTrue(details.contains("In it: 2 spans, 50 ms"), details);
            assertTrue(details.matches("(?s).*Around it on its thread\\s+in\\s+http:request 100 ms.*"), details);
            for (String each : List.of("db:query", "com.acme.Shop:price")) {
                assertEquals("com.acme.Shop:order", page.js("return report.model.nameOf(report.model.parent[[...Array("
                        + "report.model.size).keys()].find(i => report.model.nameOf(i) === '" + each + "')])"));
            }
            page.tab("spans");
            page.js("[...document.querySelectorAll('.flame button')].find(b => b.textContent === 'db:query').click()");
            page.settle();
            assertTrue(page.text("panel-spans").contains("db:query: total 30 ms"), page.text("panel-spans"));
            assertEquals(1, page.number("report.model.data.spanTreeNames.filter(n => n === 'db:query').length"));
        }
    }
}
