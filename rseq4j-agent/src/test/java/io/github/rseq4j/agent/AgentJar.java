package io.github.rseq4j.agent;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.agent.start.AgentMain;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

/** Makes an agent's jar of the classes under test. Its classes have their own names: the build's jar renames them. */
public final class AgentJar {
    private AgentJar() {}

    /** Writes the jar to a folder, and returns its path. */
    public static Path make(Path folder) throws IOException, URISyntaxException {
        Manifest manifest = new Manifest();
        Attributes attributes = manifest.getMainAttributes();
        attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        attributes.putValue("Automatic-Module-Name", "io.github.rseq4j.agent");
        attributes.putValue("Premain-Class", AgentMain.class.getName());
        attributes.putValue("Agent-Class", AgentMain.class.getName());
        attributes.putValue("Can-Retransform-Classes", "true");
        attributes.putValue("Can-Redefine-Classes", "true");
        Path jar = folder.resolve("agent.jar");
        try (OutputStream out = Files.newOutputStream(jar); JarOutputStream to = new JarOutputStream(out, manifest)) {
            for (Class<?> each : List.of(Rseq.class, Tracer.class, AgentMain.class)) {
                Path from = Path.of(each.getProtectionDomain().getCodeSource().getLocation().toURI());
                if (Files.isDirectory(from)) {
                    add(from, to);
                } else {
                    try (FileSystem files = FileSystems.newFileSystem(from)) {
                        add(files.getPath("/"), to);
                    }
                }
            }
        }
        return jar;
    }

    private static void add(Path root, JarOutputStream to) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path each : all.filter(Files::isRegularFile).toList()) {
                String name = root.relativize(each).toString();
                if (!name.equals("module-info.class") && !name.startsWith("META-INF")) {
                    to.putNextEntry(new ZipEntry(name));
                    Files.copy(each, to);
                    to.closeEntry();
                }
            }
        }
    }
}
