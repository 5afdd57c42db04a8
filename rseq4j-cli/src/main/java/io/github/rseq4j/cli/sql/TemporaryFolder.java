package io.github.rseq4j.cli.sql;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** A folder that is deleted when it is closed, and when the JVM is told to end. After SIGKILL it stays. */
final class TemporaryFolder implements AutoCloseable {
    private final Path path;
    private final Thread hook;

    private TemporaryFolder(Path path) {
        this.path = path;
        this.hook = new Thread(() -> delete(path), "rseq4j-delete");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** Creates a folder for files of this process in $TMPDIR or java.io.tmpdir; only the user can open it. */
    static TemporaryFolder create(String prefix) throws IOException {
        String temporary = System.getenv("TMPDIR");
        return new TemporaryFolder(Files.createTempDirectory(Path.of(temporary == null || temporary.isEmpty()
                ? System.getProperty("java.io.tmpdir") : temporary), prefix));
    }

    /** Takes a folder that does not exist, for files that will be renamed. Its files have the usual permissions. */
    static TemporaryFolder of(Path path) throws IOException {
        return new TemporaryFolder(Files.createDirectory(path));
    }

    Path path() {
        return path;
    }

    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException | UncheckedIOException _) {
            // The folder is temporary; another program may have deleted a part of it.
            return;
        }
    }

    @Override
    public void close() {
        delete(path);
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The JVM ends: the hook runs, and finds nothing.
            return;
        }
    }
}
