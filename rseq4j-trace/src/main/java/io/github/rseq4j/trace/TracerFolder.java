package io.github.rseq4j.trace;

import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A tracer's folder, and in it the one of its rings' files, locked while the tracer runs. */
final class TracerFolder {
    /** The folder of the rings' files. */
    static final String RINGS = ".rings";
    /** The file in it that is locked. */
    static final String LOCK = "lock";

    private final SafeFolder trace;
    private final SafeFolder rings;
    private final FileChannel lock;

    private TracerFolder(SafeFolder trace, SafeFolder rings, FileChannel lock) {
        this.trace = trace;
        this.rings = rings;
        this.lock = lock;
    }

    /**
     * Makes a folder, and locks it.
     *
     * @param path where; its parents are made, too
     * @throws FileAlreadyExistsException when it holds a trace, or something that is called as a trace's files are
     * @throws IOException when it cannot be made
     */
    @SuppressWarnings("MustBeClosedChecker") // finish and undo close what is made.
    static TracerFolder make(Path path) throws IOException {
        SafeFolder trace = SafeFolder.open(Files.createDirectories(path));
        SafeFolder rings = null;
        try {
            for (String name : trace.names()) {
                if (name.equals(TraceWriter.METADATA) || name.equals(RINGS) || name.startsWith(TraceWriter.CHANNEL)) {
                    throw new FileAlreadyExistsException(path.toString(), null, "the folder holds a trace already, or"
                            + " one that was not closed: choose another, or run `rseq4j trace recover` on it");
                }
            }
            rings = trace.make(RINGS);
            SafeFolder made = rings;
            return new TracerFolder(trace, rings, Uninterrupted.run(() -> locked(made)));
        } catch (Throwable t) {
            if (rings != null) {
                rings.close();
                trace.deleteFolder(RINGS);
            }
            trace.close();
            throw t;
        }
    }

    private static FileChannel locked(SafeFolder rings) throws IOException {
        FileChannel lock = rings.create(LOCK, true);
        try {
            lock.lock();
            return lock;
        } catch (Throwable t) {
            lock.close();
            rings.delete(LOCK);
            throw t;
        }
    }

    /** Returns the trace's folder. */
    SafeFolder trace() {
        return trace;
    }

    /** Returns the folder of the rings' files. */
    SafeFolder rings() {
        return rings;
    }

    /**
     * Ends the lock.
     *
     * @param isWhole whether nothing is left to recover: then the rings' folder is removed
     * @throws IOException when something cannot be closed or removed
     */
    void finish(boolean isWhole) throws IOException {
        try (trace; rings; lock) {
            if (isWhole) {
                rings.delete(LOCK);
                trace.deleteFolder(RINGS);
            }
        }
    }

    /** Leaves nothing that another try would take for a trace; what cannot be removed is told with what is thrown. */
    void undo(Throwable thrown) {
        try {
            trace.delete(TraceWriter.METADATA);
            finish(true);
        } catch (IOException | RuntimeException e) {
            thrown.addSuppressed(e);
        }
    }
}
