package io.github.rseq4j.memory;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Sees to it that structures which were dropped are collected before they hold too much memory. */
final class Pressure {
    /* How it works
     *
     * A ring of half a megabyte for each CPU is a few hundred bytes of the Java heap, and so is a pool of items:
     * dropping thousands of them gives the collector no reason to run. On the fallback the memory is in the heap, but
     * stays reachable until its owner was found. So what is handed out is added up, as if all processors used it. Each
     * time it was a quarter of what is held, or of the bound, what is populated is measured. If that is more than the
     * limit, the collector is asked for what nobody reaches any more, as java.nio does for direct buffers, and is
     * waited for a quarter of a second at most.
     *
     * The limit is twice what was populated after that, and at least the bound: a sixteenth of the Java heap's largest
     * size, at least 64 MiB and at most 512 MiB, and on a small heap a quarter of it. So dropped structures hold no
     * more than live ones do, or than the bound, and a quarter; and the collector is asked again only when the
     * populated memory has grown by as much.
     *
     * Refused: an exception when it is still too much. What is reachable is the application's own.
     */
    private static final long LARGE_BYTES = 4096;
    private static final long LEAST_BYTES = 64L << 20;
    private static final long MOST_BYTES = 512L << 20;
    private static final long FIRST_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LAST_WAIT_NANOS = 128 * FIRST_WAIT_NANOS;

    private final Shared memory;
    private long boundBytes;
    private long limitBytes;
    private long grownBytes;
    private boolean isLooking;

    /** Memory that owners share, of which each gets its part back when it is collected. */
    sealed interface Shared permits Cells, Ranges {
        /** Takes back what owners held that the collector has found. */
        void takeBack();

        /** Returns how many bytes of all copies are populated, at most. */
        long populatedBytes();

        /** Returns how many bytes of each copy are held. */
        long heldBytes();

        /** Returns how many copies there are. */
        int copies();
    }

    Pressure(Shared memory) {
        this.memory = memory;
    }

    /**
     * Called before memory is handed out; it holds no lock while the collector runs.
     *
     * @param lengthBytes how much of each copy
     */
    void grow(long lengthBytes) {
        // Smaller owners take as much of the heap, and so are collected in time.
        if (lengthBytes < LARGE_BYTES || !isTime(lengthBytes)) {
            return;
        }
        try {
            look();
        } finally {
            end();
        }
    }

    private synchronized boolean isTime(long lengthBytes) {
        if (boundBytes == 0) {
            long most = Runtime.getRuntime().maxMemory();
            boundBytes = Math.min(Math.clamp(most / 16, LEAST_BYTES, MOST_BYTES), most / 4);
            limitBytes = boundBytes;
        }
        grownBytes += lengthBytes;
        long users = users();
        if (isLooking || grownBytes * users < Math.max(boundBytes, memory.heldBytes() * users) / 4) {
            return false;
        }
        grownBytes = 0;
        isLooking = true;
        return true;
    }

    private int users() {
        return Math.min(memory.copies(), Runtime.getRuntime().availableProcessors());
    }

    private synchronized void end() {
        isLooking = false;
    }

    private void look() {
        memory.takeBack();
        long populated = memory.populatedBytes();
        if (populated <= limitBytes) {
            return;
        }
        System.gc();
        for (long wait = FIRST_WAIT_NANOS; populated > boundBytes && wait <= LAST_WAIT_NANOS; wait *= 2) {
            LockSupport.parkNanos(wait);
            memory.takeBack();
            populated = memory.populatedBytes();
        }
        limitBytes = Math.max(boundBytes, 2 * populated);
    }
}
