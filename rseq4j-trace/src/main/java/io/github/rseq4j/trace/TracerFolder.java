package io.github.rseq4j.trace;

import io.github.rseq4j.trace.TracerOptions.ExistingTrace;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.file.RingLock;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.file.Uninterrupted;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A tracer's folder, and in it the one of its rings' files, locked while the tracer runs. */
final class TracerFolder {
    /* How it works
     *
     * Who makes the folder of the rings, which one of all processes can, has the trace's folder. Then it takes the
     * lock, and looks whether it still has both: a recovery may have come between, and a tracer that was closed
     * meanwhile may have left a trace. Metadata without a stream is no trace: a flight recorder leaves so much when it
     * is closed.
     */
    /** The folder of the rings' files. */
    static final String RINGS = ".rings";
    /** The file in it that is locked. */
    static final String LOCK = RingLock.FILE;

    private static final int TRIES = 1000;
    private static final long PAUSE_NANOS = 5_000_000;

    private final SafeFolder trace;
    private final SafeFolder rings;
    private final RingLock lock;
    private final List<IOException> failures = new ArrayList<>();
    private boolean isOfRun;

    /** Returns the descriptors of the two folders, which nothing else closes when nobody does. */
    List<Closeable> descriptors() {
        return Stream.of(trace.descriptor(), rings.descriptor()).filter(Objects::nonNull)
                .map(Closeable.class::cast).toList();
    }

    private TracerFolder(SafeFolder trace, SafeFolder rings, RingLock lock) {
        this.trace = trace;
        this.rings = rings;
        this.lock = lock;
    }

    /**
     * Makes a folder for a trace, and locks it.
     *
     * @param path where; its parents are made, too
     * @param existing what to do when it holds a trace
     * @throws FileAlreadyExistsException when it holds a trace, and that is to be refused
     * @throws IOException when it cannot be made
     */
    static TracerFolder make(Path path, ExistingTrace existing) throws IOException {
        Files.createDirectories(path);
        LeftRuns left = new LeftRuns(path);
        if (existing == ExistingTrace.RECOVER) {
            left.recover();
        }
        TracerFolder made = claim(path);
        if (made == null && existing == ExistingTrace.REFUSE) {
            throw new FileAlreadyExistsException(path.toString(), null, "the folder holds a trace already, or one that"
                    + " was not closed: choose another, or run `rseq4j trace recover` on it and move it");
        }
        made = made == null ? run(path) : made;
        left.bound();
        made.failures.addAll(left.failures());
        return made;
    }

    /** Makes the folder of a later run: the last one if it holds no trace, else a new one. */
    private static TracerFolder run(Path path) throws IOException {
        List<Integer> runs = TraceFiles.runs(path);
        int last = runs.isEmpty() ? 1 : runs.getLast();
        TracerFolder made = last == 1 ? null : claim(TraceFiles.run(path, last));
        while (made == null) {
            Path next = TraceFiles.run(path, ++last);
            try {
                Files.createDirectory(next);
            } catch (FileAlreadyExistsException _) {
                // Another process was faster, or it is something else: the next one then.
                continue;
            }
            made = claim(next);
        }
        made.isOfRun = true;
        return made;
    }

    /** Makes a folder that is there this tracer's, or returns null when it holds a trace. */
    @SuppressWarnings("MustBeClosedChecker") // finish and undo close what is made.
    private static @Nullable TracerFolder claim(Path path) throws IOException {
        SafeFolder trace = SafeFolder.open(path);
        TracerFolder made = null;
        try {
            made = holdsTrace(trace, true) ? null : claim(trace);
            return made;
        } finally {
            if (made == null) {
                trace.close();
            }
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // finish and undo close what is made.
    private static @Nullable TracerFolder claim(SafeFolder trace) throws IOException {
        SafeFolder rings;
        try {
            rings = trace.make(RINGS);
        } catch (FileAlreadyExistsException _) {
            // Another tracer is faster.
            return null;
        }
        RingLock lock = null;
        try {
            lock = hold(trace, rings);
            return lock == null ? null : new TracerFolder(trace, rings, lock);
        } finally {
            if (lock == null) {
                try (rings) {
                    if (isStill(trace, rings)) {
                        rings.delete(LOCK);
                        trace.deleteEmpty(RINGS);
                    }
                }
            }
        }
    }

    private static @Nullable RingLock hold(SafeFolder trace, SafeFolder rings) throws IOException {
        for (int i = 0; i < TRIES && isStill(trace, rings); i++) {
            RingLock lock = Uninterrupted.run(() -> Optional.ofNullable(RingLock.tryHold(rings))).orElse(null);
            if (lock != null) {
                if (isStill(trace, rings) && lock.isOf(rings) && !holdsTrace(trace, false)) {
                    return lock;
                }
                lock.close();
                return null;
            }
            // Somebody looks whether a tracer runs here.
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        return null;
    }

    private static boolean isStill(SafeFolder trace, SafeFolder rings) throws IOException {
        return trace.exists(RINGS)
                && Objects.equals(trace.attributes(RINGS).fileKey(), rings.attributes(".").fileKey());
    }

    private static boolean holdsTrace(SafeFolder trace, boolean isWithRings) throws IOException {
        boolean hasMetadata = false;
        for (String name : trace.names()) {
            if (name.startsWith(TraceFiles.CHANNEL) || isWithRings && name.equals(RINGS)) {
                return true;
            }
            hasMetadata |= name.equals(TraceFiles.METADATA);
        }
        if (!hasMetadata) {
            return false;
        }
        try (TraceReader reader = new TraceReader(trace.path())) {
            // What is no metadata of a tracer of ours is somebody else's, and stays.
            return reader.description() == null;
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

    /** Returns why traces of earlier runs could not be recovered. */
    List<IOException> failures() {
        return List.copyOf(failures);
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
                try {
                    trace.deleteFolder(RINGS);
                } catch (NoSuchFileException _) {
                    // Whoever looked for something to recover has removed it.
                }
            }
        }
    }

    /** Leaves nothing that another try would take for a trace; what cannot be removed is told with what is thrown. */
    void undo(Throwable thrown) {
        try {
            trace.delete(TraceFiles.METADATA);
            finish(true);
            if (isOfRun) {
                Files.delete(trace.path());
            }
        } catch (IOException | RuntimeException e) {
            thrown.addSuppressed(e);
        }
    }
}
