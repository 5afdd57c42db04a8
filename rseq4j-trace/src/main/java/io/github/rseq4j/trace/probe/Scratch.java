package io.github.rseq4j.trace.probe;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** Arrays in which records are put together that do not fit in words. */
public final class Scratch {
    /* How it works
     *
     * An array lies in a slot for each few threads. Who takes it leaves null, who finds null makes one. A slot is
     * taken with one exchange, and given back with one store: what is overwritten then is garbage, and as rare as two
     * threads of one slot that record at once.
     *
     * Refused: an array in each thread, of which there may be a million; an array for each record, which costs the
     * collector more than the exchange costs.
     */
    private static final VarHandle SLOTS = MethodHandles.arrayElementVarHandle(byte[][].class);
    private static final long HASH = 0x9E37_79B9_7F4A_7C15L;
    /** Slots lie so far from each other that no two are in one cache line, nor in two that are fetched together. */
    private static final int STRIDE_SHIFT = 5;
    private static final int MAX_SLOTS = 256;
    private static final int SLOTS_BY_PROCESSOR = 4;

    private final int arrayBytes;
    private final byte @Nullable [][] slots;
    private final int mask;

    /**
     * @param arrayBytes how long the arrays are
     * @param processors how many threads run at once
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

    /** Returns an array that nobody else has. Its bytes are anything. */
    byte[] take() {
        byte @Nullable [] idle = (byte @Nullable []) SLOTS.getAndSetAcquire(slots, slot(), (byte @Nullable []) null);
        return idle != null ? idle : new byte[arrayBytes];
    }

    /**
     * Takes back an array.
     *
     * @param array what {@link #take} returned, of which nothing is needed any more
     */
    void give(byte[] array) {
        SLOTS.setRelease(slots, slot(), array);
    }
}
