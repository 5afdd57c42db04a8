package io.github.rseq4j.samples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * A temporary folder of a sample, which is deleted with everything in it when it is closed.
 *
 * @param path the folder
 */
record Temporary(Path path) implements AutoCloseable {
    static Temporary folder() throws IOException {
        return new Temporary(Files.createTempDirectory("rseq4j-sample"));
    }

    /** Returns the path of a file or folder inside. */
    Path inside(String name) {
        return path.resolve(name);
    }

    @Override
    public void close() throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
