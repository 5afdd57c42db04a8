package io.github.rseq4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The links between the documents lead to files and headings, and README's table leads to each page of docs. */
final class LinksTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.*?) *$");
    private static final Pattern FENCED = Pattern.compile("(?m)^```[\\s\\S]*?^```$");
    private static final Pattern CODE = Pattern.compile("`[^`\n]*`");

    private static List<Path> pages(Path root) throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> all = Files.list(root); Stream<Path> docs = Files.walk(root.resolve("docs"))) {
            Stream.concat(all, docs).filter(p -> p.toString().endsWith(".md")).sorted().forEach(pages::add);
        }
        return pages;
    }

    /** Returns the anchors of a page as GitHub makes them. */
    private static Set<String> anchors(String page) {
        Map<String, Integer> counts = new HashMap<>();
        Set<String> anchors = new TreeSet<>();
        Matcher heading = HEADING.matcher(FENCED.matcher(page).replaceAll(""));
        while (heading.find()) {
            String text = heading.group(1).replaceAll("\\]\\([^)]*\\)", "").toLowerCase(Locale.ROOT);
            String anchor = text.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-');
            int count = counts.merge(anchor, 1, Integer::sum);
            anchors.add(count == 1 ? anchor : anchor + "-" + (count - 1));
        }
        return anchors;
    }

    private static List<String> brokenLinks(Path root) throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages(root)) {
            String text = FENCED.matcher(Files.readString(page)).replaceAll("");
            Matcher link = LINK.matcher(CODE.matcher(text).replaceAll(""));
            while (link.find()) {
                String target = link.group(1);
                if (target.matches("[a-z]+:.*")) {
                    continue;
                }
                int hash = target.indexOf('#');
                String file = hash < 0 ? target : target.substring(0, hash);
                Path to = file.isEmpty() ? page : page.resolveSibling(file).normalize();
                if (!Files.exists(to) || hash >= 0 && !anchors(Files.readString(to)).contains(
                        target.substring(hash + 1))) {
                    broken.add(root.relativize(page) + ": " + target);
                }
            }
        }
        return broken;
    }

    @Test
    void eachLinkLeadsToAFileAndToAHeading() throws IOException {
        assertTrue(pages(ROOT).size() > 10, "the documents were found in " + ROOT);
        assertEquals("", String.join("\n", brokenLinks(ROOT)));
    }

    @Test
    void readmeNamesEachPageOfTheManual() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        List<String> missing = new ArrayList<>();
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
            docs.filter(page -> page.toString().endsWith(".md")).sorted()
                    .map(page -> "](docs/" + page.getFileName() + ")")
                    .filter(link -> !readme.substring(readme.indexOf("## Read on")).contains(link))
                    .forEach(missing::add);
        }
        assertEquals(List.of(), missing);
    }

    @Test
    void findsABrokenLink(@TempDir Path folder) throws IOException {
        Files.createDirectory(folder.resolve("docs"));
        Files.writeString(folder.resolve("docs/a.md"),
                "# A `b`: c\n## D\n## D\n```\n# No\n[x](no.md)\n```\n`[x](no)`\n");
        Files.writeString(folder.resolve("README.md"), "# R\n[1](docs/a.md#a-b-c) [2](docs/a.md#d-1) [3](#r) [4](docs)"
                + " [5](https://example.org/x#y)\n[6](docs/a.md#no) [7](b.md) [8](#d)\n");
        assertEquals(List.of("README.md: docs/a.md#no", "README.md: b.md", "README.md: #d"), brokenLinks(folder));
    }
}
