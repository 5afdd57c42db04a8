package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.testing.Snippets;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The snippets in the Javadoc compile as they stand there, and do what they say. */
final class SnippetsTest {
    private static final Path MODULE =
            Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-trace");
    private static final String CLASSES = MODULE.resolve("target/classes").toString();

    private static String snippet(String name) throws IOException {
        return Snippets.first(MODULE.resolve("src/main/java/io/github/rseq4j/trace").resolve(name + ".java"));
    }

    /** Compiles a class, and what else its file has, to the folder "classes". */
    private static void compile(Path folder, String name, String text) throws IOException {
        Path source = Files.writeString(folder.resolve(name + ".java"), text);
        Snippets.compile(List.of(source), CLASSES, folder.resolve("classes"));
    }

    private static URLClassLoader loader(Path folder) throws IOException {
        return Snippets.loader(folder.resolve("classes"), SnippetsTest.class.getClassLoader());
    }

    @Test
    void theProviderAndItsSpanRecordWhatTheySay(@TempDir Path folder) throws Exception {
        compile(folder, "Snippet", "import io.github.rseq4j.trace.*;\n"
                + "public final class Snippet {\n" + snippet("Provider")
                + "\n    static void parse() {}\n    public static void run(Object made) {\n"
                + "        Requests requests = (Requests) made;\n        long id = 7;\n"
                + "        requests.received(id, \"/index\");\n"
                + "        requests.received(id, new IllegalStateException());\n"
                + "        requests.answered(id, (short) 200);\n" + snippet("Span") + "\n    }\n}\n");
        RecordingSink sink = new RecordingSink();
        Providers providers = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);
        try (URLClassLoader loader = loader(folder)) {
            Object requests = providers.probes(loader.loadClass("Snippet$Requests"));
            loader.loadClass("Snippet").getMethod("run", Object.class).invoke(null, requests);
        }
        assertEquals(List.of("id", "status_code"), sink.types.stream().filter(type -> type.name().equals("http:done"))
                .flatMap(type -> type.fields().stream()).map(field -> field.name()).toList());
        assertEquals(List.of("http:received[7, /index]", "http:received[7, java.lang.IllegalStateException]",
                "http:done[7, 200]", "http:parse_begin[7]", "http:parse_end[]"),
                sink.take(folder).stream().map(event -> event.type().name() + event.values()).toList());
    }

    @Test
    void aReaderTellsWhatWasRecorded(@TempDir Path folder) throws Exception {
        compile(folder, "Snippet", "import io.github.rseq4j.trace.ctf.*;\nimport java.util.List;\n"
                + "public final class Snippet {\n    static void assertEquals(Object a, Object b) {\n"
                + "        if (!a.equals(b)) throw new AssertionError(a + \" \" + b);\n    }\n"
                + "    public static void run(java.nio.file.Path folder) {\n" + snippet("ctf/TraceReader")
                + "\n    }\n}\n");
        Path trace = folder.resolve("trace");
        EventType type = new EventType("requests:cacheMiss", 0, 6,
                List.of(new EventType.Field("key", FieldType.Basic.STRING)));
        TraceClock clock = new TraceClock(new UUID(3, 4), 1_000_000_000, 0, 0);
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2), clock, 1, Map.of(),
                List.of(type)), 4096)) {
            writer.append(0, 1, 1, type, "user:42");
        }
        try (URLClassLoader loader = loader(folder)) {
            loader.loadClass("Snippet").getMethod("run", Path.class).invoke(null, trace);
        }
    }
}
