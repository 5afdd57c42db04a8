package io.github.rseq4j.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.demo.ServiceDemo;
import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A short demo, with all services and the page. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DemoRunTest {
    private static final String NUMBER = " +[0-9.,]+";

    // A browser may still write to its folder while it ends.
    @TempDir(cleanup = CleanupMode.NEVER)
    private Path folder = Path.of("");

    /** Returns the files of this process; other demos may run on the machine. */
    private static List<Path> temporary() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(each -> each.getFileName().toString().startsWith("rseq4j-demo-"
                    + ProcessHandle.current().pid() + "-")).toList();
        }
    }

    private static List<String> services() {
        return ProcessHandle.current().descendants().filter(ProcessHandle::isAlive)
                .map(each -> each.info().commandLine().orElse("")).filter(each -> each.contains("ServiceMain"))
                .toList();
    }

    private String run(@Nullable Path input, int seconds) throws IOException, InterruptedException {
        StringWriter out = new StringWriter();
        int exit = new DemoRun().run(new ServiceDemo.Options(input, seconds, folder.resolve("report.html")),
                new PrintWriter(out));
        String text = out.toString();
        assertEquals(0, exit, text);
        assertTrue(text.contains("check: the counters, histograms, /metrics and recorders of all sides agree"), text);
        assertEquals(List.of(), services(), "no service is left");
        assertEquals(List.of(), temporary(), "no file is left");
        return text;
    }

    @Test
    void comparesTheSidesAndWritesThePage() throws IOException, InterruptedException {
        String text = run(null, 3);
        assertSaysWhereItIsNotBetter(text);
        Rseq.Availability rseq = Rseq.availability();
        assertTrue(text.contains("per-CPU structures run on " + (rseq.available() ? "rseq, owner" : "the fallback: ")),
                text);
        try (Browser page = new Browser(folder.resolve("report.html"), folder)) {
            assertEquals(Measure.values().length, page.number("document.querySelectorAll('#table tbody tr').length"));
            assertEquals(3, page.number("demo.data.curves.length"));
            // 12 points for each factor of ten; a machine with a high load serves few documents.
            double tens = Math.log10((double) Math.max(10, number(text, "latency: then ([0-9]+) rounds")
                    * number(text, "([0-9][0-9,]*) a turn")));
            assertTrue(page.number("demo.data.curves[0].millis.length") >= (int) (12 * tens), text);
            assertTrue(page.number("[...document.querySelector('#curves canvas').getContext('2d')"
                    + ".getImageData(0, 0, 600, 300).data].filter((v, i) => i % 4 === 3 && v > 0).length")
                    > 1000, "the curves are drawn");
            assertEquals("true", page.js("return String(document.querySelectorAll('#machine tr').length > 8)"));
            assertTrue(text.contains("slow request: /documents/"), text);
            assertTrue(page.number("demo.data.slow.waitNanos") > page.number("demo.data.slow.nanos") / 2);
            assertTrue(page.number("demo.found") >= 0, "the slow request is in the timeline");
            String details = String.valueOf(page.js("return document.querySelector('#slow iframe').contentDocument"
                    + ".getElementById('details').textContent"));
            assertTrue(details.contains("service:lock_wait"), details);
            for (int width : List.of(1400, 400)) {
                page.resize(width);
                assertTrue(page.number("document.documentElement.scrollWidth") <= width, "as wide as " + width);
                assertTrue(page.number("document.querySelector('#curves canvas').getBoundingClientRect().right")
                        <= width, "the curves are as wide as " + width);
                String picture = System.getProperty("rseq4j.demo.picture", "");
                if (!picture.isEmpty()) {
                    page.picture(Path.of(picture.replace(".png", "-" + width + ".png")));
                }
            }
        }
    }

    private static long number(String text, String pattern) {
        Matcher found = Pattern.compile(pattern).matcher(text);
        assertTrue(found.find(), text);
        return Long.parseLong(found.group(1).replace(",", ""));
    }

    /** The lines that say where ours is not better have the figures of the table. */
    private static void assertSaysWhereItIsNotBetter(String text) {
        for (String peer : List.of("JDK", "Micrometer")) {
            int column = peer.equals("JDK") ? 0 : 1;
            for (String word : List.of("worse", "~")) {
                String sentence = text.lines().filter(line -> line.startsWith((word.equals("~")
                        ? "rseq4j is not shown to be better than " : "rseq4j is worse than ") + peer)).findFirst()
                        .orElse("");
                for (Measure measure : Measure.values()) {
                    List<String> row = ratios(text, measure);
                    assertEquals(row.get(2 * column + 1).equals(word), sentence.contains(measure.title() + ": "
                            + row.get(2 * column)), measure + ": " + row + " in " + sentence);
                }
            }
        }
    }

    /** Returns both ratios of a measure, each with its word. */
    private static List<String> ratios(String table, Measure measure) {
        String ratio = "([0-9.-]+ \\([0-9.-]+ to [0-9.-]+\\)) +(better|worse|~)";
        Matcher row = Pattern.compile("(?m)^" + Pattern.quote(measure.title()) + NUMBER + NUMBER + " +" + ratio + NUMBER
                + " +" + ratio + "$").matcher(table);
        assertTrue(row.find(), measure + " in " + table);
        return List.of(row.group(1), row.group(2), row.group(3), row.group(4));
    }

    @Test
    void servesTheUsersDocumentsAndRefusesThoseThatAreNotJson() throws IOException, InterruptedException {
        Path documents = Files.createDirectory(folder.resolve("documents"));
        Files.writeString(documents.resolve("good.json"),
                "{\"numbers\": [1, 2.5, 1e300], \"text\": \"\u00e9\\u0000\"}");
        Files.writeString(documents.resolve("wrong.json"), "{\"a\": ");
        Files.writeString(documents.resolve("empty.json"), "");
        String text = run(documents, 2);
        assertTrue(text.startsWith("3 documents ("), text);
        assertTrue(text.contains("2 of 3 documents are not JSON; the service refuses them with status 400"), text);
        String page = Files.readString(folder.resolve("report.html"));
        assertTrue(page.contains("\"differences\":[]"), "the page has the check");
    }

    @Test
    void refusesAPageThatCannotBeWrittenBeforeTheLoadRuns() throws IOException {
        for (Path output : List.of(folder, folder.resolve("none/report.html"), Path.of(""))) {
            InputException refused = assertThrows(InputException.class, () -> new DemoRun().run(
                    new ServiceDemo.Options(null, 600, output), new PrintWriter(new StringWriter())));
            assertTrue(String.valueOf(refused.getMessage()).startsWith("--output=" + output + ": cannot be written: "),
                    refused.getMessage());
        }
        assertFalse(Files.exists(folder.resolve("none")));
    }
}
