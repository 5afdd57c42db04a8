package io.github.rseq4j.trace.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The lock of the folder of rings' files. Of all processes, one tracer or one recovery holds it. Any thread. */
public final class RingLock implements AutoCloseable {
    /* How it works
     *
     * It is a lock of fcntl(2), which ends with the process. A process also loses it when it closes any other
     * descriptor of the file. So this class must not open a file that the process has locked:
     *
     *   - It keeps the identities of the files that it has locked itself.
     *   - A copy of this class in another class loader may have locked other files. So it does not open a file that is
     *     in the process's list of descriptors either.
     *
     * All copies look and open under one monitor.
     *
     * Refused: a table of the held locks that belongs to the JVM, for example system properties. When the class loader
     * of a copy is collected, the JDK closes the file, and no code removes the entry.
     */
    /** The file that is locked. */
    public static final String FILE = "lock";
    /** The suffix that the kernel appends to the name of a file that was removed. */
    private static final String REMOVED = " (deleted)";

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    /** The monitor of all copies of this class: an interned text, the same object for each class loader. */
    private static final Object MONITOR = RingLock.class.getName().intern();

    private static final Set<Object> HELD = new HashSet<>();

    private final FileChannel channel;
    private final Object key;

    private RingLock(FileChannel channel, Object key) {
        this.channel = channel;
        this.key = key;
    }

    private static @Nullable Object key(SafeFolder rings) throws IOException {
        try {
            return rings.attributes(FILE).fileKey();
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    private static boolean isHeldHere(Object key) {
        return HELD.contains(key) || isOpenHere(key);
    }

    /** Tells whether the process has a file open: opening and closing it would end the lock of another copy. */
    private static boolean isOpenHere(Object key) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path each : all) {
                if (isOpenAs(each, key)) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            // Without /proc, the attempt to lock has to tell.
        }
        return false;
    }

    private static boolean isOpenAs(Path descriptor, Object key) {
        try {
            // The name is compared first, because the file may be on a disk that does not answer.
            String name = String.valueOf(Files.readSymbolicLink(descriptor).getFileName());
            return (name.equals(FILE) || name.equals(FILE + REMOVED))
                    && key.equals(Files.readAttributes(descriptor, BasicFileAttributes.class).fileKey());
        } catch (IOException _) {
            // The descriptor was closed meanwhile.
            return false;
        }
    }

    /**
     * Takes the lock, and makes its file if there is none.
     *
     * @param rings the folder of the rings
     * @return the lock, or null if it is held already
     * @throws IOException when the file cannot be made or opened
     */
    public static @Nullable RingLock tryHold(SafeFolder rings) throws IOException {
        return tryHold(rings, true);
    }

    /**
     * Takes the lock.
     *
     * @param rings the folder of the rings
     * @param isMade whether its file is made if there is none
     * @return the lock, or null if it is held already, or its file was removed meanwhile
     * @throws IOException when the file cannot be made or opened
     */
    public static @Nullable RingLock tryHold(SafeFolder rings, boolean isMade) throws IOException {
        synchronized (MONITOR) {
            Object file = key(rings);
            if (file != null && isHeldHere(file)) {
                return null;
            }
            FileChannel channel = isMade ? channel(rings) : rings.open(FILE, true);
            RingLock made = null;
            try {
                // It returns null if another process holds the lock, and throws if this JVM does.
                Object key = channel.tryLock() == null ? null : key(rings);
                if (key != null) {
                    HELD.add(key);
                    made = new RingLock(channel, key);
                }
            } catch (OverlappingFileLockException _) {
                return null;
            } finally {
                if (made == null) {
                    channel.close();
                }
            }
            return made;
        }
    }

    private static FileChannel channel(SafeFolder rings) throws IOException {
        try {
            return rings.create(FILE, true);
        } catch (FileAlreadyExistsException _) {
            return rings.open(FILE, true);
        }
    }

    /**
     * Tells whether the lock of a folder is held, by this process or another one.
     *
     * @param rings the folder of the rings
     * @throws IOException when the lock's file cannot be opened
     */
    public static boolean isHeld(SafeFolder rings) throws IOException {
        synchronized (MONITOR) {
            Object key = key(rings);
            if (key == null || isHeldHere(key)) {
                return key != null;
            }
            try (FileChannel channel = rings.open(FILE, false)) {
                return channel.tryLock(0, Long.MAX_VALUE, true) == null;
            } catch (OverlappingFileLockException _) {
                return true;
            }
        }
    }

    /** Tells whether this is the lock of the file that the folder has now, not of a file that was removed. */
    public boolean isOf(SafeFolder rings) throws IOException {
        return Objects.equals(key, key(rings));
    }

    /** Releases the lock; its file may have been removed before. */
    @Override
    public void close() throws IOException {
        synchronized (MONITOR) {
            HELD.remove(key);
            channel.close();
        }
    }
}
