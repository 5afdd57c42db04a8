package io.github.rseq4j.testing;

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

/** Code in the Javadoc of a class, and sources that tests compile and load. */
public final class Snippets {
    private static final Pattern SNIPPET =
            Pattern.compile("\\{@snippet lang = java:\\R(.*?)\\R \\* \\}\\R \\*\\R", Pattern.DOTALL);

    private Snippets() {}

    /**
     * Returns the first snippet in the Javadoc of a class.
     *
     * @param source the class's source
     */
    public static String first(Path source) throws IOException {
        Matcher snippet = SNIPPET.matcher(Files.readString(source));
        assertTrue(snippet.find(), source + " has a snippet");
        return snippet.group(1).lines().map(line -> line.replaceFirst("^ \\* ?", "        "))
                .collect(Collectors.joining("\n"));
    }

    /**
     * Compiles sources.
     *
     * @param sources their files
     * @param classPath the class path of the compiler
     * @param classes the folder for the class files; it need not exist
     */
    public static void compile(List<Path> sources, String classPath, Path classes) throws IOException {
        Files.createDirectories(classes);
        JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
        StringWriter problems = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(problems, manager, null, List.of("-proc:none", "-parameters", "-cp",
                    classPath, "-d", classes.toString()), null, manager.getJavaFileObjectsFromPaths(sources)).call();
            assertTrue(compiled, problems.toString());
        }
    }

    /**
     * Returns a loader of compiled classes.
     *
     * @param classes the folder with the class files
     * @param parent the parent of the loader
     */
    public static URLClassLoader loader(Path classes, ClassLoader parent) throws IOException {
        URL[] path = {classes.toUri().toURL()};
        return new URLClassLoader(path, parent);
    }
}
