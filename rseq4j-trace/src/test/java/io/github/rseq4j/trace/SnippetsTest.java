package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The snippets in the Javadoc compile as they stand there, and do what they say. */
final class SnippetsTest {
    private static final Path MODULE =
            Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-trace");
    private static final Pattern SNIPPET =
            Pattern.compile("\\{@snippet lang = java:\\R(.*?)\\R \\* \\}\\R \\*\\R", Pattern.DOTALL);

    private static String snippet(String name) throws IOException {
        Matcher snippet = SNIPPET.matcher(Files.readString(
                MODULE.resolve("src/main/java/io/github/rseq4j/trace").resolve(name + ".java")));
        assertTrue(snippet.find(), name + " shows a snippet");
        return snippet.group(1).lines().map(line -> line.replaceFirst("^ \\* ?", "        "))
                .collect(Collectors.joining("\n"));
    }

    @Test
    void theProviderAndItsSpanRecordWhatTheySay(@TempDir Path folder) throws Exception {
        Files.createDirectory(folder.resolve("classes"));
        Path source = Files.writeString(folder.resolve("Snippet.java"), "import io.github.rseq4j.trace.*;\n"
                + "public final class Snippet {\n" + snippet("Provider")
                + "\n    static void parse() {}\n    public static void run(Object made) {\n"
                + "        Requests requests = (Requests) made;\n        long id = 7;\n"
                + "        requests.received(id, \"/index\");\n"
                + "        requests.received(id, new IllegalStateException());\n"
                + "        requests.answered(id, (short) 200);\n" + snippet("Span") + "\n    }\n}\n");
        JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
        StringWriter problems = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(problems, manager, null, List.of("-proc:none", "-parameters", "-cp",
                    MODULE.resolve("target/classes").toString(), "-d", folder.resolve("classes").toString()), null,
                    manager.getJavaFileObjects(source)).call();
            assertTrue(compiled, problems.toString());
        }
        RecordingSink sink = new RecordingSink();
        Providers providers = new Providers(sink, Providers.DEFAULT_MAX_FIELD_BYTES, sink.types::add);
        URL[] path = {folder.resolve("classes").toUri().toURL()};
        try (URLClassLoader loader = new URLClassLoader(path, SnippetsTest.class.getClassLoader())) {
            Object requests = providers.probes(loader.loadClass("Snippet$Requests"));
            loader.loadClass("Snippet").getMethod("run", Object.class).invoke(null, requests);
        }
        assertEquals(List.of("id", "status_code"), sink.types.stream().filter(type -> type.name().equals("http:done"))
                .flatMap(type -> type.fields().stream()).map(field -> field.name()).toList());
        assertEquals(List.of("http:received[7, /index]", "http:received[7, java.lang.IllegalStateException]",
                "http:done[7, 200]", "http:parse_begin[7]", "http:parse_end[]"),
                sink.take(folder).stream().map(event -> event.type().name() + event.values()).toList());
    }
}
