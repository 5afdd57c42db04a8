package io.github.rseq4j.trace.file;

import io.github.rseq4j.kernel.SparseFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Opens regular files of folders that other users can write to. It follows no link. It opens neither a FIFO, which
 * would wait for a writer, nor a device, which may have no end.
 */
public final class RegularFile {
    private static final int MAX_TRIES = 100;

    private RegularFile() {}

    /**
     * Opens a regular file for reading.
     *
     * @param file the file
     * @return the open file
     * @throws IOException when the file cannot be opened, or is not a regular file
     */
    public static FileChannel open(Path file) throws IOException {
        // A running tracer replaces its metadata now and then, possibly between the check and the opening.
        for (int tries = 1; ; tries++) {
            FileChannel channel = openUnlessReplaced(file);
            if (channel != null) {
                return channel;
            }
            if (tries == MAX_TRIES) {
                throw new FileSystemException(file.toString(), null, "was replaced each time that it was opened");
            }
        }
    }

    private static @Nullable FileChannel openUnlessReplaced(Path file) throws IOException {
        Object key = attributes(file).fileKey();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        boolean isSame = false;
        try {
            isSame = Objects.equals(attributes(file).fileKey(), key);
            return isSame ? channel : null;
        } finally {
            if (!isSame) {
                channel.close();
            }
        }
    }

    private static BasicFileAttributes attributes(Path file) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (!attributes.isRegularFile()) {
            throw new FileSystemException(file.toString(), null, "it is " + (attributes.isDirectory() ? "a folder"
                    : attributes.isSymbolicLink() ? "a link" : "a device, a FIFO or a socket")
                    + ", and only regular files are read");
        }
        return attributes;
    }

    /**
     * Returns the offset of the next data of a file. The bytes before it are a hole, and read as zeros.
     *
     * @param file the file
     * @param offset the offset at which the search begins, in bytes
     * @return the offset of the next data, at least the given one; the given one if the system does not support the
     *     search; {@code Long.MAX_VALUE} if there is no more data
     */
    public static long data(Path file, long offset) {
        return SparseFile.data(file.toString(), offset);
    }

    /**
     * Returns in plain words why a file cannot be used.
     *
     * @param e the exception that the use of the file threw
     * @return the reason, without the file's name if the system gave a reason
     */
    public static String why(Exception e) {
        return switch (e) {
            case UncheckedIOException unchecked -> why(Objects.requireNonNull(unchecked.getCause()));
            case DirectoryIteratorException listing -> why(Objects.requireNonNull(listing.getCause()));
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileAlreadyExistsException f when f.getReason() == null -> "it exists already";
            case NotDirectoryException _ -> "it is not a folder";
            case FileSystemException f when f.getReason() != null -> first(f.getReason());
            default -> e.getMessage() == null ? "the system gives no reason" : first(e.getMessage());
        };
    }

    private static String first(String reason) {
        return reason.isEmpty() ? reason : reason.substring(0, 1).toLowerCase(Locale.ROOT) + reason.substring(1);
    }
}
