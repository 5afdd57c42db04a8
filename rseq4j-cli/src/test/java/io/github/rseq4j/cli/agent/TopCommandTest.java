package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command top, on a process with a table. */
final class TopCommandTest {
    private static final String NEVER = "-Drseq4j.registration=never";
    private static final int METHODS = TopTarget.COUNTED + 4;

    private static List<JsonNode> rows(Run run) {
        assertEquals(0, run.exit(), run.err());
        assertEquals("", run.err());
        JsonNode array = JsonMapper.shared().readTree(run.out());
        assertTrue(array.isArray(), run.out());
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    private static List<String> names(List<JsonNode> rows) {
        return rows.stream().map(row -> row.get("method").asString() + row.get("descriptor").asString()).toList();
    }

    @Test
    void printsAnArrayOfMethods() throws IOException {
        for (String[] options : new String[][] {{}, {NEVER}}) {
            try (TopTarget target = TopTarget.start(options)) {
                List<JsonNode> rows = rows(Run.of("top", target.pid(), "--json"));
                assertEquals(METHODS, rows.size());
                for (JsonNode row : rows) {
                    assertTrue(row.propertyNames().containsAll(Set.of("class", "method", "calls", "totalNanos",
                            "p50Nanos", "p99Nanos", "maxNanos", "descriptor", "mode")), row::toString);
                    assertEquals(9, row.size());
                }
                List<JsonNode> parse = rows(Run.of("top", target.pid(), "--json", "--filter", "timed::parse"));
                assertEquals(List.of("parse(I)V", "parse(Ljava/lang/String;)V"), names(parse));
                assertEquals(TopTarget.TIMED_CALLS, parse.getFirst().get("calls").asLong());
                assertEquals("com.acme.Timed", parse.getFirst().get("class").asString());
                assertEquals("time", parse.getFirst().get("mode").asString());
                double max = parse.getFirst().get("maxNanos").asDouble();
                double total = parse.getFirst().get("totalNanos").asDouble();
                // One call of the longest duration, and 99 of its half.
                assertEquals(101 * max / 2, total, total / 1e6);
                assertEquals(max / 2, parse.getFirst().get("p99Nanos").asDouble(), max / 32);
            }
        }
    }

    @Test
    void sortsAndFilters() throws IOException {
        try (TopTarget target = TopTarget.start()) {
            List<String> byMax = names(rows(Run.of("top", target.pid(), "--json", "--sort", "max", "--filter",
                    "com.acme.T?med::*")));
            assertEquals(List.of("parse(I)V", "<init>()V", "parse(Ljava/lang/String;)V"), byMax);
            List<JsonNode> byCalls = rows(Run.of("top", target.pid(), "--json", "--sort", "calls", "--filter",
                    "Counted"));
            assertEquals(TopTarget.COUNTED, byCalls.size());
            assertEquals("method39", byCalls.getFirst().get("method").asString());
            assertEquals(0, byCalls.getLast().get("calls").asLong());
            for (String column : new String[] {"total", "p50", "p99"}) {
                assertEquals("parse(I)V", names(rows(Run.of("top", target.pid(), "--json", "--sort", column)))
                        .stream().filter(name -> !name.startsWith("tick")).findFirst().orElse(""));
            }
        }
    }

    @Test
    void printsTheMethodsThatWereCalled() throws IOException {
        try (TopTarget target = TopTarget.start()) {
            Run all = Run.of("top", target.pid(), "--once", "--since-attach", "--sort", "max");
            List<String> lines = all.out().lines().toList();
            assertTrue(lines.getFirst().matches("pid " + target.pid() + ", since attach, 0:00:\\d\\d: " + METHODS
                    + " methods, 4[23] called"), lines.getFirst());
            assertTrue(lines.get(1).endsWith("MAX  METHOD"), lines.get(1));
            assertTrue(lines.get(2).endsWith("  com.acme.Timed::parse(int)"), lines.get(2));
            Run interval = Run.of("top", target.pid(), "--once", "--interval", "0.3");
            assertTrue(interval.out().lines().toList().get(0).contains("last 0."), interval.out());
            assertTrue(interval.out().lines().toList().get(2).endsWith("  com.acme.Ticker::tick"), interval.out());
            assertEquals(3, interval.out().lines().count(), interval.out());
        }
    }

    @Test
    void saysWhyTheFallbackIsSlower() throws IOException {
        try (TopTarget target = TopTarget.start(NEVER)) {
            Run run = Run.of("top", target.pid(), "--once", "--since-attach");
            assertTrue(run.out().contains("; slower, and new once a second: rseq is not available: switched off"),
                    run.out());
        }
    }

    @Test
    void printsATableEachIntervalUntilTheProcessEnds() throws IOException {
        TopTarget target = TopTarget.start();
        int[] tables = {0};
        Run run = Run.into(new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                if (octet == '\n' && ++tables[0] == 8) {
                    target.close();
                }
            }
        }, "top", target.pid(), "--interval", "0.1");
        assertEquals(0, run.exit());
        assertEquals("rseq4j: pid=" + target.pid() + ": the process has ended\n", run.err());
    }

    @Test
    void refusesWhatItCannotShow() throws IOException {
        assertEquals("rseq4j: pid=4194999: there is no such process", Run.of("top", "4194999").onlyError());
        assertTrue(Run.of("top", "4194999", "--interval", "0").onlyError().contains("interval=0.0: must be 0.1"));
        assertTrue(Run.of("top", "4194999", "--interval", "NaN").onlyError().contains("interval=NaN: must be 0.1"));
        assertTrue(Run.of("top", "1", "--sort", "x").onlyError().contains("--sort"));
        assertTrue(Run.of("top").onlyError().contains("PID"));
        String own = Long.toString(ProcessHandle.current().pid());
        Run run = Run.of("top", own, "--json");
        assertEquals("rseq4j: pid=" + own + ": no agent of rseq4j is in this process: rseq4j attach " + own
                + " --method GLOB --mode time attaches it", run.onlyError());
        assertEquals(2, run.exit());
    }

    /** The command on a terminal of the kernel. */
    @Test
    void isOperatedOnATerminal() throws IOException, InterruptedException {
        Jvm.require(Files.isExecutable(Path.of("/usr/bin/script")), "script of util-linux");
        try (TopTarget target = TopTarget.start()) {
            String java = String.join(" ", Path.of(System.getProperty("java.home"), "bin/java").toString(),
                    "--enable-native-access=ALL-UNNAMED", "-cp", "'" + Run.classPath() + "'",
                    "io.github.rseq4j.cli.Main top", target.pid(), "--interval 0.2");
            ProcessBuilder builder = new ProcessBuilder("script", "-qec", "stty rows 12 cols 90; " + java, "/dev/null");
            builder.environment().put("TERM", "xterm");
            Process script = builder.redirectErrorStream(true).start();
            StringBuilder output = new StringBuilder();
            try (Reader reader = script.inputReader(StandardCharsets.UTF_8)) {
                awaitOutput(reader, output, "[?1049h");
                awaitOutput(reader, output, "by total");
                script.outputWriter().append("m\f").flush();
                awaitOutput(reader, output, "by max");
                script.outputWriter().append("q").flush();
                awaitOutput(reader, output, "[?1049l");
            }
            assertEquals(0, script.waitFor(), output.toString());
        }
    }

    private static void awaitOutput(Reader reader, StringBuilder output, String expected) throws IOException {
        int from = output.length();
        while (output.indexOf(expected, from) < 0) {
            int c = reader.read();
            if (c < 0) {
                throw new AssertionError("no " + expected + " in " + output);
            }
            output.append((char) c);
        }
    }
}
