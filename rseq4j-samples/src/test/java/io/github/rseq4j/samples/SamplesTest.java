package io.github.rseq4j.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.github.rseq4j.Rseq;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every sample prints the output in its comment. */
final class SamplesTest {
    private static final Path SOURCES = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")),
            "rseq4j-samples", "src", "main", "java", "io", "github", "rseq4j", "samples");
    private static final Pattern OUTPUT = Pattern.compile("<pre>\\R(.*?)\\R \\* </pre>", Pattern.DOTALL);

    static List<String> samples() {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.map(p -> p.getFileName().toString()).filter(n -> n.startsWith("Sample"))
                    .map(n -> n.replace(".java", "")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void aSamplePrintsTheOutputInItsComment(String name) throws IOException, ReflectiveOperationException {
        Matcher comment = OUTPUT.matcher(Files.readString(SOURCES.resolve(name + ".java")));
        assertEquals(true, comment.find(), name + " shows its output");
        String expected = comment.group(1).lines().map(line -> line.replaceFirst("^ \\* ?", "")).reduce("",
                (all, line) -> all + line + "\n");
        PrintStream before = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            Class.forName("io.github.rseq4j.samples." + name).getMethod("main", String[].class)
                    .invoke(null, (Object) new String[0]);
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
