package io.github.rseq4j.agent;

import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Writes snapshots of a flight recorder after slow calls, on a thread of its own. */
final class SnapshotTrigger {
    private static final long MINUTE_NANOS = 60_000_000_000L;

    private final Tracer tracer;
    private final Path folder;
    private final int perMinute;
    private final @Nullable JvmEvents events;
    private final Consumer<String> failed;
    private final Thread thread = new Thread(null, this::run, "rseq4j-agent-snapshots", 0, false);
    private volatile boolean isFired;
    private volatile boolean isClosed;

    /**
     * Starts the thread.
     *
     * @param tracer the flight recorder
     * @param folder the folder of the snapshots; each gets a folder of its own, named by the time
     * @param perMinute the most snapshots a minute, at least 1
     * @param events the JVM's events, which are written beside each snapshot, or null
     * @param failed receives why a snapshot was not written
     */
    SnapshotTrigger(Tracer tracer, Path folder, int perMinute, @Nullable JvmEvents events, Consumer<String> failed) {
        this.tracer = tracer;
        this.events = events;
        this.folder = folder;
        this.perMinute = perMinute;
        this.failed = failed;
        thread.setDaemon(true);
        thread.setContextClassLoader(null);
        thread.start();
    }

    /** Returns the folder of the snapshots. */
    Path folder() {
        return folder;
    }

    /** Tells whether another one of these parts would do the same. */
    boolean isLike(Path otherFolder, int otherPerMinute, @Nullable JvmEvents otherEvents) {
        return folder.equals(otherFolder) && perMinute == otherPerMinute && events == otherEvents;
    }

    /** Asks for a snapshot. It is left out if the last one was written a moment ago. Any thread; never waits. */
    void fire() {
        if (!isFired) {
            isFired = true;
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        while (!isClosed) {
            if (!isFired) {
                LockSupport.park(this);
                continue;
            }
            write();
            long until = System.nanoTime() + MINUTE_NANOS / perMinute;
            while (!isClosed && System.nanoTime() - until < 0) {
                LockSupport.parkNanos(this, until - System.nanoTime());
            }
            // Calls that were slow meanwhile have no snapshot of their own.
            isFired = false;
        }
    }

    private void write() {
        Path snapshot = SnapshotNames.next(folder, "");
        try {
            Files.createDirectories(folder);
            tracer.snapshot(snapshot);
        } catch (IOException | RuntimeException e) {
            failed.accept("snapshot=" + snapshot + ": was not written: " + e.getMessage());
            return;
        }
        if (events != null) {
            try {
                events.write(snapshot);
            } catch (IOException | RuntimeException e) {
                failed.accept("snapshot=" + snapshot + ": was written without the JVM's events: " + e.getMessage());
            }
        }
    }

    /** Ends the thread. */
    void close() {
        isClosed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
