package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Control characters, characters that change the direction of a line, and single surrogates, in all text from untrusted
 * sources that a command prints.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class PrintableTest {
    private static final EventType TEXT = new EventType("a:text", 0, 6, List.of(
            new EventType.Field("s", FieldType.Basic.STRING), new EventType.Field("c", FieldType.Basic.CHAR),
            new EventType.Field("e", new FieldType.Enumeration(List.of("x\u009b\u202e\u007fy")))));
    private static final EventType MAPPING = new EventType("cpu:mapping", 1, 6, List.of(
            new EventType.Field("a", FieldType.Basic.LONG), new EventType.Field("b", FieldType.Basic.LONG),
            new EventType.Field("o", FieldType.Basic.LONG), new EventType.Field("p", FieldType.Basic.STRING)));
    private static final EventType SAMPLE = new EventType("cpu:sample", 2, 6,
            List.of(new EventType.Field("a", FieldType.Basic.LONG)));

    @TempDir
    private Path folder = Path.of("");

    private static boolean isHostile(int c) {
        return c < ' ' && c != '\n' || c >= 0x7F && c < 0xA0 || c == 0x61C || c == 0x200E || c == 0x200F
                || c >= 0x2028 && c <= 0x202E || c >= 0x2066 && c <= 0x2069 || c >= 0xD800 && c < 0xE000;
    }

    private static List<Character> hostile() {
        List<Character> hostile = new ArrayList<>();
        for (char c = 0; c < 0xFFFF; c++) {
            if (c == '\n' || isHostile(c) && (c < 0xD800 || c % 0x100 == 0)) {
                hostile.add(c);
            }
        }
        return hostile;
    }

    private Path trace() throws IOException {
        Path trace = folder.resolve("trace");
        TraceDescription description = new TraceDescription(new UUID(1, 2), SampleTrace.DESCRIPTION.clock(), 1,
                Map.of("hostname", "h\u009b2J\u202e\u007f" + "x".repeat(1000), "pid", 7L),
                List.of(TEXT, MAPPING, SAMPLE));
        try (TraceWriter writer = new TraceWriter(trace, description, 1 << 16)) {
            long now = 0;
            for (char c : hostile()) {
                writer.append(0, now++, 5, TEXT, Character.isSurrogate(c) ? "half" : "a" + c + "b\u00e9\uD83D\uDE00", c,
                        "x\u009b\u202e\u007fy");
            }
            writer.append(0, now++, 5, MAPPING, 0L, 100L, 0L, "/lib\u009b\u2066" + "y".repeat(5000));
            writer.append(0, now, 5, SAMPLE, 50L);
        }
        return trace;
    }

    private static void assertPrintable(String where, String text) {
        text.codePoints().forEach(c -> assertFalse(isHostile(c), where + " printed U+" + Integer.toHexString(c)));
    }

    @Test
    void escapesHiddenCharactersInEveryCommand() throws IOException {
        String trace = trace().toString();
        Path page = folder.resolve("page");
        Path chrome = folder.resolve("chrome");
        for (String words : List.of("view TRACE", "view TRACE --json", "summary TRACE", "summary TRACE --json",
                "convert TRACE --to=chrome", "convert TRACE --to=chrome --output=" + chrome,
                "report TRACE --html=" + page)) {
            Run run = Run.of(("trace " + words.replace("TRACE", trace)).split(" "));
            assertEquals(0, run.exit(), words + run.err());
            assertPrintable(words, run.out() + run.err());
        }
        assertPrintable("page", Files.readString(page));
        assertPrintable("chrome", Files.readString(chrome));
    }

    @Test
    void escapesHiddenCharactersInJson() throws IOException {
        Path chrome = folder.resolve("chrome");
        String trace = trace().toString();
        Run run = Run.of("trace", "convert", trace, "--to=chrome", "--output=" + chrome);
        assertEquals(0, run.exit(), run.err());
        JsonNode events = JsonMapper.shared().readTree(Files.readString(chrome)).get("traceEvents");
        List<String> lines = Run.of("trace", "view", trace, "--json").out().lines().toList();
        List<Character> hostile = hostile();
        for (int i = 0; i < hostile.size(); i++) {
            char c = hostile.get(i);
            String expected = Character.isSurrogate(c) ? "\uFFFD" : String.valueOf(c);
            for (JsonNode fields : List.of(events.get(i + 2).get("args"),
                    JsonMapper.shared().readTree(lines.get(i)).get("fields"))) {
                assertEquals(expected, fields.get("c").asString());
                assertEquals(Character.isSurrogate(c) ? "half" : "a" + c + "b\u00e9\uD83D\uDE00",
                        fields.get("s").asString());
            }
        }
    }

    @Test
    void replacesCharactersThatTheEncodingCannotRepresent() throws IOException {
        String before = System.getProperty("stdout.encoding", "");
        System.setProperty("stdout.encoding", "US-ASCII");
        try {
            StringWriter written = new StringWriter();
            OutputWriter.print(new PrintWriter(written), Map.of("k", "\u00e9\u202e\uD83D\uDE00\u007f"));
            String text = written.toString();
            assertTrue(text.chars().allMatch(c -> c >= ' ' && c < 0x7F || c == '\n'), text);
            assertEquals("\u00e9\u202e\uD83D\uDE00\u007f", JsonMapper.shared().readTree(text).get("k").asString());
        } finally {
            System.setProperty("stdout.encoding", before);
        }
    }

    @Test
    void escapesAndCutsTheUsersInput() throws IOException {
        String hostile = "x\u009b2J\u202e\u007f\u001b[31m\uD800" + "y".repeat(100_000);
        Path named = Files.createDirectories(folder.resolve("n\u009b\u202ee"));
        for (String[] words : new String[][] {{hostile}, {"trace", hostile}, {"trace", "view", hostile},
            {"trace", "view", folder.toString(), "--from=" + hostile}, {"listing", hostile},
            {"listing", "--arch=" + hostile}, {"demo", "--bytes", hostile}, {"inspect", hostile}, {"--" + hostile},
            {"trace", "recover", hostile}, {"trace", "summary", named.toString()},
            {"trace", "recover", named.toString()},
            {"trace", "report", SampleTrace.write(folder.resolve("t" + Math.random()), 1).toString(),
                "--html=" + named.resolve("a/b")}, {"provider", "--output=" + hostile + "/\u0000"},
            {"provider", "--output=" + folder.resolve("t") + "\u009b/a"}}) {
            Run run = Run.of(words);
            assertPrintable(String.join(" ", words), run.out() + run.err());
            assertTrue(run.err().length() < 5_000, "not shortened: " + run.err().length());
        }
    }
}
