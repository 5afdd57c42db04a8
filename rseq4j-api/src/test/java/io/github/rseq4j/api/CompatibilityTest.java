package io.github.rseq4j.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs that were compiled against the last tag run on this tree: the public API is binary compatible. */
final class CompatibilityTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));

    @TempDir
    private Path folder;

    /** Breaks since the last tag that are meant, from a resource. */
    private static List<String> accepted() throws IOException {
        try (InputStream in = Objects.requireNonNull(CompatibilityTest.class.getResourceAsStream("/accepted.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("# ")).toList();
        }
    }

    private record Outcome(boolean succeeded, String output) {}

    private static Outcome git(String... arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("git");
        builder.command().addAll(List.of(arguments));
        Process process = builder.directory(ROOT.toFile()).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return new Outcome(process.waitFor() == 0, output);
    }

    @Test
    void runsWhatWasCompiledAgainstTheLastTag() throws IOException, InterruptedException {
        Outcome tag = git("describe", "--tags", "--abbrev=0");
        assumeTrue(tag.succeeded, "there is no tag to compare with: " + tag.output);
        Path archive = folder.resolve("tag.zip");
        Outcome archived = git("archive", "--output=" + archive, tag.output);
        assertTrue(archived.succeeded, archived.output);
        Path tree = Files.createDirectory(folder.resolve("tag"));
        assertEquals(0, ToolProvider.findFirst("jar").orElseThrow().run(System.out, System.err, "--extract",
                "--file=" + archive, "--dir=" + tree));
        Api older = Api.compile(tree, folder.resolve("older"));
        Api newer = Api.compile(ROOT, folder.resolve("newer"));
        assertTrue(older.packages().contains("io.github.rseq4j/io.github.rseq4j.percpu"), older.toString());
        assertEquals("", String.join("\n", newer.breaks(older, accepted())), "breaks since " + tag.output
                + "; mend them, or name them in rseq4j-api/src/test/resources/accepted.txt and in CHANGELOG.md");
    }

    /** Returns the API of a tree with one module, which exports package {@code a} and maybe {@code b}. */
    private Api api(String name, String exports, String members) throws IOException {
        Path tree = folder.resolve(name);
        Path options = tree.resolve("rseq4j-api/src/main/javadoc/options");
        Path sources = tree.resolve("rseq4j-one");
        Files.createDirectories(options.getParent());
        Files.createDirectories(sources.resolve("a"));
        Files.createDirectories(sources.resolve("b"));
        Files.writeString(options, "-quiet\n--module-source-path one=../rseq4j-one\n");
        Files.writeString(sources.resolve("module-info.java"), "module one { " + exports + " }");
        Files.writeString(sources.resolve("a/A.java"), "package a; public class A { " + members + " }");
        Files.writeString(sources.resolve("b/B.java"), "package b; public class B { " + members + " }");
        return Api.compile(tree, tree.resolve("target"));
    }

    @Test
    void findsEachKindOfBreak() throws IOException {
        Api older = api("older", "exports a;", "public int get(int i) { return i; }");
        Api same = api("same", "exports a;", "public int get(int i) { return -i; } public void more() {}");
        assertEquals(List.of(), same.breaks(older, List.of()));
        Api removed = api("removed", "exports a;", "");
        List<String> breaks = removed.breaks(older, List.of());
        assertEquals(1, breaks.size(), breaks.toString());
        assertTrue(breaks.getFirst().contains("get(int)"), breaks.toString());
        assertEquals(List.of(), removed.breaks(older, List.of("a.A#get(int)")));
        assertEquals(1, api("other", "exports a;", "public long get(int i) { return i; }")
                .breaks(older, List.of()).size());
        assertEquals(List.of("one/a is not exported any more"),
                api("hidden", "exports b;", "public int get(int i) { return i; }").breaks(older, List.of()));
    }

    @Test
    void comparesNoPackageThatTheOlderTreeDoesNotExport() throws IOException {
        Api older = api("older", "exports a; exports b to other;", "");
        Api newer = api("newer", "exports a;", "");
        Files.delete(folder.resolve("newer/rseq4j-one/b/B.java"));
        Api without = Api.compile(folder.resolve("newer"), folder.resolve("without"));
        assertEquals(List.of(), newer.breaks(older, List.of()));
        assertEquals(List.of(), without.breaks(older, List.of()));
    }
}
