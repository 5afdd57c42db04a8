package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.rseq4j.analysis.TraceReport;
import io.github.rseq4j.cli.Run;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The page of a trace, in a real browser. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TraceReportTest {
    private static final long SECONDS = 120;

    // A browser may still write to its folder while it ends.
    @TempDir(cleanup = CleanupMode.NEVER)
    private Path folder = Path.of("");

    /** Returns the document after the page's script has run. */
    private String document(Path page) throws IOException, InterruptedException {
        List<String> command = List.of("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--virtual-time-budget=5000", "--user-data-dir=" + folder.resolve("profile"),
                "--dump-dom", page.toUri().toString());
        Path document = folder.resolve("document.html");
        Process process;
        try {
            process = new ProcessBuilder(command).redirectOutput(document.toFile())
                    .redirectError(new File("/dev/null")).start();
        } catch (IOException e) {
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail("chromium is missing: install chromium", e);
            }
            abort("chromium is missing: install chromium");
            throw e;
        }
        try {
            assertTrue(process.waitFor(SECONDS, TimeUnit.SECONDS), "the browser ends");
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(document);
    }

    private Path report(int requests) {
        Path page = folder.resolve("report.html");
        Run run = Run.of("trace", "report", SampleTrace.write(folder.resolve("trace"), requests).toString(),
                "--html=" + page);
        assertEquals(0, run.exit(), run.err());
        return page;
    }

    @Test
    void drawsEveryEventOfASmallTraceInABrowser() throws IOException, InterruptedException {
        String document = document(report(900));
        assertTrue(document.contains("Trace of here, process 77</h1>"), document.substring(0, 3000));
        // Each event is a mark in the lanes of its CPU and its thread; each request is also a span.
        assertTrue(document.contains("<p id=\"check\">drawn: 2 CPUs, 2 threads, 3 rows, " + (2 * 2700 + 900)
                + " marks, zoomed to 2.25 ms</p>"), document.replaceFirst("(?s).*(<p id=.check.*?</p>).*", "$1"));
        assertTrue(document.contains("<td>web:request_begin</td><td>900</td>"), "the table of events");
        assertTrue(document.contains("<td>web:request</td><td>900</td>"), "the table of spans");
    }

    @Test
    void drawsAMillionEventsFromCountsInABrowser() throws IOException, InterruptedException {
        Path page = report(333_334);
        assertTrue(Files.size(page) < 2_000_000, Files.size(page) + " bytes");
        String document = document(page);
        assertTrue(document.contains("1,000,002 events"), "the number of events");
        assertTrue(document.contains("<p id=\"check\">drawn: 2 CPUs, 2 threads, 3 rows, " + TraceReport.MAX_SPANS
                + " marks, "), document.replaceFirst("(?s).*(<p id=.check.*?</p>).*", "$1"));
    }

    @Test
    void loadsNothingAndEscapesTheEndOfTheScript() throws IOException {
        String page = Files.readString(report(1), StandardCharsets.UTF_8);
        assertFalse(page.matches("(?s).*(src|href)=\"(?!data:).*"), "the page refers to no other file");
        assertFalse(page.contains("http"), "no address");
        assertEquals(2, page.split("</script>", -1).length - 1);
    }
}
