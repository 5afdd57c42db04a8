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
 * A folder, and the files in it by their names: what a name links to is never opened, written or removed, and what is
 * no regular file is not opened. Any thread.
 */
public final class SafeFolder implements AutoCloseable {
    /* How it works
     *
     * The folder is held by its descriptor (openat(2), unlinkat(2), renameat(2)): who moves it, or puts a link in the
     * place of its path, changes nothing. Where the JVM has no such thing, which is not on Linux, it is held by its
     * path, and what is a link is refused all the same.
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

    /** Returns what holds the folder, which a collection of garbage does not close, or null. */
    public @Nullable SecureDirectoryStream<Path> descriptor() {
        return descriptor;
    }

    /**
     * Opens a folder by its path, which may have links in it: it is what the user named.
     *
     * @param path the folder, which is there
     * @throws IOException when it cannot be opened
     */
    @SuppressWarnings({"MustBeClosedChecker", "StreamResourceLeak"}) // The folder closes it.
    public static SafeFolder open(Path path) throws IOException {
        return new SafeFolder(path, Files.newDirectoryStream(path));
    }

    /**
     * Opens a folder in this one.
     *
     * @param name its name
     * @throws IOException when it is not there, or a link, or no folder
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
     * Makes a folder in this one, which its owner alone may look into, and opens it.
     *
     * @param name its name
     * @throws IOException when there is something of that name, or it cannot be made
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
     * Returns what a name is, and not what it links to.
     *
     * @param name the name
     * @throws NoSuchFileException when it is not there
     * @throws IOException when that cannot be told
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
     * Tells whether there is something of a name, be it a link to nothing.
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
     * @param isPrivate whether its owner alone may read it
     * @throws java.nio.file.FileAlreadyExistsException when there is something of that name
     * @throws IOException when it cannot be made
     */
    public FileChannel create(String name, boolean isPrivate) throws IOException {
        return channel(name, isPrivate ? permissions("rw-------") : NOTHING, StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /**
     * Opens a file that is there.
     *
     * @param name its name
     * @param isWritten whether it is written, too
     * @throws IOException when it is not there, no regular file, or cannot be opened
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
        // The channel of a folder's descriptor is a file's, and declared as less.
        return at == null ? FileChannel.open(path.resolve(name), all, attributes)
                : (FileChannel) at.newByteChannel(Path.of(name), all, attributes);
    }

    /**
     * Makes a file of some text.
     *
     * @param name its name
     * @param text what is in it
     * @param isPrivate whether its owner alone may read it
     * @throws IOException when there is something of that name, or it cannot be written; it is not left then
     */
    public void write(String name, String text, boolean isPrivate) throws IOException {
        try (FileChannel channel = create(name, isPrivate)) {
            try {
                for (ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                        bytes.hasRemaining();) {
                    channel.write(bytes);
                }
            } catch (IOException e) {
                delete(name);
                throw e;
            }
        }
    }

    /**
     * Reads the beginning of a file.
     *
     * @param name its name
     * @param maxBytes how much at most
     * @throws IOException when it is not there, no regular file, or cannot be read
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
     * Gives a file another name, whatever had that name before.
     *
     * @param from the file's name here
     * @param folder the other folder, of the same file system
     * @param to its name there
     * @throws IOException when it cannot be done
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
     * Removes a file; of a link, the link.
     *
     * @param name its name
     * @return whether it was there
     * @throws IOException when it cannot be removed
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
     * Removes a folder.
     *
     * @param name its name
     * @throws IOException when it is not there, not empty, a link, or cannot be removed
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
     * Removes a folder that others may be removing, or making anew.
     *
     * @param name its name
     * @throws IOException when it cannot be removed; that it is not there, or not empty, is no failure
     */
    public void deleteEmpty(String name) throws IOException {
        try {
            deleteFolder(name);
        } catch (NoSuchFileException | DirectoryNotEmptyException _) {
            // Somebody else has removed it, or has it by now.
        }
    }

    /**
     * Returns the names of all that is in the folder, in order.
     *
     * @throws IOException when it cannot be read
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
