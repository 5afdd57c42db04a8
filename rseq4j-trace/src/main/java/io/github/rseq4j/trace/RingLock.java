package io.github.rseq4j.trace;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The lock of a folder of rings' files: one tracer or one recovery of all processes holds it. Any thread. */
final class RingLock implements AutoCloseable {
    /* How it works
     *
     * It is a lock of fcntl(2), which ends with the process, however that ends. A process also loses it when it closes
     * any other descriptor of the file. So the process keeps the identities of the files that it has locked, and does
     * not open one of these.
     */
    /** The file that is locked. */
    static final String FILE = "lock";

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

    /**
     * Takes the lock, and makes its file if there is none.
     *
     * @param rings the folder
     * @return the lock, or null when somebody else holds it
     * @throws IOException when the file cannot be made or opened
     */
    static @Nullable RingLock tryHold(SafeFolder rings) throws IOException {
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
    static @Nullable RingLock tryHold(SafeFolder rings, boolean isMade) throws IOException {
        synchronized (HELD) {
            if (HELD.contains(key(rings))) {
                return null;
            }
            FileChannel channel = isMade ? channel(rings) : rings.open(FILE, true);
            RingLock made = null;
            try {
                // An exception says that another copy of this class, of another class loader, holds it.
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
    static boolean isHeld(SafeFolder rings) throws IOException {
        synchronized (HELD) {
            Object key = key(rings);
            if (key == null || HELD.contains(key)) {
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
    boolean isOf(SafeFolder rings) throws IOException {
        return Objects.equals(key, key(rings));
    }

    /** Ends the lock; its file may have been removed before. */
    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            HELD.remove(key);
            channel.close();
        }
    }
}
