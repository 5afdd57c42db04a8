package io.github.rseq4j.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.cli.io.Launch;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command measures, and writes text, JSON and a page. */
class BenchCommandTest {
    private static final Plan SHORT = new Plan(false, 1, List.of(1), 1, 2, 10, 600);
    private static final String IGNORED = "SigIgn:";
    /** Its bit among the ignored signals. */
    private static final long SIGINT = 1 << 1;
    private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
    private static final Path DRIVER = Path.of("/usr/bin/chromedriver");

    private record Outcome(int exit, String output, String errors) {}

    private static Outcome run(String... arguments) {
        return run(SHORT, arguments);
    }

    private static Outcome run(Plan plan, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Launch.prepared(new CommandLine(new BenchCommand(plan))).setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err));
        int exit = Launch.execute(line, null, arguments);
        return new Outcome(exit, out.toString(), err.toString());
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void measuresAndWritesTextJsonAndAPage(@TempDir Path folder) throws IOException {
        Path json = folder.resolve("bench.json");
        Path html = folder.resolve("bench.html");
        Outcome outcome = run("counter", "startup", "--json", json.toString(), "--html", html.toString());
        assertEquals(0, outcome.exit(), outcome.errors());
        assertTrue(outcome.output().contains("an addition to a counter"), outcome.output());
        assertTrue(outcome.output().matches("(?s).*(MET|NOT MET|UNDECIDED): the first addition to a counter: at most"
                + " 1.5 times the first critical downcall, 1 thread.*"), outcome.output());

        JsonNode results = JsonMapper.shared().readTree(json.toFile());
        assertEquals(1, results.get("rounds").asInt());
        assertTrue(results.get("machine").get("cannotShow").size() > 0);
        JsonNode counter = results.get("families").get(0);
        assertEquals("counter", counter.get("name").asString());
        JsonNode ours = counter.get("rows").get(0);
        assertEquals("PerCpuCounter", ours.get("name").asString());
        assertEquals("ours", ours.get("side").asString());
        JsonNode time = ours.get("times").get(0);
        assertTrue(time.get("time").get("value").asDouble() > 0);
        assertEquals(2, time.get("rounds").get(0).size());
        JsonNode goal = results.get("families").get(1).get("goals").get(0);
        assertTrue(List.of("met", "not met", "undecided").contains(goal.get("verdict").asString()));
        lookAt(html, 2);
    }

    /** Opens the page, which must draw a chart for each family and report no error. */
    private static void lookAt(Path html, int families) {
        boolean isThere = Files.isExecutable(CHROMIUM) && Files.isExecutable(DRIVER);
        String reason = "chromium or its driver is missing: install chromium and chromium-driver";
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), reason);
        assumeTrue(isThere, reason);
        ChromeOptions options = new ChromeOptions();
        options.setBinary(CHROMIUM.toString());
        options.addArguments("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
                "--user-data-dir=" + html.resolveSibling("profile"));
        ChromeDriver driver = new ChromeDriver(new ChromeDriverService.Builder()
                .usingDriverExecutable(new File(DRIVER.toString())).build(), options);
        try {
            driver.get(html.toUri().toString());
            assertEquals(List.of(), driver.manage().logs().get(LogType.BROWSER).getAll());
            assertEquals(families, driver.findElements(By.tagName("canvas")).size());
            Object drawn = driver.executeScript("""
                    return [...document.querySelectorAll('canvas')].every(canvas => canvas.width > 100
                        && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(x => x));
                    """);
            assertEquals(true, drawn);
            assertTrue(driver.findElement(By.id("goals")).getText().contains("1.5 times"));
        } finally {
            driver.quit();
        }
    }

    private static boolean ignoresInterrupts() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(IGNORED))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(IGNORED.length()).trim(), 16) & SIGINT) != 0);
    }

    /** Sends SIGINT to this JVM when the third process that measures has begun. */
    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void ctrlCPrintsTheRowsThatWereMeasured(@TempDir Path folder) throws IOException, InterruptedException {
        assumeFalse(ignoresInterrupts(), "the build runs in the background of a shell, which ignores SIGINT");
        Thread user = Thread.ofPlatform().start(() -> {
            Set<Long> processes = new HashSet<>();
            while (processes.size() < 3) {
                ProcessHandle.current().descendants().forEach(process -> processes.add(process.pid()));
                Thread.onSpinWait();
            }
            try {
                new ProcessBuilder("sh", "-c", "kill -INT " + ProcessHandle.current().pid()).start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        Path json = folder.resolve("bench.json");
        Outcome outcome = run(new Plan(false, 100, List.of(1), 1, 2, 10, 600), "section", "--json", json.toString());
        user.join();
        assertEquals(130, outcome.exit(), outcome.errors());
        assertTrue(outcome.output().contains(" (interrupted in round "), outcome.output());
        assertTrue(outcome.output().contains("SectionBuilder"), outcome.output());
        assertTrue(JsonMapper.shared().readTree(json.toFile()).get("ended").asString().startsWith("interrupted"));
    }

    @Test
    void anUnknownFamilyIsRefusedWithTheKnownOnes() {
        Outcome outcome = run("counters", "nonsense");
        assertEquals(2, outcome.exit());
        assertTrue(outcome.errors().startsWith("rseq4j: family=nonsense is unknown, must be one of counter, counters"),
                outcome.errors());
        assertEquals("", outcome.output());
    }

    @Test
    void aFileThatCannotBeWrittenIsRefusedBeforeAnythingIsMeasured(@TempDir Path folder) {
        Outcome outcome = run("counter", "--json", folder.resolve("none/bench.json").toString());
        assertEquals(2, outcome.exit());
        assertTrue(outcome.errors().contains("none"), outcome.errors());
        assertEquals("", outcome.output());
    }
}
