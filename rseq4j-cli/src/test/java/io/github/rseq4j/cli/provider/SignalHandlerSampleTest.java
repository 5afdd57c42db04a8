package io.github.rseq4j.cli.provider;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The sample in C prints the output in its comment. */
class SignalHandlerSampleTest {
    private static final Path SOURCE = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-samples", "src", "main",
            "c", "Sample22SignalHandler.c");
    private static final Pattern OUTPUT = Pattern.compile("<pre>\n(.*?) \\* </pre>", Pattern.DOTALL);

    @TempDir
    private Path folder = Path.of("");

    private static void require(boolean isThere, String reason) {
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), reason);
        assumeTrue(isThere, reason);
    }

    private static String run(String... words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(words)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    @Test
    void printsTheOutputInItsComment() throws IOException, InterruptedException {
        require(Stream.of(System.getenv("PATH").split(":")).anyMatch(each -> Files.isExecutable(Path.of(each, "gcc"))),
                "gcc is missing: install it");
        require(Rseq.availability().available(), "rseq is not available: " + Rseq.availability().reason());
        String source = Files.readString(SOURCE);
        assertTrue(source.lines().count() < 60, "a sample has less than 60 lines");
        Matcher comment = OUTPUT.matcher(source);
        assertTrue(comment.find());
        assertEquals(0, Run.of("provider", "--output", folder.toString()).exit());
        String program = folder.resolve("sample").toString();
        assertEquals("", run("gcc", "-Wall", "-Wextra", "-Werror", "-I", folder.toString(), "-o", program,
                SOURCE.toString(), "-L", folder.toString(), "-lrseq4j", "-Wl,-rpath," + folder));
        assertEquals(comment.group(1).lines().map(line -> line.replaceFirst("^ \\* ", "") + "\n")
                .collect(Collectors.joining()), run(program));
    }
}
