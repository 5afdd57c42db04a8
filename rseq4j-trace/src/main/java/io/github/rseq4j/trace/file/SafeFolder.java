package io.github.rseq4j.trace.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A folder, and access to its files by their names. No link is followed: the target of a link is never opened, written
 * or removed. Only regular files are opened. Any thread.
 */
public final class SafeFolder implements AutoCloseable {
    /* How it works
     *
     * The folder is held by its descriptor (openat(2), unlinkat(2), renameat(2)). So it stays the same folder when it
     * is moved, or when a link takes the place of its path. Where the JVM has no descriptors of folders, which is not
     * the case on Linux, the folder is held by its path; links are refused there too.
     */
    private static final FileAttribute<?>[] NOTHING = new FileAttribute<?>[0];

    private final Path path;
    private final @Nullable SecureDirectoryStream<Path> descriptor;
    private volatile boolean isClosed;

    private SafeFolder(Path path, DirectoryStream<Path> stream) throws IOException {
        this.path = path;
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            this.descriptor = secure;
        } else {
            this.descriptor = null;
            stream.close();
        }
    }

    /** Returns the folder's descriptor, or null. It stays open when it becomes unreachable. */
    public @Nullable SecureDirectoryStream<Path> descriptor() {
        return descriptor;
    }

    /**
     * Opens a folder by its path. The path may contain links, because the user named it.
     *
     * @param path the path of an existing folder
     * @throws IOException when the folder cannot be opened
     */
    @SuppressWarnings({"MustBeClosedChecker", "StreamResourceLeak"}) // The folder closes it.
    public static SafeFolder open(Path path) throws IOException {
        return new SafeFolder(path, Files.newDirectoryStream(path));
    }

    /**
     * Opens a folder in this one.
     *
     * @param name its name
     * @throws IOException when there is no such folder, or the name is that of a link or a file
     */
    @SuppressWarnings({"MustBeClosedChecker", "StreamResourceLeak"}) // The folder closes it.
    public SafeFolder folder(String name) throws IOException {
        requireOpen();
        if (!attributes(name).isDirectory()) {
            throw new NotDirectoryException(path.resolve(name).toString());
        }
        SecureDirectoryStream<Path> at = descriptor;
        return new SafeFolder(path.resolve(name), at == null ? Files.newDirectoryStream(path.resolve(name))
                : at.newDirectoryStream(Path.of(name), LinkOption.NOFOLLOW_LINKS));
    }

    /**
     * Makes a folder in this one, accessible only to its owner, and opens it.
     *
     * @param name its name
     * @throws IOException when the name is in use, or the folder cannot be made
     */
    public SafeFolder make(String name) throws IOException {
        requireOpen();
        Files.createDirectory(path.resolve(name), permissions("rwx------"));
        return folder(name);
    }

    /** Returns the folder's path, for messages. */
    public Path path() {
        return path;
    }

    private void requireOpen() throws IOException {
        if (isClosed) {
            throw new IOException(path + ": the folder was closed");
        }
    }

    private FileAttribute<?>[] permissions(String permissions) {
        return descriptor == null ? NOTHING
                : new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString(permissions))};
    }

    /**
     * Returns the attributes of an entry; of a link, those of the link itself.
     *
     * @param name the entry's name
     * @throws NoSuchFileException when there is no such entry
     * @throws IOException when the attributes cannot be read
     */
    public BasicFileAttributes attributes(String name) throws IOException {
        requireOpen();
        SecureDirectoryStream<Path> at = descriptor;
        return at == null
                ? Files.readAttributes(path.resolve(name), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                : at.getFileAttributeView(Path.of(name), BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .readAttributes();
    }

    /**
     * Tells whether there is an entry of a name, possibly a link without a target.
     *
     * @param name the name
     */
    public boolean exists(String name) {
        try {
            attributes(name);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    /**
     * Makes a file for reading and writing.
     *
     * @param name its name
     * @param isPrivate whether only its owner may access it
     * @throws java.nio.file.FileAlreadyExistsException when the name is in use
     * @throws IOException when the file cannot be made
     */
    public FileChannel create(String name, boolean isPrivate) throws IOException {
        return channel(name, isPrivate ? permissions("rw-------") : NOTHING, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /**
     * Opens an existing file.
     *
     * @param name its name
     * @param isWritten whether it is opened for writing too
     * @throws IOException when there is no such file, it is not a regular file, or it cannot be opened
     */
    public FileChannel open(String name, boolean isWritten) throws IOException {
        if (!attributes(name).isRegularFile()) {
            throw new FileSystemException(name, null, "is a link or no regular file, and is left as it is");
        }
        return isWritten ? channel(name, NOTHING, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : channel(name, NOTHING, StandardOpenOption.READ);
    }

    private FileChannel channel(String name, FileAttribute<?>[] attributes, StandardOpenOption... options)
            throws IOException {
        requireOpen();
        Set<OpenOption> all = new HashSet<>(List.of(options));
        all.add(LinkOption.NOFOLLOW_LINKS);
        SecureDirectoryStream<Path> at = descriptor;
        // The channel of a folder's descriptor is declared as a byte channel, and is the channel of a file.
        return at == null ? FileChannel.open(path.resolve(name), all, attributes)
                : (FileChannel) at.newByteChannel(Path.of(name), all, attributes);
    }

    /**
     * Makes a file with a text.
     *
     * @param name its name
     * @param text the text
     * @param isPrivate whether only its owner may access it
     * @throws IOException when the name is in use, or the file cannot be written; an incomplete file is removed
     */
    public void write(String name, String text, boolean isPrivate) throws IOException {
        write(name, text.getBytes(StandardCharsets.UTF_8), isPrivate);
    }

    /** Makes a file with some bytes; otherwise as with a text. */
    public void write(String name, byte[] bytes, boolean isPrivate) throws IOException {
        try (FileChannel channel = create(name, isPrivate)) {
            try {
                write(channel, bytes, 0);
            } catch (IOException e) {
                delete(name);
                throw e;
            }
        }
    }

    /**
     * Appends to a file, if the file is as long as expected.
     *
     * @param name its name
     * @param more the bytes that are appended
     * @param length the expected length
     * @return whether the bytes were appended
     * @throws IOException when there is no such file, it is not a regular file, or it cannot be written; it then has
     *     its former length
     */
    public boolean append(String name, byte[] more, long length) throws IOException {
        try (FileChannel channel = open(name, true)) {
            if (channel.size() != length) {
                return false;
            }
            try {
                write(channel, more, length);
            } catch (IOException e) {
                channel.truncate(length);
                throw e;
            }
            return true;
        }
    }

    private static void write(FileChannel channel, byte[] bytes, long at) throws IOException {
        for (ByteBuffer left = ByteBuffer.wrap(bytes); left.hasRemaining();) {
            channel.write(left, at + left.position());
        }
    }

    /**
     * Reads the beginning of a file.
     *
     * @param name its name
     * @param maxBytes the largest number of bytes to read
     * @throws IOException when there is no such file, it is not a regular file, or it cannot be read
     */
    public byte[] read(String name, int maxBytes) throws IOException {
        try (FileChannel channel = open(name, false)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(maxBytes, channel.size()));
            int last = 0;
            while (bytes.hasRemaining() && last >= 0) {
                last = channel.read(bytes);
            }
            byte[] read = new byte[bytes.position()];
            bytes.flip().get(read);
            return read;
        }
    }

    /**
     * Moves a file to a folder. It replaces a file that has the new name.
     *
     * @param from the file's name in this folder
     * @param folder the other folder, on the same file system
     * @param to the file's name in that folder
     * @throws IOException when the file cannot be moved
     */
    public void move(String from, SafeFolder folder, String to) throws IOException {
        requireOpen();
        folder.requireOpen();
        SecureDirectoryStream<Path> there = folder.descriptor;
        if (descriptor == null || there == null) {
            Files.move(path.resolve(from), folder.path.resolve(to), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } else {
            descriptor.move(Path.of(from), there, Path.of(to));
        }
    }

    /**
     * Removes a file; if the name is that of a link, the link itself.
     *
     * @param name its name
     * @return whether there was such a file
     * @throws IOException when the file cannot be removed
     */
    public boolean delete(String name) throws IOException {
        requireOpen();
        try {
            if (descriptor == null) {
                Files.delete(path.resolve(name));
            } else {
                descriptor.deleteFile(Path.of(name));
            }
            return true;
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    /**
     * Removes an empty folder.
     *
     * @param name its name
     * @throws IOException when there is no such folder, it is not empty, it is a link, or it cannot be removed
     */
    public void deleteFolder(String name) throws IOException {
        requireOpen();
        if (descriptor == null) {
            Files.delete(path.resolve(name));
        } else {
            descriptor.deleteDirectory(Path.of(name));
        }
    }

    /**
     * Removes a folder if it exists and is empty. Other processes may remove it or put files into it at the same time.
     *
     * @param name its name
     * @throws IOException when the empty folder cannot be removed
     */
    public void deleteEmpty(String name) throws IOException {
        try {
            deleteFolder(name);
        } catch (NoSuchFileException | DirectoryNotEmptyException _) {
            // Another process has removed the folder, or uses it.
        }
    }

    /**
     * Returns the names of all entries of the folder, in order.
     *
     * @throws IOException when the folder cannot be read
     */
    public List<String> names() throws IOException {
        requireOpen();
        List<String> names = new ArrayList<>();
        SecureDirectoryStream<Path> at = descriptor;
        try (DirectoryStream<Path> entries = at == null ? Files.newDirectoryStream(path)
                : at.newDirectoryStream(Path.of("."), LinkOption.NOFOLLOW_LINKS)) {
            entries.forEach(entry -> names.add(String.valueOf(entry.getFileName())));
        }
        names.sort(null);
        return names;
    }

    @Override
    public void close() throws IOException {
        isClosed = true;
        if (descriptor != null) {
            descriptor.close();
        }
    }
}
