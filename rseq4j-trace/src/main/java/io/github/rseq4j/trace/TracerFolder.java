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

/** The folder of a tracer, with the folder of its rings' files, which is locked while the tracer runs. */
final class TracerFolder {
    /* How it works
     *
     * The process that creates the folder of the rings owns the trace's folder; only one process can create it. The
     * owner then takes the lock, and checks that both still hold: a recovery may have removed the folder meanwhile, and
     * another tracer may have been started and closed. Metadata without a stream is not a trace: a closed flight
     * recorder leaves it.
     */
    /** The name of the folder of the rings' files. */
    static final String RINGS = ".rings";
    /** The name of the locked file in that folder. */
    static final String LOCK = RingLock.FILE;

    private static final int TRIES = 1000;
    private static final long PAUSE_NANOS = 5_000_000;

    private final SafeFolder trace;
    private final SafeFolder rings;
    private final RingLock lock;
    private final List<IOException> failures = new ArrayList<>();
    private boolean isOfRun;

    /** Returns the two open folders. Their descriptors must be closed even if the tracer never is. */
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
     * Creates a folder for a trace, and locks it.
     *
     * @param path the folder; it and its parents are created if they do not exist
     * @param existing the action if the folder holds a trace
     * @throws FileAlreadyExistsException if the folder holds a trace, and the action is to refuse
     * @throws IOException if the folder cannot be created or locked
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

    /** Creates the folder of a later run: the last one if it holds no trace, otherwise a new one. */
    private static TracerFolder run(Path path) throws IOException {
        List<Integer> runs = TraceFiles.runs(path);
        int last = runs.isEmpty() ? 1 : runs.getLast();
        TracerFolder made = last == 1 ? null : claim(TraceFiles.run(path, last));
        while (made == null) {
            Path next = TraceFiles.run(path, ++last);
            try {
                Files.createDirectory(next);
            } catch (FileAlreadyExistsException _) {
                // Another process created it, or a file has the name: try the next number.
                continue;
            }
            made = claim(next);
        }
        made.isOfRun = true;
        return made;
    }

    /** Claims an existing folder for this tracer, or returns null if it holds a trace. */
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
            // Another tracer created it.
            return null;
        }
        RingLock lock = null;
        try {
            lock = hold(trace, rings);
            if (lock == null) {
                return null;
            }
            // A flight recorder leaves metadata, which is replaced, and these names of the code of its JVM.
            trace.delete(TraceFiles.CODE_NAMES);
            return new TracerFolder(trace, rings, lock);
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
            // Another process holds the lock briefly, to see whether a tracer runs.
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
            // Metadata that no tracer wrote stays.
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

    /** Returns the failures to recover earlier runs. */
    List<IOException> failures() {
        return List.copyOf(failures);
    }

    /**
     * Releases the lock.
     *
     * @param isWhole whether nothing is left to recover; the folder of the rings is then removed
     * @throws IOException if a file cannot be closed or removed
     */
    void finish(boolean isWhole) throws IOException {
        try (trace; rings; lock) {
            if (isWhole) {
                rings.delete(LOCK);
                try {
                    trace.deleteFolder(RINGS);
                } catch (NoSuchFileException _) {
                    // A recovery that found nothing has removed it.
                }
            }
        }
    }

    /** Removes the files after a failed start. Failures to remove are added to the exception. */
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
