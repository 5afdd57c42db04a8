package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.sections.ArrayRing;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.concurrent.locks.ReentrantLock;

/** The memory of rings in arrays, one for each index, and how drainers share what is in them. */
public final class RingMemory {
    /* How it works
     *
     * The layout is that of engine.ArrayRing. Sections write slots that are free, and commit the head. The drainer
     * reads slots up to the head that it has seen, and writes the tail: no section writes it, so that is a plain store
     * from any CPU, and needs no fence of I9.
     *
     * The drainer reads only what was committed: a slot is written ahead of the release commit of a head behind it, and
     * is read behind that head and an acquire fence. A section that was aborted, at whichever index, has stored to the
     * slot at the head alone or behind it, as far as the capacity reaches: nothing there is committed, and whoever
     * commits it has stored all of it before.
     *
     * A section writes only what the drainer gave free: the drainer reads a slot ahead of a release fence and the tail
     * that frees it; the section loads the tail, and stores behind a branch that depends on it, which no architecture
     * does ahead of the load. A section that finds an older tail takes the ring to be fuller than it is, no more. The
     * tail is not ahead of the head that a section has loaded: the drainer took it from a head that was committed at
     * this index before, and one that is committed later aborts the section.
     *
     * Threads without an index use a copy of their own, step by step under one lock. The fallback's sections run under
     * their stripe's lock, and store less than a word by writing the whole of it: only words of slots that are free.
     *
     * A drainer reads an element and writes the tail under a lock, and calls the consumer without it. Each element goes
     * to one drainer, whatever the consumer waits for: it may drain itself, or wait for a thread that drains.
     *
     * Closing sets the capacity that sections are given to 0, which all of them find exceeded. Nothing is fenced: who
     * took the capacity before writes to slots that nobody looks at any more, and that are still this object's.
     *
     * The memory goes back when this object is collected; who calls a section keeps it reachable until the call has
     * returned (I8).
     */
    /**
     * The most bytes of slots that an index may have: the largest power of two that there are cells for. A constant, so
     * that the public classes which show it have no initialiser.
     */
    public static final int MAX_CAPACITY_BYTES = 1 << Engine.STRIDE_SHIFT - 1;

    /** What is done with the elements. */
    public interface Elements {
        /**
         * Reads an element, frees it by {@link RingMemory#free}, and hands it on between {@link RingMemory#leave} and
         * {@link RingMemory#enter}.
         *
         * @param index whose
         * @param tail where it begins, counted from the beginning
         * @return 1, or 0 when it was none
         */
        int hand(int index, long tail);
    }

    private final Engine engine = Engine.get(Cells.class);
    private final AddressSpace memory = engine.memory();
    private final ReentrantLock turn = new ReentrantLock();
    private final long cells;
    private final int capacityBytes;
    /** The capacity, or 0 when the rings are closed. */
    private volatile int openBytes;
    private int next;

    /**
     * Makes empty rings.
     *
     * @param capacityBytes how many bytes of slots an index has: a power of two, 8 to {@link #MAX_CAPACITY_BYTES}
     */
    public RingMemory(int capacityBytes) {
        this.capacityBytes = capacityBytes;
        this.openBytes = capacityBytes;
        this.cells = Cells.get().allocate(this, (ArrayRing.HEADER_BYTES + capacityBytes) / Long.BYTES);
    }

    /** Returns the address that sections take: the first word's copy at index 0. */
    public long cells() {
        return cells;
    }

    /** Returns how many bytes of slots an index has. */
    public int capacityBytes() {
        return capacityBytes;
    }

    /** Returns how many bytes of slots sections may use: 0 when the rings are closed. */
    public int openBytes() {
        return openBytes;
    }

    /**
     * Refuses rings that are closed.
     *
     * @throws IllegalStateException when they are
     */
    public void requireOpen() {
        if (openBytes == 0) {
            throw new IllegalStateException("the ring is closed");
        }
    }

    /** Closes for good, drops all elements, and gives their memory back. No consumer is waited for. */
    public void close() {
        turn.lock();
        try {
            if (openBytes != 0) {
                openBytes = 0;
                Cells.get().discardPages(cells + ArrayRing.HEADER_BYTES, capacityBytes);
            }
        } finally {
            turn.unlock();
            Reference.reachabilityFence(this);
        }
    }

    private long copy(int index) {
        return cells + ((long) index << Engine.STRIDE_SHIFT);
    }

    private long get(long address) {
        try {
            return memory.getLong(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private long head(int index) {
        return get(copy(index));
    }

    private long tail(int index) {
        return get(copy(index) + ArrayRing.TAIL_BYTES);
    }

    /**
     * Returns a word of the slots.
     *
     * @param index whose
     * @param atBytes where it lies among the slots, a multiple of 8 below the capacity
     */
    public long word(int index, long atBytes) {
        return get(copy(index) + ArrayRing.HEADER_BYTES + atBytes);
    }

    /**
     * Gives free what was read. The drainer alone calls it.
     *
     * @param index whose
     * @param tail how much was taken since the beginning
     */
    public void free(int index, long tail) {
        try {
            VarHandle.releaseFence();
            memory.putLong(copy(index) + ArrayRing.TAIL_BYTES, tail);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Lets other drainers in while a consumer runs; {@link #enter} follows. The drainer alone calls it. */
    public void leave() {
        turn.unlock();
    }

    /** Ends what {@link #leave} began. */
    public void enter() {
        turn.lock();
    }

    /**
     * Hands on what was pushed before and is not taken by another drainer, of one index after the other, beginning
     * behind the one that was drained last.
     *
     * @param max how many elements at most
     * @param elements what is done with them
     * @return how many there were
     * @throws IllegalStateException when the rings are closed
     */
    public int drain(int max, Elements elements) {
        turn.lock();
        try {
            requireOpen();
            int handed = 0;
            int first = next;
            for (int i = 0; i < engine.copies() && handed < max; i++) {
                int index = (first + i) % engine.copies();
                next = (index + 1) % engine.copies();
                handed += drain(index, max - handed, elements);
            }
            return handed;
        } finally {
            turn.unlock();
        }
    }

    /**
     * Takes up to the head that is found first: who pushes meanwhile does not keep the drainer. An element's consumer
     * may close the rings.
     */
    private int drain(int index, int max, Elements elements) {
        long head = head(index);
        VarHandle.acquireFence();
        int handed = 0;
        for (long tail = tail(index); tail < head && handed < max && openBytes != 0; tail = tail(index)) {
            handed += elements.hand(index, tail);
        }
        return handed;
    }

    /**
     * Returns how much of each index's ring was not taken, a moment ago.
     *
     * @param capacity how much there is room for, in what the counters count
     */
    public int[] used(int capacity) {
        int[] used = new int[engine.copies()];
        for (int index = 0; index < used.length && openBytes != 0; index++) {
            long tail = tail(index);
            // The two words are not of one moment.
            used[index] = Math.clamp(head(index) - tail, 0, capacity);
        }
        return used;
    }
}
