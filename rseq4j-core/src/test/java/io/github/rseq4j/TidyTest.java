package io.github.rseq4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The whole tree keeps the house rules (CONTRIBUTING.md), and each rule detects a violation. */
final class TidyTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final Path CLASSES = ROOT.resolve("rseq4j-core/target/classes");

    private static final Pattern MAIN = Pattern.compile(".*/src/main/java/(io/github/rseq4j/.*)\\.java");
    private static final TidyRooms ROOMS = new TidyRooms(read(ROOT.resolve("DESIGN.md")));

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> files(Path folder, String ending) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(p -> p.toString().endsWith(ending)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> sources() {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.filter(p -> Files.isDirectory(p.resolve("src"))).sorted().toList()) {
                sources.addAll(files(module.resolve("src"), ".java"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return sources;
    }

    @Test
    void sourcesKeepTheRules() throws IOException {
        List<String> faults = new ArrayList<>();
        List<Path> sources = sources();
        assertTrue(sources.size() > 50, "the sources were found below " + ROOT);
        for (Path source : sources) {
            faults.addAll(TidySource.faults(ROOMS, ROOT.relativize(source).toString(), Files.readString(source)));
        }
        assertEquals("", String.join("\n", faults));
    }

    @Test
    void packagesReferToTheRoomsThatTheirRowsName() throws IOException {
        List<String> faults = new ArrayList<>();
        List<Path> classes = files(CLASSES, ".class");
        assertTrue(classes.size() > 50, "the classes were found below " + CLASSES);
        for (Path file : classes) {
            faults.addAll(TidyClasses.faults(ROOMS, Files.readAllBytes(file)));
        }
        assertEquals("", String.join("\n", faults));
    }

    @Test
    void eachPackageIsARoomAndEachRoomAPackage() {
        // Its build copies the sources of rseq4j-jackson.
        Set<String> packages = new TreeSet<>(Set.of("jackson2"));
        for (Path source : sources()) {
            Matcher main = MAIN.matcher(source.toString());
            if (main.matches()) {
                packages.add(ROOMS.room(main.group(1).replace('/', '.')));
            }
        }
        assertEquals(List.of(), ROOMS.faults());
        assertEquals(new TreeSet<>(ROOMS.names()), packages);
    }

    @Test
    void findsEachKindOfUntidyTable() {
        String head = "## The house\n| `low` | a | - | - |\n";
        assertEquals(List.of(), new TidyRooms(head + "| `high` | a | `low` | - |\n").faults());
        assertEquals(1, new TidyRooms(head + "| `high` | a | `none` | - |\n").faults().size());
        assertEquals(1, new TidyRooms(head + "| `low` | a | - | - |\n").faults().size());
        TidyRooms rooms = new TidyRooms(head + "| `high` | a | `low` | - |\n| `top` | a | all | - |\n");
        for (String[] reference : new String[][] {{"low.A", "high.B", "1"}, {"high.A", "low.B", "0"},
                {"high.A", "high.B", "0"}, {"top.A", "low.B", "0"}, {"none.A", "low.B", "1"}, {"low.A", "Rseq", "1"}}) {
            assertEquals(Integer.parseInt(reference[2]), rooms.faults("io.github.rseq4j." + reference[0],
                    "io.github.rseq4j." + reference[1]).size(), String.join(" ", reference));
        }
    }

    /** A class with a row of its own is a room, apart from the rest of its package. */
    @Test
    void findsTheRoomOfAClassThatHasARow() {
        TidyRooms rooms = new TidyRooms("""
                ## The house
                | `high.Word` | a | - | - |
                | `low` | a | `high.Word` | - |
                | `high` | a | `high.Word`, `low` | - |
                """);
        assertEquals(List.of("high.Word", "high.Word", "high", "low"), Stream.of("high.Word", "high.Word$1", "high.A",
                "low.Word").map(name -> rooms.room("io.github.rseq4j." + name)).toList());
        assertEquals(1, rooms.faults("io.github.rseq4j.low.A", "io.github.rseq4j.high.A").size());
        assertEquals(0, rooms.faults("io.github.rseq4j.low.A", "io.github.rseq4j.high.Word").size());
    }

    private static void assertFinds(String rule, String path, String source) {
        List<String> faults = TidySource.faults(ROOMS, path, source);
        assertTrue(faults.stream().anyMatch(fault -> fault.contains(rule)),
                "expected \"" + rule + "\" among " + faults);
    }

    @Test
    void findsEachKindOfUntidySource() {
        String main = "rseq4j-core/src/main/java/io/github/rseq4j/ir/A.java";
        String head = "package io.github.rseq4j.ir;\n";
        assertFinds("column", main, head + "// " + "x".repeat(120) + "\n");
        assertFinds("tab", main, head + "\tclass A {}\n");
        assertFinds("trailing", main, head + "final class A {} \n");
        assertFinds("lines", main, head + "\n".repeat(500));
        assertFinds("word", main, head + "// TO" + "DO later\n");
        assertFinds("word", main, head + "/** @aut" + "hor me */ final class A {}\n");
        assertFinds("method", main, head + "final class A { void m() {" + "\n;".repeat(61) + "\n} }\n");
        assertFinds("mutable static", main, head + "final class A { static int counter; }\n");
        assertFinds("inheritance", main, head + "class A {}\n");
        assertFinds("architecture", main, head + "final class A { String s = \"aar" + "ch64\"; }\n");
        assertFinds("architecture", main, head + "final class A { Object o = X6" + "4.class; }\n");
        assertFinds("os.arch", main, head + "final class A { String s = System.getProperty(\"os.ar" + "ch\"); }\n");
        assertFinds("package order", "rseq4j-trace/src/main/java/io/github/rseq4j/trace/A.java",
                "package io.github.rseq4j.trace;\nimport io.github.rseq4j.cli.Main;\nfinal class A {}\n");
        assertEquals(List.of(), TidySource.faults(ROOMS, main,
                head + "/** Fine, also on x64. */\nfinal class A { }\n"));
    }

    @Test
    void proseNamesItsSubjects() throws IOException {
        List<Path> pages = new ArrayList<>(files(ROOT.resolve("docs"), ".md"));
        try (Stream<Path> all = Files.list(ROOT)) {
            pages.addAll(all.filter(p -> p.toString().endsWith(".md")).sorted().toList());
        }
        assertTrue(pages.size() > 5, "the documents were found in " + ROOT);
        pages.addAll(sources());
        List<String> faults = new ArrayList<>();
        for (Path page : pages) {
            String path = ROOT.relativize(page).toString();
            faults.addAll(TidyProse.faults(path, Files.readString(page)));
        }
        assertEquals("", String.join("\n", faults));
    }

    @Test
    void findsEachKindOfUntidyProse() {
        for (String text : List.of("It is seen by whoever looks.", "Who lets it close drops it.", "It ends. Who waits"
                + " is told.", "That races with the lock of who closes it.", "Nobody waits.", "Then nobody waits.",
                "A store ahead\nof the commit.", "It is read behind the commit.", "It lets go of the lock.",
                "What was pushed is taken.", "It ends.\n\nWhat is left stays.")) {
            String code = "/** " + text.replace("\n", "\n * ") + " */ final class A {}\n";
            assertEquals(1, TidyProse.faults("A.java", code).size(), code);
            assertEquals(1, TidyProse.faults("a.md", text).size(), text);
        }
        for (String text : List.of("A user who knows Java reads it.", "The caller, who waits, is named.", "What does it"
                + " cost?", "Who registers the thread?", "It shows what a thread did.", "It compiles ahead of time.",
                "The data is left behind.", "It hides behind an interface.", "## Who registers\n", "`somebody`",
                "```\nWhat is this\n```\n", "The loop runs until it is told to end.")) {
            assertEquals(List.of(), TidyProse.faults("a.md", text), text);
        }
        assertEquals(List.of(), TidyProse.faults("A.java", "final class A { String s = \"// nobody\"; char c = '\"';"
                + " String t = \"Who waits /* nobody */ \\\" ahead of\"; /** {@code nobody} <pre>What is</pre> */ }"));
        assertEquals(List.of("A.java:3: \"nobody here\": name the thread, library or process"),
                TidyProse.faults("A.java", "final class A {\n    int a;\n    // nobody here\n}\n"));
    }

    @Test
    void findsEachKindOfUntidyClass() {
        assertEquals(List.of(), TidyClasses.faults(ROOMS, "io.github.rseq4j.engine.A",
                List.of("io.github.rseq4j.ir.B"), List.of()));
        assertEquals(List.of(), TidyClasses.faults(ROOMS, "io.github.rseq4j.kernel.A",
                List.of("io.github.rseq4j.KernelException"), List.of()));
        assertEquals(1, TidyClasses.faults(ROOMS, "io.github.rseq4j.KernelException",
                List.of("io.github.rseq4j.kernel.A"), List.of()).size());
        for (String higher : List.of("memory.B", "percpu.B", "Rseq")) {
            List<String> faults = TidyClasses.faults(ROOMS, "io.github.rseq4j.engine.A",
                    List.of("io.github.rseq4j." + higher), List.of());
            assertTrue(faults.toString().contains("package order"), faults.toString());
        }
        List<String> faults = TidyClasses.faults(ROOMS, "io.github.rseq4j.engine.A", List.of(),
                List.of("java/lang/foreign/Linker.downcallHandle"));
        assertTrue(faults.toString().contains("restricted"), faults.toString());
    }
}
