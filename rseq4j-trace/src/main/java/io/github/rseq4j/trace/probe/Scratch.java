package io.github.rseq4j.trace.probe;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** Arrays in which probes build the records that cannot be passed in words. */
public final class Scratch {
    /* How it works
     *
     * A platform thread has an array of its own, in a ThreadLocal. Its last byte tells whether it is in use, because an
     * agent may record an event while the fields of another one are written. In that case, and when an error ended an
     * event before it gave the array back, the thread gets another array; and when a tracer has longer records.
     *
     * Virtual threads share slots, each of which holds one array or null. The hash of its number assigns a thread to a
     * slot.
     *
     *   Taking:      the thread exchanges the slot's array for null. If it got null, it makes an array.
     *   Giving back: the thread stores the array in its slot.
     *
     * If two threads of one slot record at the same time, there are two arrays, and the second store drops one of them.
     * That is rare.
     *
     * Values of the ThreadLocal are arrays of bytes, so a thread keeps no class loader reachable.
     *
     * Refused: an array for each virtual thread, because there may be a million of them; slots for platform threads,
     * because the exchange takes several nanoseconds, and threads without a CPU keep arrays that others of their slot
     * then have to make; an array for each record, because garbage collection costs more than the exchange.
     */
    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(byte[][].class);
    private static final long HASH = 0x9E37_79B9_7F4A_7C15L;
    /** The distance of slots: no two are in the same cache line, or in two lines that are fetched together. */
    private static final int STRIDE_SHIFT = 5;
    private static final int MAX_SLOTS = 256;
    private static final int SLOTS_BY_PROCESSOR = 4;
    private static final byte IDLE = 0;
    private static final byte USED = 1;
    /** The array of a platform thread, for all tracers. */
    private static final ThreadLocal<byte @Nullable []> OWN = new ThreadLocal<>();

    private final int arrayBytes;
    private final byte @Nullable [][] slots;
    private final int mask;

    /**
     * @param arrayBytes the size of the arrays
     * @param processors the number of threads that run at the same time
     */
    public Scratch(int arrayBytes, int processors) {
        int count = Integer.highestOneBit(Math.min(MAX_SLOTS, processors * SLOTS_BY_PROCESSOR));
        this.arrayBytes = arrayBytes;
        this.slots = new byte[count + 1 << STRIDE_SHIFT][];
        this.mask = count - 1;
    }

    private int slot() {
        int hash = (int) (Thread.currentThread().threadId() * HASH >>> Integer.SIZE);
        return (hash & mask) + 1 << STRIDE_SHIFT;
    }

    /** Returns an array that no other thread uses. The values of its bytes are undefined. */
    byte[] take() {
        if (!Thread.currentThread().isVirtual()) {
            byte[] array = OWN.get();
            if (array == null || array.length <= arrayBytes || array[array.length - 1] == USED) {
                array = new byte[arrayBytes + 1];
                OWN.set(array);
            }
            array[array.length - 1] = USED;
            return array;
        }
        byte @Nullable [] idle = (byte @Nullable []) SLOTS.getAndSetAcquire(slots, slot(), (byte @Nullable []) null);
        return idle != null ? idle : new byte[arrayBytes];
    }

    /**
     * Takes back an array.
     *
     * @param array the array that {@link #take} returned; the caller must not use it any more
     */
    void give(byte[] array) {
        if (array.length > arrayBytes) {
            array[array.length - 1] = IDLE;
        } else {
            SLOTS.setRelease(slots, slot(), array);
        }
    }
}
