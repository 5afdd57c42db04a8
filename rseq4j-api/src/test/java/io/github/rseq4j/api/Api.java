package io.github.rseq4j.api;

import static java.util.stream.Collectors.joining;

import japicmp.cli.JApiCli;
import japicmp.cmp.JApiCmpArchive;
import japicmp.cmp.JarArchiveComparator;
import japicmp.cmp.JarArchiveComparatorOptions;
import japicmp.config.Options;
import japicmp.model.JApiClass;
import japicmp.output.stdout.StdoutOutputGenerator;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * The public API of a source tree: the exported packages of the modules that the Javadoc site has.
 *
 * @param jars a jar of each module
 * @param packages the packages that a module exports to all others, as {@code module/package}
 */
record Api(List<Path> jars, SortedSet<String> packages) {
    private static final String SITE = "rseq4j-api/src/main/javadoc/options";
    private static final String SOURCES = "--module-source-path ";

    /** Returns the source folder of each module of the site; a tree without a build lacks generated ones. */
    private static Map<String, Path> modules(Path tree) throws IOException {
        Map<String, Path> modules = new TreeMap<>();
        for (String line : Files.readAllLines(tree.resolve(SITE))) {
            if (line.startsWith(SOURCES)) {
                String[] pair = line.substring(SOURCES.length()).split("=", 2);
                Path sources = tree.resolve("rseq4j-api").resolve(pair[1]).normalize();
                if (Files.isDirectory(sources)) {
                    modules.put(pair[0], sources);
                }
            }
        }
        return modules;
    }

    /**
     * Compiles the modules of a tree with the compiler of this JVM.
     *
     * @param tree the root of the repository
     * @param target an empty folder for the classes and jars
     * @throws IllegalStateException if the tree does not compile
     */
    static Api compile(Path tree, Path target) throws IOException {
        Map<String, Path> modules = modules(tree);
        List<String> arguments = new ArrayList<>(List.of("-proc:none", "-nowarn", "-d", target.toString(),
                "--module-path", libraries().collect(joining(File.pathSeparator)),
                "--module", String.join(",", modules.keySet())));
        modules.forEach((module, sources) -> arguments.addAll(List.of("--module-source-path", module + "=" + sources)));
        run("javac", arguments);
        List<Path> jars = new ArrayList<>();
        SortedSet<String> packages = new TreeSet<>();
        for (String module : modules.keySet()) {
            Path classes = target.resolve(module);
            Path jar = target.resolve(module + ".jar");
            run("jar", List.of("--create", "--file", jar.toString(), "-C", classes.toString(), "."));
            jars.add(jar);
            try (var descriptor = Files.newInputStream(classes.resolve("module-info.class"))) {
                ModuleDescriptor.read(descriptor).exports().stream().filter(exported -> !exported.isQualified())
                        .forEach(exported -> packages.add(module + "/" + exported.source()));
            }
        }
        return new Api(jars, packages);
    }

    /** Returns the jars that the modules depend on: they are on the class path of the tests. */
    private static Stream<String> libraries() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(".jar"));
    }

    private static void run(String tool, List<String> arguments) {
        var output = new StringWriter();
        var printer = new PrintWriter(output);
        if (ToolProvider.findFirst(tool).orElseThrow().run(printer, printer, arguments.toArray(String[]::new)) != 0) {
            throw new IllegalStateException(tool + " failed: " + output);
        }
    }

    /**
     * Returns what a program that was compiled against an older API misses in this one; empty if nothing.
     *
     * @param older the older API
     * @param accepted breaks that are no fault, in the syntax of japicmp's excludes: {@code package.Class#method(int)}
     */
    List<String> breaks(Api older, List<String> accepted) {
        List<String> breaks = new ArrayList<>();
        for (String lost : older.packages) {
            if (!packages.contains(lost) && !accepted.contains(lost)) {
                breaks.add(lost + " is not exported any more");
            }
        }
        Options options = Options.newDefault();
        options.setOutputOnlyModifications(true);
        options.setOutputOnlyBinaryIncompatibleModifications(true);
        // Members also name types that are no part of the API.
        options.setClassPathMode(JApiCli.ClassPathMode.TWO_SEPARATE_CLASSPATHS);
        options.setOldClassPath(Optional.of(older.classPath()));
        options.setNewClassPath(Optional.of(classPath()));
        options.addIncludeFromArgument(Optional.of(String.join(";", older.packages.stream()
                .map(exported -> exported.substring(exported.indexOf('/') + 1)).toList())), true);
        options.addExcludeFromArgument(Optional.of(String.join(";", accepted)), true);
        List<JApiClass> classes = new JarArchiveComparator(JarArchiveComparatorOptions.of(options))
                .compare(older.archives("older"), archives("newer"));
        if (classes.stream().anyMatch(one -> !one.isBinaryCompatible())) {
            breaks.add(new StdoutOutputGenerator(options, classes).generate());
        }
        return breaks;
    }

    private String classPath() {
        return Stream.concat(jars.stream().map(Path::toString), libraries()).collect(joining(File.pathSeparator));
    }

    private List<JApiCmpArchive> archives(String version) {
        return jars.stream().map(jar -> new JApiCmpArchive(jar.toFile(), version)).toList();
    }
}
