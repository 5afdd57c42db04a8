package io.github.rseq4j.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** README has the figures of the newest run that docs/results has, as {@code scripts/figures} writes them. */
class ReadmeFiguresTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final Plan PLAN = new Plan(false, 2, List.of(1, 8), 1, 1, 1, 600);
    private static final String PAGE = """
            Before.
            <!-- figures -->
            old
            <!-- end of figures -->
            Between.
            <!-- goals not met -->
            <!-- end of goals not met -->
            After.
            """;

    @Test
    void readmeHasTheFiguresOfTheNewestRun() throws IOException {
        Path newest;
        try (Stream<Path> results = Files.list(ROOT.resolve("docs/results"))) {
            newest = results.filter(file -> file.getFileName().toString().matches("\\d{4}-\\d\\d-\\d\\d-bench\\.json"))
                    .max(Comparator.naturalOrder()).orElseThrow(() -> new AssertionError("docs/results has no"
                            + " DATE-bench.json; make one with ./rseq4j bench --json FILE"));
        }
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertEquals(ReadmeFigures.replaced(readme, newest), readme, "README.md differs from "
                + newest.getFileName() + "; run scripts/figures " + ROOT.relativize(newest));
    }

    /** A family with two operations, and one with a limit alone. */
    private static Path run(Path folder) throws IOException, InterruptedException {
        Source fast = (_, _) -> new double[] {3.001};
        Source slow = (threads, _) -> new double[] {4.009 * threads};
        Family pairs = new Family("pairs", "update", "ns", true, List.of(
                new Row("OursFirst", Side.OURS, fast, "first"), new Row("TheirsFirst", Side.PEER, slow, "first"),
                new Row("OursSecond", Side.OURS, slow, "second"), new Row("TheirsSecond", Side.PEER, fast, "second")),
                List.of(Goal.ratio("OursFirst", 1, "TheirsFirst").with(1),
                        Goal.ratio("OursSecond", 1, "TheirsSecond").with(1, 8)));
        Family limited = new Family("limited", "a start", "ms", false, List.of(new Row("one start", Side.OURS, slow),
                new Row("no start", Side.LIMIT, fast)), List.of(Goal.above("one start", "no start", 2).with(1)));
        List<Family> families = List.of(pairs, limited);
        Suite suite = new Suite(families, PLAN);
        suite.measure(_ -> { });
        Path json = folder.resolve("2026-11-29-bench.json");
        Files.write(json, JsonMapper.shared().writeValueAsBytes(Results.of("2026-11-29", Machine.current(), PLAN,
                suite, families)));
        return json;
    }

    @Test
    void eachOperationHasARowAndEachGoalThatIsNotMetToo(@TempDir Path folder)
            throws IOException, InterruptedException {
        String page = ReadmeFigures.replaced(PAGE, run(folder));
        assertTrue(page.startsWith("Before.\n<!-- figures -->\n"), page);
        assertTrue(page.contains("""

                | operation | rseq4j, 1 thread | best peer, 1 thread | ratio, 1 thread | 8 threads | goals |
                |---|---|---|---|---|---|
                | update: first | 3.01 ns | `TheirsFirst` 4.00 ns | 0.75 [0.74 0.75] | 0.10 [0.09 0.10] | met |
                | update: second | 4.01 ns | `TheirsSecond` 3.00 ns | 1.34 [1.33 1.34] | 10.7 [10.6 10.7] | 0 of 2 met |
                | a start | 4.01 ms | no start 3.00 ms | 1.34 [1.33 1.34] | 10.7 [10.6 10.7] | met |
                <!-- end of figures -->
                Between.
                <!-- goals not met -->
                """), page);
        assertTrue(page.contains("""
                | pairs | OursSecond: at most TheirsSecond | 1 | 4.01 [4.00 4.01] ns | 3.00 [3.00 3.01] ns | not met |
                | pairs | OursSecond: at most TheirsSecond | 8 | 32.1 [32.0 32.1] ns | 3.00 [3.00 3.01] ns | not met |
                <!-- end of goals not met -->
                After.
                """), page);
        assertFalse(page.contains("old"), page);
        assertTrue(page.lines().filter(line -> !line.startsWith("|")).allMatch(line -> line.length() <= 120), page);
    }

    @Test
    void theScriptWritesThePage(@TempDir Path folder) throws IOException, InterruptedException {
        Path readme = folder.resolve("README.md");
        Files.writeString(readme, PAGE);
        Path json = run(folder);
        Path script = Files.copy(ROOT.resolve("scripts/figures"),
                Files.createDirectory(folder.resolve("scripts")).resolve("figures"));
        Path launcher = folder.resolve("rseq4j");
        Files.writeString(launcher, """
                #!/bin/sh
                shift
                exec '%s' --enable-native-access=ALL-UNNAMED -cp '%s' %s "$@"
                """.formatted(Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"), BenchCommand.class.getName()));
        assertTrue(launcher.toFile().setExecutable(true));
        Process process = new ProcessBuilder(script.toString(), json.toString()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(1, TimeUnit.MINUTES));
        assertEquals(0, process.exitValue(), output);
        assertEquals(ReadmeFigures.replaced(PAGE, json), Files.readString(readme));
    }

    @Test
    void aFileThatIsNoRunAndAPageWithoutMarksAreRefused(@TempDir Path folder)
            throws IOException, InterruptedException {
        Path text = Files.writeString(folder.resolve("text.json"), "text");
        requireRefusal("text.json: is not what bench --json writes", PAGE, text);
        Path json = run(folder);
        requireRefusal("no marks <!-- figures -->", "none", json);
    }

    private static void requireRefusal(String reason, String page, Path json) {
        String message = String.valueOf(
                assertThrows(InputException.class, () -> ReadmeFigures.replaced(page, json)).getMessage());
        assertTrue(message.contains(reason), message);
    }
}
