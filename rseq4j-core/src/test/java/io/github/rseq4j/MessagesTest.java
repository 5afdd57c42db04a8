package io.github.rseq4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * docs/troubleshooting.md has a row for each message of the library's modules, and each row's message is in their code.
 * Columns whose head begins with "message" hold messages. A table whose head is "not listed" names packages and classes
 * without rows. Columns whose head begins with "printed" hold messages of the launcher and of its commands. These have
 * rows for some of their messages only.
 */
final class MessagesTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final List<String> MODULES = List.of("core", "trace", "trace-logging", "jackson", "prometheus",
            "opentelemetry", "micrometer", "agent");
    private static final String BASE = "io/github/rseq4j/";
    /** An argument out of its range: the message has all that a row could have. */
    private static final Pattern RANGE = Pattern.compile("[,:] must (?:not )?(?:be|have) ");
    private static final Pattern CELL = Pattern.compile("(?<!\\\\)\\|");
    private static final Pattern CODE = Pattern.compile("(`+) ?(.+?) ?\\1(?!`)");

    /** The messages and the names without rows of a page. */
    private record Rows(Set<String> messages, Set<String> unlisted, Set<String> printed) {}

    private static Rows rows(String page) {
        Rows rows = new Rows(new TreeSet<>(), new TreeSet<>(), new TreeSet<>());
        List<String> head = List.of();
        for (String line : page.lines().toList()) {
            if (!line.startsWith("|")) {
                head = List.of();
                continue;
            }
            List<String> cells = Arrays.stream(CELL.split(line, -1)).map(String::strip).toList();
            if (head.isEmpty()) {
                head = cells;
                continue;
            }
            for (int i = 0; i < Math.min(head.size(), cells.size()); i++) {
                Set<String> into = head.get(i).startsWith("message") ? rows.messages()
                        : head.get(i).equals("not listed") ? rows.unlisted()
                        : head.get(i).startsWith("printed") ? rows.printed() : new TreeSet<>();
                Matcher code = CODE.matcher(cells.get(i).replace("\\|", "|"));
                while (code.find()) {
                    into.add(code.group(2));
                }
            }
        }
        return rows;
    }

    /**
     * Returns the differences of a page and the code.
     *
     * @param page the page
     * @param sources the text of each source, by its name, such as {@code trace.Tracer}
     */
    private static List<String> differences(String page, Map<String, String> sources) {
        Rows rows = rows(page);
        Set<String> texts = new TreeSet<>();
        Set<String> used = new TreeSet<>();
        List<String> differences = new ArrayList<>();
        sources.forEach((name, text) -> {
            boolean isListed = true;
            for (int dot = name.length(); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
                if (rows.unlisted().contains(name.substring(0, dot))) {
                    used.add(name.substring(0, dot));
                    isListed = false;
                }
            }
            for (MessageSource.Template template : MessageSource.templates(name, text)) {
                texts.add(template.text());
                if (isListed && template.hasWords() && !RANGE.matcher(template.text()).find()
                        && !rows.messages().contains(template.text())) {
                    differences.add(name + ":" + template.line() + " has no row: " + template.text());
                }
            }
        });
        rows.messages().stream().filter(message -> !texts.contains(message))
                .forEach(message -> differences.add("not in the code: " + message));
        rows.unlisted().stream().filter(name -> !used.contains(name))
                .forEach(name -> differences.add("no such package or class: " + name));
        return differences;
    }

    /** Returns the messages of the command line on a page that are not in a text, part by part. */
    private static List<String> notPrinted(String page, String text) {
        return rows(page).printed().stream().filter(message -> Arrays.stream(message.split("…"))
                .anyMatch(part -> !text.contains(part.strip()))).toList();
    }

    private static Map<String, String> sources(List<String> modules) throws IOException {
        Map<String, String> sources = new TreeMap<>();
        for (String module : modules) {
            Path folder = ROOT.resolve("rseq4j-" + module + "/src/main/java/" + BASE);
            List<Path> files;
            try (Stream<Path> all = Files.walk(folder)) {
                files = all.filter(file -> file.toString().endsWith(".java")).toList();
            }
            assertTrue(files.size() > 1, "no source in " + folder);
            for (Path file : files) {
                String name = folder.relativize(file).toString().replaceAll("\\.java$", "").replace('/', '.');
                if (!name.endsWith("package-info")) {
                    sources.put(name, Files.readString(file));
                }
            }
        }
        return sources;
    }

    @Test
    void eachMessageHasARowAndEachRowAMessage() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/troubleshooting.md"));
        assertEquals("", String.join("\n", differences(page, sources(MODULES))));
    }

    @Test
    void eachMessageOfTheCommandLineIsPrintedByIt() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/troubleshooting.md"));
        // The script joins the words of a message by blanks.
        String script = Files.readString(ROOT.resolve("rseq4j")).replaceAll("\" \\\\\n +\"", " ");
        StringBuilder text = new StringBuilder(script);
        sources(List.of("cli")).forEach((name, source) -> MessageSource.templates(name, source)
                .forEach(template -> text.append('\n').append(template.text())));
        assertEquals(List.of(), notPrinted(page, text.toString()));
        assertEquals(List.of("there is … no such message"), notPrinted(page
                + "\n| printed by a command | meaning |\n|---|---|\n| `there is … no such message` | - |\n",
                text.toString()));
    }

    @Test
    void findsAMessageThatWasChangedOnOneSideOnly() {
        String source = """
                final class A {
                    void m(int n, boolean isOld) {
                        if (n < 0) {
                            throw new IllegalArgumentException("n=" + n + ", must be at least 0");
                        }
                        throw new IllegalStateException("folder=" + n + (isOld ? ": was closed | twice"
                                : ": the `x` runs") + "; close it" + '.');
                    }
                }
                """;
        String head = """
                | message | meaning |
                |---|---|
                """;
        String both = """
                | `folder=…: was closed \\| twice; close it.` | |
                | `` folder=…: the `x` runs; close it. `` | |
                """;
        assertEquals(List.of(), differences(head + both, Map.of("a.A", source)));
        assertEquals(List.of("a.A:6 has no row: folder=…: was closed | twice; close it.",
                "not in the code: folder=…: was closed; close it."),
                differences(head + both.replace(" \\| twice", ""), Map.of("a.A", source)));
        assertEquals(2, differences(head, Map.of("a.A", source)).size());
        String unlisted = head + "\n| not listed | kind |\n|---|---|\n| `a` | any |\n";
        assertEquals(List.of(), differences(unlisted, Map.of("a.A", source)));
        assertEquals(List.of("no such package or class: a"), differences(unlisted, Map.of("b.A", "class A {}")));
    }
}
