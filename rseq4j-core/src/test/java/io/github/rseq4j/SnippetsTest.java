package io.github.rseq4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The snippet in the Javadoc of each public structure compiles and runs unchanged. */
final class SnippetsTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-core");
    private static final Path SOURCES = ROOT.resolve("src/main/java/io/github/rseq4j/percpu");
    private static final Pattern SNIPPET =
            Pattern.compile("\\{@snippet lang = java:\\R(.*?)\\R \\* \\}\\R \\*\\R", Pattern.DOTALL);
    private static final long SECONDS = 60;

    static List<String> structures() {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.startsWith("PerCpu"))
                    .map(name -> name.replace(".java", "")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("structures")
    void theSnippetCompilesAndRuns(String structure, @TempDir Path folder) throws IOException, InterruptedException {
        Matcher snippet = SNIPPET.matcher(Files.readString(SOURCES.resolve(structure + ".java")));
        assertTrue(snippet.find(), structure + " shows a snippet");
        String body = snippet.group(1).lines().map(line -> line.replaceFirst("^ \\* ?", "        "))
                .collect(Collectors.joining("\n"));
        compile(folder, "import io.github.rseq4j.percpu.*;\npublic final class Snippet {\n"
                + "    public static void main(String[] arguments) throws Exception {\n" + body + "\n    }\n}\n");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Drseq4j.registration=" + System.getProperty("rseq4j.registration", "auto"),
                "--enable-native-access=ALL-UNNAMED", "-cp", ROOT.resolve("target/classes") + ":" + folder, "Snippet")
                .redirectErrorStream(true).redirectOutput(folder.resolve("output").toFile()).start();
        boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertTrue(ended, structure + " does not end");
        assertEquals(0, process.exitValue(), Files.readString(folder.resolve("output")));
    }

    private static void compile(Path folder, String text) throws IOException {
        JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        ByteArrayOutputStream other = new ByteArrayOutputStream();
        JavaFileObject source = new SimpleJavaFileObject(URI.create("string:///Snippet.java"),
                JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
        try (PrintStream out = new PrintStream(other, true, StandardCharsets.UTF_8)) {
            boolean compiled = compiler.getTask(new PrintWriter(out, true, StandardCharsets.UTF_8), null,
                    problems, List.of("-proc:none", "-Xlint:-options", "-d", folder.toString(), "-cp",
                    ROOT.resolve("target/classes").toString()), null, List.of(source)).call();
            assertTrue(compiled, problems.getDiagnostics() + "\n" + text);
        }
    }
}
