package io.github.rseq4j.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every sample prints the output in its comment. */
final class SamplesTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final Path SOURCES = ROOT.resolve("rseq4j-samples/src/main/java/io/github/rseq4j/samples");
    private static final Pattern OUTPUT = Pattern.compile("<pre>\\R(.*?)\\R \\* </pre>", Pattern.DOTALL);

    static List<String> samples() {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.map(p -> p.getFileName().toString()).filter(n -> n.startsWith("Sample"))
                    .map(n -> n.replace(".java", "")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a sample as java(1) does: main has no parameter, or the arguments. */
    private static void run(Class<?> sample) throws ReflectiveOperationException {
        Method main = Stream.of(sample.getDeclaredMethods()).filter(method -> method.getName().equals("main"))
                .findFirst().orElseThrow();
        main.invoke(null, main.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]});
    }

    /** Skips a sample whose tool is missing; with CI=true that is a failure. */
    private static void require(boolean isThere, String remedy) {
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), remedy);
        assumeTrue(isThere, remedy);
    }

    private static void requireTools(String name) {
        if (name.equals("Sample21Agent")) {
            require(Files.exists(Path.of(System.getProperty("rseq4j.agent", ""))),
                    "the agent is not built: mvn -DskipTests package");
        }
    }

    /** The samples in C have numbers among those in Java. */
    @Test
    void theSamplesAreNumberedFromOneWithoutAGap() throws IOException {
        List<String> names = new ArrayList<>(samples());
        try (Stream<Path> files = Files.list(ROOT.resolve("rseq4j-samples/src/main/c"))) {
            files.map(file -> file.getFileName().toString().replace(".c", "")).forEach(names::add);
        }
        names.sort(null);
        for (int i = 0; i < names.size(); i++) {
            assertTrue(names.get(i).matches("Sample%02d[A-Z][A-Za-z]+".formatted(i + 1)), names.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aSampleHasLessThan60Lines(String name) throws IOException {
        assertTrue(Files.readAllLines(SOURCES.resolve(name + ".java")).size() < 60, name);
    }

    @Test
    void everyPublicStructureHasASample() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String name : samples()) {
            all.append(Files.readString(SOURCES.resolve(name + ".java")));
        }
        Path structures = ROOT.resolve("rseq4j-core/src/main/java/io/github/rseq4j/percpu");
        try (Stream<Path> files = Files.list(structures)) {
            List<String> missing = files.map(file -> file.getFileName().toString().replace(".java", ""))
                    .filter(name -> name.startsWith("PerCpu") && !all.toString().contains("new " + name)).toList();
            assertEquals(List.of(), missing);
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aSamplePrintsTheOutputInItsComment(String name) throws IOException, ReflectiveOperationException {
        Matcher comment = OUTPUT.matcher(Files.readString(SOURCES.resolve(name + ".java")));
        assertEquals(true, comment.find(), name + " shows its output");
        String expected = comment.group(1).lines().map(line -> line.replaceFirst("^ \\* ?", "")).reduce("",
                (all, line) -> all + line + "\n");
        requireTools(name);
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            run(Class.forName("io.github.rseq4j.samples." + name));
        } finally {
            System.setOut(before);
        }
        String output = printed.toString(StandardCharsets.UTF_8);
        if (name.contains("Availability") && !Rseq.availability().available()) {
            assertFalse(Boolean.getBoolean("rseq4j.ci"), output);
            expected = "fallback: " + Rseq.availability().reason() + "; " + Rseq.availability().remedy() + "\n";
        }
        assertEquals(expected, output);
    }
}
