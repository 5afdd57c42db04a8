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

/** The lock of a folder of rings' files: one tracer or one recovery of all processes holds it. Any thread. */
public final class RingLock implements AutoCloseable {
    /* How it works
     *
     * It is a lock of fcntl(2), which ends with the process, however that ends. A process also loses it when it closes
     * any other descriptor of the file. So this class keeps the identities of the files that it has locked, and does
     * not open one of these. Another class loader's copy of this class has locked others: a file that the process has
     * open, by its list of descriptors, is not opened either. All copies look and open under one monitor.
     *
     * Refused: an entry of the copy that holds a lock in a table of the JVM, system properties for example. When the
     * copy's class loader is collected the JDK closes the file, and nobody removes the entry.
     */
    /** The file that is locked. */
    public static final String FILE = "lock";
    /** What the kernel adds to the name of a file that has none any more. */
    private static final String REMOVED = " (deleted)";

    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    /** The monitor of all copies of this class: one text, whichever class loader asks for it. */
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

    /** Tells whether the process has a file open: to open and to close it would end the lock of another copy. */
    private static boolean isOpenHere(Object key) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path each : all) {
                if (isOpenAs(each, key)) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException _) {
            // Where there is no /proc a try tells.
        }
        return false;
    }

    private static boolean isOpenAs(Path descriptor, Object key) {
        try {
            // By its name first: another file may be on a disk that does not answer.
            String name = String.valueOf(Files.readSymbolicLink(descriptor).getFileName());
            return (name.equals(FILE) || name.equals(FILE + REMOVED))
                    && key.equals(Files.readAttributes(descriptor, BasicFileAttributes.class).fileKey());
        } catch (IOException _) {
            // It was closed meanwhile.
            return false;
        }
    }

    /**
     * Takes the lock, and makes its file if there is none.
     *
     * @param rings the folder
     * @return the lock, or null when somebody else holds it
     * @throws IOException when the file cannot be made or opened
     */
    public static @Nullable RingLock tryHold(SafeFolder rings) throws IOException {
        return tryHold(rings, true);
    }

    /**
     * Takes the lock.
     *
     * @param rings the folder
     * @param isMade whether its file is made if there is none
     * @return the lock, or null when somebody else holds it
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
                // An exception says that somebody else in this process holds it.
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
     * Tells whether somebody holds the lock of a folder.
     *
     * @param rings the folder
     * @throws IOException when that cannot be told
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

    /** Tells whether it is the lock that a folder's name for it leads to. */
    public boolean isOf(SafeFolder rings) throws IOException {
        return Objects.equals(key, key(rings));
    }

    /** Ends the lock; its file may have been removed before. */
    @Override
    public void close() throws IOException {
        synchronized (MONITOR) {
            HELD.remove(key);
            channel.close();
        }
    }
}
