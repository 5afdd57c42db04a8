package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.testing.Snippets;
import io.github.rseq4j.trace.Tracer;
import java.io.File;
import java.io.IOException;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The snippets in the Javadoc compile unchanged, and work as documented. */
final class SnippetsTest {
    private static final Path MODULE =
            Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")), "rseq4j-trace-logging");
    private static final String CLASSES = Stream.of("rseq4j-trace-logging", "rseq4j-trace", "rseq4j-core")
            .map(module -> MODULE.resolveSibling(module).resolve("target/classes").toString())
            .collect(Collectors.joining(File.pathSeparator));

    private static String snippet(String name) throws IOException {
        return Snippets.first(MODULE.resolve("src/main/java/io/github/rseq4j/trace/logging").resolve(name + ".java"));
    }

    /** Compiles a class and the other classes of its file to the folder "classes". */
    private static void compile(Path folder, String name, String text) throws IOException {
        Path source = Files.writeString(folder.resolve(name + ".java"), text);
        Snippets.compile(List.of(source), CLASSES, folder.resolve("classes"));
    }

    private static URLClassLoader loader(Path folder) throws IOException {
        return Snippets.loader(folder.resolve("classes"), SnippetsTest.class.getClassLoader());
    }

    @Test
    void oneLineRecordsLoggedMessages(@TempDir Path folder) throws Exception {
        compile(folder, "Snippet", "import io.github.rseq4j.trace.*;\nimport io.github.rseq4j.trace.logging.*;\n"
                + "import java.util.logging.Logger;\n"
                + "public final class Snippet {\n    public static void run(Tracer tracer) {\n"
                + snippet("TraceLogHandler") + "\n    }\n}\n");
        Logger root = Logger.getLogger("");
        Set<Handler> before = Set.of(root.getHandlers());
        try (Tracer tracer = Tracer.streaming(folder.resolve("trace")); URLClassLoader loader = loader(folder)) {
            loader.loadClass("Snippet").getMethod("run", Tracer.class).invoke(null, tracer);
            // The other handlers would print the message.
            before.forEach(root::removeHandler);
            Logger.getLogger("rseq4j.snippet").info("logged");
        } finally {
            Stream.of(root.getHandlers()).forEach(root::removeHandler);
            before.forEach(root::addHandler);
        }
        assertEquals(List.of("jul:info[800, INFO, rseq4j.snippet, logged, null]"),
                LoggedTrace.texts(folder.resolve("trace")));
    }

    @Test
    void aNamedFinderTracesTheLoggersOfAnotherFinder(@TempDir Path folder) throws Exception {
        compile(folder, "Loggers", "import io.github.rseq4j.trace.*;\nimport io.github.rseq4j.trace.logging.*;\n"
                + "import java.util.ResourceBundle;\n"
                + snippet("TraceLoggerFinder") + "\n" + """
                final class LibraryLoggerFinder extends System.LoggerFinder {
                    record Printing(String getName) implements System.Logger {
                        public boolean isLoggable(Level level) { return level != Level.DEBUG; }
                        public void log(Level level, ResourceBundle bundle, String text, Throwable thrown) {}
                        public void log(Level level, ResourceBundle bundle, String text, Object... parameters) {
                            if (getName.startsWith("app")) System.out.println(text);
                        }
                    }
                    @Override
                    public System.Logger getLogger(String name, Module module) { return new Printing(name); }
                }
                final class Snippet {
                    public static void main(String[] arguments) throws Exception {
                        System.Logger logger = System.getLogger("app");
                        logger.log(System.Logger.Level.INFO, "early");
                        try (Tracer tracer = Tracer.streaming(java.nio.file.Path.of(arguments[0]))) {
                            Loggers.TRACED.attach(tracer);
                            tracer.disable("system_logger:trace");
                            logger.log(System.Logger.Level.INFO, "found {0}", 7);
                            logger.log(System.Logger.Level.DEBUG, "hidden");
                        }
                    }
                }
                """);
        Path classes = folder.resolve("classes");
        Files.createDirectories(classes.resolve("META-INF/services"));
        Files.writeString(classes.resolve("META-INF/services/java.lang.System$LoggerFinder"), "Loggers\n");
        String path = classes + File.pathSeparator + CLASSES;
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                // The finder does not need java.logging, and is the only bridge for programs without it.
                "--limit-modules=java.base", "--enable-native-access=ALL-UNNAMED", "-Drseq4j.registration="
                + System.getProperty("rseq4j.registration", "auto"), "-cp", path, "Snippet",
                folder.resolve("trace").toString()).redirectErrorStream(true).start();
        List<String> said = process.inputReader().readAllLines();
        assertEquals(0, process.waitFor(), said::toString);
        assertEquals(List.of("early", "found {0}", "hidden"), said);
        assertEquals(List.of("system_logger:info[800, INFO, app, found 7, null]"),
                LoggedTrace.texts(folder.resolve("trace")));
    }
}
