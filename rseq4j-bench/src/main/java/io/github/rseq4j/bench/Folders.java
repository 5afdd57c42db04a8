package io.github.rseq4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Folders that benchmarks make and remove. */
public final class Folders {
    private Folders() {}

    /**
     * Deletes a folder and everything in it. A file that another process deletes at the same time is no failure.
     *
     * @param root the folder
     * @throws IOException if a file cannot be deleted or a folder cannot be read
     */
    public static void delete(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            all.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.deleteIfExists(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /**
     * Adds up the sizes of the files in a folder and below it.
     *
     * @param root the folder
     * @return the number of bytes
     * @throws IOException if a folder cannot be read
     */
    public static long bytes(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
        }
    }
}
