package io.github.rseq4j.memory;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Asks the collector for dropped structures before they hold too much memory. */
final class Pressure {
    /* How it works
     *
     * A ring of half a megabyte for each CPU takes a few hundred bytes of the Java heap, and so does a pool of items.
     * So thousands of dropped ones give the collector no reason to run. On the fallback the memory is in the heap, but
     * stays reachable until its owner was found unreachable.
     *
     * 1. Memory that is handed out is added up, as if all processors used it.
     * 2. Each time the sum reaches a quarter of the held memory, or of the bound, the populated memory is measured.
     * 3. If the populated memory exceeds the limit, the collector is asked to run, as in java.nio for direct buffers.
     *    The caller waits for at most a quarter of a second.
     *
     * The bound is a sixteenth of the Java heap's largest size, at least 64 MiB and at most 512 MiB, and on a small
     * heap a quarter of it. The limit is twice the memory that was populated after the collection, and at least the
     * bound. So dropped structures hold at most as much as live ones, or as the bound, and a quarter more. The
     * collector is asked again only when the populated memory has grown by as much.
     *
     * Refused: an exception if too much memory is still populated. Reachable memory is the application's own.
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

    /** Memory that owners share. An owner's part is freed when the owner is collected. */
    sealed interface Shared permits Cells, Ranges {
        /** Frees the memory of owners that the collector has found unreachable. */
        void takeBack();

        /** Returns an upper bound of the populated bytes of all copies. */
        long populatedBytes();

        /** Returns the held bytes of each copy. */
        long heldBytes();

        /** Returns the number of copies. */
        int copies();
    }

    Pressure(Shared memory) {
        this.memory = memory;
    }

    /**
     * Called before memory is handed out. It holds no lock while the collector runs.
     *
     * @param lengthBytes the length in each copy
     */
    void grow(long lengthBytes) {
        // Smaller owners take as much of the heap as they hold, and so are collected in time.
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
