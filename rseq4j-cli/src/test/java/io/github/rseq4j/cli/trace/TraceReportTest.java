package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.ctf.FieldType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Keys;

/** The page of a trace, in a real browser, used as a reader of the page uses it. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TraceReportTest {
    private static final String SLOW = "report.model.nanos.indexOf(Math.max(...Array.from(report.model.nanos)"
            + ".filter((n, i) => report.model.nameOf(i) === 'http:request' && !report.model.flags[i])))";

    // A browser may still write to its folder while it ends.
    @TempDir(cleanup = CleanupMode.NEVER)
    private Path folder = Path.of("");

    private Path report(Path trace, String... options) {
        Path page = folder.resolve("report.html");
        List<String> command = new ArrayList<>(List.of("trace", "report", trace.toString(), "--html=" + page));
        command.addAll(Arrays.asList(options));
        Run run = Run.of(command.toArray(String[]::new));
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().startsWith(page + " (" + page.toFile().length() + " bytes)"), run.out());
        return page;
    }

    private Browser shop() throws IOException {
        return new Browser(report(ReportTraces.shop(folder.resolve("shop"), 600)), folder);
    }

    @Test
    void showsWhyTheSlowestRequestWasSlow() throws IOException {
        try (Browser page = shop()) {
            assertEquals("Trace of shop, process 4711", page.text("title"));
            assertTrue(page.text("facts").contains("2,402 spans"), page.text("facts"));
            // The first row of the table is a request without an end; the second one is the slowest.
            assertTrue(page.find("#slowest tbody tr").getText().contains("(no end)"), page.text("slowest"));
            page.click("#slowest tbody tr:nth-child(2)");
            String details = page.text("details");
            assertTrue(details.startsWith("http:request 8"), details);
            assertTrue(details.contains("Most of the difference: lock:wait, 80 ms instead of "), details);
            assertTrue(details.contains("status (end)") && details.contains("503"), details);
            assertTrue(details.contains("In it: 3 spans"), details);
            assertTrue(details.contains("Events in it: 1"), details);
            assertTrue(details.contains("CPU samples in it: 1"), details);
            // The lock's owner has the lock's name as a value, and ran at the same time.
            assertTrue(details.matches("(?s).*with a value in common: 1 span.*report:stock.*"), details);
            double length = page.number("report.view.to - report.view.from");
            assertTrue(length < 200e6, "the view is near the span: " + length);
            assertTrue(page.number("report.model.nanos[report.view.pinned]") > 80e6);
        }
    }

    @Test
    void zoomsAndPansByKeysAsInPerfetto() throws IOException {
        try (Browser page = shop()) {
            String length = "report.view.to - report.view.from";
            double whole = page.number(length);
            page.keys("w");
            assertTrue(page.number(length) < whole * 0.8);
            double from = page.number("report.view.from");
            page.keys("d");
            assertTrue(page.number("report.view.from") > from);
            page.keys("a");
            assertEquals(from, page.number("report.view.from"), 1);
            page.keys("s", "s");
            assertEquals(whole, page.number(length), whole * 0.05);
            page.clickMark(SLOW);
            page.keys("f");
            assertTrue(page.number(length) < whole * 0.9);
            page.keys("m");
            assertEquals(page.number("report.model.nanos[report.view.pinned]"),
                    page.number("report.view.range.to - report.view.range.from"), 1);
            page.keys("?");
            assertTrue(page.find("#help").isDisplayed());
            page.keys(Keys.ESCAPE);
            assertFalse(page.find("#help").isDisplayed());
            page.keys(Keys.ESCAPE, Keys.ESCAPE);
            assertEquals(-1, page.number("report.view.pinned"));
            assertEquals("null", page.js("return report.view.range"));
            page.keys("/");
            assertEquals("search", page.js("return document.activeElement.id"));
            page.keys("w");
            assertEquals("w", page.js("return document.activeElement.value"));
        }
    }

    @Test
    void zoomsByTheWheelOnlyWithControlOrAfterAClick() throws IOException {
        try (Browser page = shop()) {
            String length = "report.view.to - report.view.from";
            page.resize(1200, 500);
            page.settle();
            double whole = page.number(length);
            page.wheel(120, false);
            page.await(() -> page.number("window.scrollY") > 0);
            assertEquals(whole, page.number(length), 1, "the page scrolls");
            page.js("window.scrollTo(0, 0)");
            page.wheel(-120, true);
            assertTrue(page.number(length) < whole * 0.95, "with Control the wheel zooms");
            page.keys("0");
            page.clickMark(SLOW);
            page.wheel(-120, false);
            assertTrue(page.number(length) < whole * 0.95, "after a click the wheel zooms");
        }
    }

    @Test
    void showsValuesInATooltipAndPinsThemByAClick() throws IOException {
        try (Browser page = shop()) {
            page.hoverMark(SLOW);
            String tip = page.text("tip");
            for (String text : List.of("http:request 8", "path: \"/item\"", "status (end): 503")) {
                assertTrue(tip.contains(text), tip);
            }
            page.clickMark(SLOW);
            page.hoverMark("0");
            assertTrue(page.text("details").startsWith("http:request 8"), page.text("details"));
            page.keys(Keys.ARROW_DOWN);
            assertTrue(page.text("details").startsWith("lock:wait"), page.text("details"));
            page.keys(Keys.ARROW_UP);
            assertTrue(page.text("details").startsWith("http:request 8"), page.text("details"));
        }
    }

    @Test
    void searchesNamesValuesAndThreads() throws IOException {
        try (Browser page = shop()) {
            page.type("search", "id=77\"");
            page.await(() -> page.text("found").equals("1 of 1 match"));
            assertTrue(page.text("details").contains("SELECT * FROM item WHERE id=77"), page.text("details"));
            page.find("#search").clear();
            page.type("search", "tenant-2");
            page.await(() -> page.text("found").matches("[\\d,]+ of 200 matches"));
            page.find("#search").clear();
            page.type("search", "http-5");
            page.await(() -> page.text("found").contains("match"));
            assertTrue(page.text("details").contains("\"http-5\""), page.text("details"));
            page.find("#search").clear();
            page.type("search", "nothing like it");
            page.await(() -> page.text("found").equals("no match"));
        }
    }

    @Test
    void filtersByEventThreadAndDuration() throws IOException {
        try (Browser page = shop()) {
            page.type("shortest", "50 ms");
            // The slow request and its wait, the report, and the request that hangs.
            assertEquals(4, page.number("report.model.shown"));
            assertTrue(page.text("status").contains("the filters hide"), page.text("status"));
            page.type("thread", "report");
            assertEquals(1, page.number("report.model.shown"));
            page.find("#thread").clear();
            page.find("#shortest").clear();
            page.type("shortest", "1 parsec");
            assertEquals("true", page.find("#shortest").getDomAttribute("aria-invalid"));
            page.find("#shortest").clear();
            page.type("shortest", "");
            page.click("#names-box summary");
            page.click("#names-none");
            page.click("#names label:nth-child(1) input");
            assertEquals(601, page.number("report.model.shown"));
        }
    }

    @Test
    void givesStatisticsOfASelectedRange() throws IOException {
        try (Browser page = shop()) {
            page.tab("statistics");
            assertTrue(page.text("panel-statistics").contains("whole trace"), page.text("panel-statistics"));
            page.js("window.scrollTo(0, 0)");
            page.drag(0.1, 0.6);
            String text = page.text("panel-statistics");
            assertTrue(text.startsWith("Spans that begin in the selected"), text);
            assertEquals(page.number("[...Array(report.model.size).keys()].filter(i => report.model.nameOf(i) === "
                    + "'http:request' && report.model.begin[i] >= report.view.range.from && report.model.begin[i] <= "
                    + "report.view.range.to).length"), Double.parseDouble(page.find("#panel-statistics tbody td.number")
                    .getText()));
            assertTrue(page.all(".histogram tr").size() > 2);
            for (String head : List.of("count", "total", "self", "p50", "p90", "p99", "max")) {
                assertTrue(text.contains(head), head);
            }
        }
    }

    @Test
    void selectsTheSpansOfAMethodAndShowsTheSlowest() throws IOException {
        try (Browser page = shop()) {
            page.tab("statistics");
            assertEquals("json:write", page.find("#methods tbody tr:nth-child(3) button").getText().strip());
            page.js("[...document.querySelectorAll('#methods button')].find(b => b.textContent === 'self').click()");
            assertEquals("descending", page.find("#methods th:nth-child(5)").getDomAttribute("aria-sort"));
            double last = Double.MAX_VALUE;
            for (int row = 1; row <= 5; row++) {
                double self = page.number("parseDuration(document.querySelector('#methods tbody tr:nth-child(" + row
                        + ") td:nth-child(5)').textContent)");
                assertTrue(self <= last, row + ": " + self + " after " + last);
                last = self;
            }
            page.js("[...document.querySelectorAll('#methods tbody button')].find(b => b.textContent.includes("
                    + "'lock:wait')).click()");
            page.settle();
            assertTrue(page.text("details").startsWith("lock:wait 80 ms"), page.text("details"));
            assertEquals("1 of 600 spans", page.text("found"));
            assertTrue(page.text("panel-statistics").contains("Durations of lock:wait"), "the histogram");
            page.click("#next");
            assertEquals("2 of 600 spans", page.text("found"));
            assertTrue(page.text("details").matches("(?s)lock:wait [0-9.]+ .s.*"), page.text("details"));
            page.tab("slowest");
            assertTrue(page.text("panel-slowest").contains("600 spans"), page.text("panel-slowest"));
            // Escape takes back the pinned span, then the selection of the method.
            page.keys(Keys.ESCAPE, Keys.ESCAPE);
            assertEquals("null", page.js("return report.view.matches"));
        }
    }

    /** Writes calls of methods in turn; those of the first ten take 100 us and more, all others 50 ns and more. */
    private Path methods(int methods, int calls) {
        ReportTraces.Maker maker = new ReportTraces.Maker();
        for (int i = 0; i < methods; i++) {
            maker.type("com.acme.Service" + i % 100 + ":method" + i, "durationNanos", FieldType.Basic.LONG);
        }
        Random random = new Random(11);
        long time = ReportTraces.MILLI;
        for (int i = 0; i < methods * calls; i++) {
            int method = i % methods;
            long nanos = (method < 10 ? 100_000L : 50L) + (i / methods + 37 * method) % calls;
            time += nanos + 10 + random.nextInt(5_000);
            maker.at(time, 0, 5, "com.acme.Service" + method % 100 + ":method" + method, nanos);
        }
        return maker.write(folder.resolve("methods" + methods), Map.of("pid", 1L));
    }

    @Test
    void hasATableOfThousandsOfMethods() throws IOException {
        Path trace = methods(3_000, 50);
        Path small = report(trace, "--max-bytes=2097152");
        assertTrue(Files.size(small) <= 2_097_152, Files.size(small) + " bytes");
        try (Browser page = new Browser(small, folder)) {
            assertTrue(page.text("notes").contains("marks with other names are called others"), page.text("notes"));
        }
        try (Browser page = new Browser(report(trace), folder)) {
            page.tab("statistics");
            assertEquals(3_000, page.number("report.model.data.names.filter(n => n.kind === 'SPAN').length"));
            assertEquals("com.acme.Service0:method0", page.find("#methods tbody button").getText().strip());
            assertTrue(page.text("panel-statistics").contains("Show more of the 2,900 others"), "the button");
        }
    }

    @Test
    void showsTheSlowestCallAlsoOfAMethodWhoseOtherCallsAreOnlyCounted() throws IOException {
        Path page = folder.resolve("counted.html");
        Run run = Run.of("trace", "report", methods(300, 2_500).toString(), "--html=" + page, "--max-bytes=2097152");
        assertEquals(0, run.exit(), run.err());
        assertTrue(Files.size(page) <= 2_097_152, Files.size(page) + " bytes");
        assertTrue(run.out().contains("and the longest of each name"), run.out());
        try (Browser browser = new Browser(page, folder)) {
            browser.tab("statistics");
            assertTrue(browser.text("panel-statistics").contains("only in the counts, and not in the histogram"),
                    browser.text("panel-statistics"));
            // All calls: 50 to 2,549 ns, by ones; percentiles exceed the true values by less than 1 in 100.
            browser.click("#methods th:nth-child(4) button");
            browser.click("#methods tbody tr button");
            assertEquals("ascending", browser.find("#methods th:nth-child(4)").getDomAttribute("aria-sort"));
            String row = browser.find("#methods tbody tr").getText();
            assertTrue(row.matches("com.acme.Service\\d+:method\\d+ 2,500 [0-9.,]+ 3.249 ms 3.249 ms 1.[23]\\d* .s"
                    + " 2.3\\d* .s 2.5\\d* .s 2.549 .s"), row);
            assertTrue(browser.text("details").matches("(?s)com.acme.Service\\d+:method\\d+ 2.549 .s.*"),
                    browser.text("details"));
        }
    }

    @Test
    void drawsLanesByProviderAndByAField() throws IOException {
        try (Browser page = shop()) {
            assertTrue(page.text("labels").contains("virtual threads (8 rows)"), page.text("labels"));
            page.choose("lanes", "provider");
            for (String lane : List.of("http", "db", "lock", "json", "report")) {
                assertEquals(1, page.number("report.model.lanes.filter(lane => lane.name === '" + lane + "').length"));
            }
            assertTrue(page.text("labels").startsWith("\u25be http (12 rows)"), page.text("labels"));
            page.choose("lanes", "field tenant");
            // The spans in a request have its lane, although they have no field of that name.
            assertTrue(page.text("labels").contains("tenant = \"tenant-0\""), page.text("labels"));
            assertEquals(3, page.number("report.model.lanes.filter(lane => lane.name.startsWith('tenant =')).length"));
            assertEquals(1, page.number("new Set([...report.model.childrenOf(0), 0].map(i => "
                    + "report.model.laneOfRow(report.model.row[i]))).size"));
        }
    }

    @Test
    void drawsFlameGraphsAndCounters() throws IOException {
        try (Browser page = shop()) {
            page.tab("spans");
            assertTrue(page.find(".flame").getText().contains("http:request"), page.text("panel-spans"));
            page.js("[...document.querySelectorAll('.flame button')].find(b => b.textContent === 'lock:wait').click()");
            page.settle();
            assertTrue(page.text("panel-spans").contains("lock:wait: total "), page.text("panel-spans"));
            page.js("window.scrollTo(0, 0)");
            page.drag(0.3, 0.5);
            assertTrue(page.text("panel-spans").startsWith("The selected "), page.text("panel-spans"));
            assertTrue(page.find(".flame").getText().contains("http:request"), page.text("panel-spans"));
            page.tab("samples");
            String samples = page.text("panel-samples");
            assertTrue(samples.contains("libc.so.6") && samples.contains("--jfr RECORDING.jfr"), samples);
            page.tab("counters");
            page.await(() -> page.all("#panel-counters canvas").size() >= 2);
            assertTrue(page.text("panel-counters").contains("pool:size connections"), page.text("panel-counters"));
        }
    }

    @Test
    void drawsAMillionSpans() throws IOException {
        long begin = System.nanoTime();
        Path page = report(ReportTraces.many(folder.resolve("many"), 1_000_000, 0));
        System.out.println("a million spans: " + (System.nanoTime() - begin) / 1_000_000 + " ms for trace and page, "
                + Files.size(page) + " bytes");
        try (Browser browser = new Browser(page, folder)) {
            assertTrue(browser.text("facts").contains("1,000,000 spans"), browser.text("facts"));
            // Every mark in view is drawn or counted in words.
            assertEquals(1_000_000, browser.number("report.chart.one + report.chart.together"));
            assertTrue(browser.text("status").contains("narrower than a pixel"), browser.text("status"));
            browser.keys("w", "w", "w", "d", "a", "s");
            browser.click("#slowest tbody tr");
            assertTrue(browser.text("details").startsWith("web:request 50"), browser.text("details"));
            System.out.println("drawing: " + browser.number("(() => { report.view.showAll(); "
                    + "const t = performance.now(); report.chart.draw(); return performance.now() - t; })()") + " ms");
        }
    }

    @Test
    void packsAHundredThousandVirtualThreadsIntoFewRows() throws IOException {
        try (Browser page = new Browser(report(ReportTraces.many(folder.resolve("virtual"), 200_000, 2)), folder)) {
            assertEquals(1, page.number("report.model.lanes.length"));
            assertTrue(page.number("report.model.rows") <= 16, "rows: " + page.number("report.model.rows"));
            assertEquals(100_001, page.number("report.model.columns.threadId.length"), 1);
            page.type("search", "virtual thread 1234");
            page.await(() -> page.text("found").contains("match"));
            assertTrue(page.text("details").contains("virtual thread 1234"), page.text("details"));
        }
    }

    @Test
    void keepsTheLongestSpansWithinALimitOfBytes() throws IOException {
        Path page = folder.resolve("small.html");
        Run run = Run.of("trace", "report", ReportTraces.many(folder.resolve("many"), 1_000_000, 0).toString(),
                "--html=" + page, "--max-bytes=2097152");
        assertEquals(0, run.exit(), run.err());
        assertTrue(Files.size(page) <= 2_097_152, Files.size(page) + " bytes");
        assertTrue(Files.size(page) > 1_000_000, Files.size(page) + " bytes: more spans would have found room");
        assertTrue(run.out().contains("of 1,000,000 spans are shown one by one: the longest, down to"), run.out());
        assertTrue(run.out().contains("the limits are 2,097,152 bytes (2.0 MiB) for the page"), run.out());
        try (Browser browser = new Browser(page, folder)) {
            assertTrue(browser.text("notes").contains("the longest, down to"), browser.text("notes"));
            assertTrue(browser.text("status").contains("only as counts (hatched)"), browser.text("status"));
            // Nothing is lost: kept spans and counts give all spans.
            assertEquals(1_000_000, browser.number("report.model.countedIn(-1, 1e18) + report.model.size"));
            browser.click("#slowest tbody tr");
            assertTrue(browser.text("details").startsWith("web:request 50"), browser.text("details"));
            browser.keys("0");
            browser.tab("statistics");
            assertTrue(browser.text("panel-statistics").contains("only in the counts"), browser.text("notes"));
        }
    }

    @Test
    void refusesALimitOutOfRange() {
        Run run = Run.of("trace", "report", SampleTrace.write(folder.resolve("trace"), 1).toString(), "--html="
                + folder.resolve("page"), "--max-bytes=5");
        assertTrue(run.onlyError().contains("--max-bytes=5: must be 2097152 to 268435456"), run.err());
    }

    @Test
    void showsATraceWithoutEvents() throws IOException {
        try (Browser page = new Browser(report(SampleTrace.write(folder.resolve("empty"), 0)), folder)) {
            assertTrue(page.text("facts").startsWith("0 events, 0 spans"), page.text("facts"));
            for (String tab : List.of("statistics", "spans", "samples", "counters", "events")) {
                page.tab(tab);
            }
            page.keys("w", "s", "f", "m", Keys.ESCAPE);
        }
    }

    @Test
    void showsHostileNamesAndValuesAsText() throws IOException {
        String hostile = "</script><script>document.title = 'x'</script><img src=x onerror=alert(1)>"
                + "\"'\u202e\u0000&lt;";
        ReportTraces.Maker maker = new ReportTraces.Maker().type("a:b_begin", "v", FieldType.Basic.STRING)
                .type("a:b_end").thread(5, false, hostile).thread(6, true, hostile);
        maker.span(0, 1000, 0, 5, "a:b", List.of(hostile)).span(0, 1000, 1, 6, "a:b", List.of(hostile));
        Path page = report(maker.write(folder.resolve("hostile"), Map.of("hostname", hostile, "pid", 1L)));
        String text = Files.readString(page, StandardCharsets.UTF_8);
        assertEquals(text.split("<script", -1).length, text.split("</script", -1).length);
        assertFalse(text.contains("\u202e"));
        try (Browser browser = new Browser(page, folder)) {
            browser.clickMark("0");
            assertTrue(browser.text("details").contains("</script><script>document.title"), browser.text("details"));
            assertEquals(0, browser.all("img").size());
            assertTrue(browser.text("title").startsWith("Trace of </script>"), browser.text("title"));
            browser.type("search", "onerror");
            browser.await(() -> browser.text("found").contains("of 2 matches"));
        }
    }

    @Test
    void loadsNothing() throws IOException {
        String page = Files.readString(report(SampleTrace.write(folder.resolve("trace"), 1)), StandardCharsets.UTF_8);
        assertFalse(page.matches("(?s).*<[^>]* (src|href)=\"(?!data:).*"), "the page refers to no other file");
        assertTrue(page.contains("default-src 'none'"), "the browser refuses whatever a script would load");
        assertTrue(page.contains("Copyright (c) 2022 Leon Sorokin"), "the licence of uPlot");
    }
}
