package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * A child JVM that waits to be attached to.
 *
 * @param process the process
 * @param errors the file with its error output
 */
record Jvm(Process process, Path errors) implements AutoCloseable {
    /** Writes a jar with the agent. */
    static Path agentJar(Path file) throws IOException {
        return jar(file, TinyAgent.class);
    }

    private static Path jar(Path file, Class<?> type) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Agent-Class", type.getName());
        try (OutputStream out = Files.newOutputStream(file); JarOutputStream jar = new JarOutputStream(out, manifest)) {
            String name = type.getName().replace('.', '/') + ".class";
            jar.putNextEntry(new JarEntry(name));
            try (InputStream in = Objects.requireNonNull(Jvm.class.getResourceAsStream("/" + name))) {
                in.transferTo(jar);
            }
        }
        return file;
    }

    static String java() {
        return Path.of(System.getProperty("java.home"), "bin/java").toString();
    }

    /**
     * Starts a waiting program on Java 17, or skips the test where there is none.
     *
     * @param folder a folder for the program and the error output
     * @param options the options of the JVM
     */
    static Jvm startOlder(Path folder, String... options) throws IOException {
        String java = "";
        try (Stream<Path> images = Files.list(Path.of("/usr/lib/jvm"))) {
            for (Path image : images.filter(each -> each.toString().matches(".*-17(-.*)?")).toList()) {
                java = Files.isExecutable(image.resolve("bin/java")) ? image.resolve("bin/java").toString() : java;
            }
        }
        require(!java.isEmpty(), "a Java 17 in /usr/lib/jvm is required: install openjdk-17-jre-headless");
        Path source = Files.writeString(folder.resolve("Old.java"), """
                public class Old {
                    public static void main(String[] arguments) throws Exception {
                        System.out.println("ready");
                        while (System.in.read() >= 0) {}
                    }
                }
                """);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "--release", "17", "-d",
                folder.toString(), source.toString()));
        List<String> command = new ArrayList<>(List.of(java));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", folder.toString(), "Old"));
        return started(folder, command);
    }

    /**
     * Starts a command that runs the waiting program, and waits for it.
     *
     * @param folder a folder for the jar and the error output
     * @param java the command, up to the options of the JVM
     */
    static Jvm start(Path folder, String... java) throws IOException {
        List<String> command = new ArrayList<>(List.of(java));
        Path jar = jar(folder.resolve("waiting.jar"), Waiting.class);
        command.addAll(List.of("-cp", jar.toString(), Waiting.class.getName()));
        return started(folder, command);
    }

    private static Jvm started(Path folder, List<String> command) throws IOException {
        Path errors = Files.createTempFile(folder, "errors", "");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        Jvm jvm = new Jvm(process, errors);
        try {
            String first = process.inputReader(StandardCharsets.UTF_8).readLine();
            assertEquals("ready", first, () -> jvm.errorText());
            return jvm;
        } catch (Throwable e) {
            jvm.close();
            throw e;
        }
    }

    /** Skips a test where a requirement is missing; in CI the test fails. */
    static void require(boolean isThere, String reason) {
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), reason);
        assumeTrue(isThere, reason);
    }

    String pid() {
        return Long.toString(process.pid());
    }

    /** Returns the id of the JVM that the started command runs as its child. */
    String childPid() {
        return Long.toString(process.children().findFirst().orElseThrow().pid());
    }

    /** Returns the files that the process has open. */
    String openFiles() throws IOException {
        Process list = new ProcessBuilder("ls", "-l", "/proc/" + pid() + "/fd").start();
        return new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    String errorText() {
        try {
            return Files.readString(errors);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** Returns the files of rseq4j in a folder for temporary files. */
    static List<String> exchanged(Path tmp) throws IOException {
        try (Stream<Path> all = Files.list(tmp)) {
            return all.map(each -> String.valueOf(each.getFileName()))
                    .filter(name -> name.matches("rseq4j-.*\\.(answer|rules|jar)")).sorted().toList();
        }
    }

    @Override
    public void close() {
        process.children().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().onExit().join();
    }
}
