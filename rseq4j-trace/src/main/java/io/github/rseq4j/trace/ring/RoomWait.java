package io.github.rseq4j.trace.ring;

import io.github.rseq4j.trace.thread.LooseThread;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Lets recording threads wait for room in a full ring, up to a bound. Any thread. */
public final class RoomWait {
    /* How it works
     *
     *   Recording thread:  finds its ring full; wakes the tracer's thread; parks for a short time; tries to open the
     *                      next sub-buffer again, on the CPU on which it then runs.
     *   Tracer's thread:   writes complete sub-buffers, which frees them.
     *
     * The tracer's thread never waits for a recording thread, and no lock of this library is held during the wait, so
     * there is no deadlock. A thread that holds the tracer's monitor would only delay the tracer's thread, so it does
     * not wait. Nor does a thread of the tracer, nor any thread while packets cannot be written.
     *
     * Refused: a queue of waiting threads, which the tracer's thread would wake. Recording threads may migrate to
     * another ring while they wait, and a thread in such a queue keeps the library's class loader reachable.
     */
    private static final long SHORTEST_PARK_NANOS = 50_000;
    private static final long LONGEST_PARK_NANOS = 1_000_000;

    private final long boundNanos;
    private final Object monitor;
    private final BooleanSupplier isServed;
    private final Runnable wake;

    /**
     * @param boundNanos the longest wait of an event; 0 or less for none
     * @param monitor the monitor that the tracer's thread needs
     * @param isServed whether the tracer's thread writes sub-buffers
     * @param wake wakes the tracer's thread
     */
    public RoomWait(long boundNanos, Object monitor, BooleanSupplier isServed, Runnable wake) {
        this.boundNanos = boundNanos;
        this.monitor = monitor;
        this.isServed = isServed;
        this.wake = wake;
    }

    /** An attempt to open the next sub-buffer. */
    @FunctionalInterface
    interface Attempt {
        /** Returns the status of the section. */
        long run() throws Throwable;
    }

    /**
     * Waits as long as a status remains, at most for the bound. The interrupt status of the thread stays.
     *
     * @param full the status of a full ring
     * @param attempt is repeated
     * @return the last status
     */
    long await(long full, Attempt attempt) throws Throwable {
        if (boundNanos <= 0 || Thread.holdsLock(monitor) || LooseThread.isOwn(Thread.currentThread())) {
            return full;
        }
        long start = System.nanoTime();
        long pause = SHORTEST_PARK_NANOS;
        long status = full;
        boolean isInterrupted = false;
        try {
            for (long left = boundNanos; status == full && left > 0 && isServed.getAsBoolean();
                    left = boundNanos - (System.nanoTime() - start)) {
                wake.run();
                // parkNanos returns at once in a thread that is interrupted.
                isInterrupted |= Thread.interrupted();
                LockSupport.parkNanos(this, Math.min(pause, left));
                pause = Math.min(2 * pause, LONGEST_PARK_NANOS);
                status = attempt.run();
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return status;
    }
}
