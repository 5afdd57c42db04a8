package io.github.rseq4j.demo.service;

import io.github.rseq4j.demo.side.Side;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Takes a snapshot of the recorder when a request was slow because it waited for the lock: the first one after each
 * {@link #arm}. On a machine that stalls any request may be slow; a snapshot of another one would show nothing of use.
 */
final class SlowRequests {
    /** A request that takes longer is slow. */
    static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** The time between the slow request and the snapshot, in which the others that waited with it are recorded. */
    private static final long SETTLE_MILLIS = 20;
    private static final long WAIT_MILLIS = 60_000;

    private final Side side;
    private final AtomicBoolean isArmed = new AtomicBoolean();
    private volatile Path target = Path.of("");
    private volatile @Nullable Thread snapshot;
    private volatile SlowRequest found = SlowRequest.NONE;

    SlowRequests(Side side) {
        this.side = side;
    }

    /**
     * Lets the next slow request trigger a snapshot.
     *
     * @param to a path where nothing is yet
     */
    void arm(Path to) {
        found = SlowRequest.NONE;
        snapshot = null;
        target = to;
        isArmed.set(true);
    }

    /**
     * Looks whether a request was slow, and whether most of its time was the wait for the lock.
     *
     * @param id its number
     * @param path its path
     * @param nanos its latency, in nanoseconds
     * @param waitNanos the time of its wait for the lock, in nanoseconds
     */
    void check(long id, String path, long nanos, long waitNanos) {
        if (nanos >= SLOW_NANOS && waitNanos > nanos / 2 && isArmed.compareAndSet(true, false)) {
            snapshot = Thread.ofPlatform().name("snapshot").daemon()
                    .start(() -> snapshot(id, path, nanos, waitNanos));
        }
    }

    private void snapshot(long id, String path, long nanos, long waitNanos) {
        try {
            Thread.sleep(SETTLE_MILLIS);
            side.snapshot(target);
            found = new SlowRequest(id, path, nanos, waitNanos, target.toString(), null);
        } catch (IOException | InterruptedException | RuntimeException e) {
            found = new SlowRequest(id, path, nanos, waitNanos, null, String.valueOf(e));
        }
    }

    /** Ends the wait for slow requests. Returns the slow request, or NONE. */
    SlowRequest disarm() throws InterruptedException {
        isArmed.set(false);
        Thread running = snapshot;
        if (running != null) {
            running.join(WAIT_MILLIS);
        }
        return found;
    }
}
