package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.sections.ArrayRing;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The memory of rings in arrays, one for each index, and the protocol of their drainers. */
public final class RingMemory {
    /* How it works
     *
     * The layout is that of sections.ArrayRing. No fence of I9 is needed, because each word has one kind of writer:
     *
     *   Section:  loads head and tail; stores to free slots; commits head (release).
     *   Drainer:  loads head; acquire fence; reads the slots before head; release fence; stores tail.
     *
     * The drainer reads only committed slots. A slot is written before the release commit of a later head, and read
     * after that head and an acquire fence. An aborted section, at any index, has stored only to slots from the head
     * on. Those are not committed, and the section that commits them stores all of their bytes first.
     *
     * A section writes only freed slots. The drainer reads a slot before the release fence and the tail that frees it.
     * The section loads the tail, and stores after a branch that depends on it; no architecture performs such a store
     * before the load. An older tail only makes the ring look fuller. The tail never exceeds the head that a section
     * has loaded: the drainer took it from an earlier committed head of this index, and a later commit aborts the
     * section.
     *
     * On the fallback words are pushed by HeapRings, and records by sections.
     *
     * Threads without an index use a copy of their own, step by step under one lock. Sections of the fallback run under
     * the lock of their stripe. They store less than a word by writing the whole word, which belongs to a free slot.
     *
     * A drainer reads an element and writes the tail under a lock, and calls the consumer without the lock. Each
     * element goes to one drainer. So the consumer may drain itself, or wait for another thread that drains.
     *
     * A drain in place hands out an element before it frees it. So that no other drainer takes the element meanwhile,
     * the drainer claims the index:
     *
     *   Drainer in place:  lock; claim index; unlock; for each element: handle it, store tail; give up the claim.
     *   Other drainers:    lock; read claim, skip a claimed index; load tail.
     *
     * The claim is given up by a volatile store, without the lock, which cannot fail.
     *
     * Closing sets the capacity that is passed to sections to 0, so that every section finds the ring full. No fence is
     * needed: a section with the former capacity writes to slots that no drainer reads and that still belong to this
     * object.
     *
     * The memory is freed when this object is collected. The caller of a section keeps this object reachable until the
     * call has returned (I8).
     */
    /**
     * The most bytes of slots of an index: the largest power of two that cells can hold. A compile-time constant, so
     * that the public classes that use it have no initialiser.
     */
    public static final int MAX_CAPACITY_BYTES = 1 << Engine.STRIDE_SHIFT - 1;

    /** Reads elements and passes them on. */
    public interface Elements {
        /**
         * Reads an element, frees it by {@link RingMemory#free}, and passes it on between {@link RingMemory#leave} and
         * {@link RingMemory#enter}.
         *
         * @param index the index of the ring
         * @param tail the position of the element since the beginning
         * @return 1, or 0 for padding
         */
        int hand(int index, long tail);
    }

    private static final int FREE = 0;
    private static final int CLAIMED = 1;

    private final Engine engine = Engine.get(Cells.class);
    private final AddressSpace memory = engine.memory();
    private final ReentrantLock turn = new ReentrantLock();
    /** Whether a drainer in place has an index; one is claimed under the lock. */
    private final AtomicIntegerArray claims;
    /** The slots of each index as a segment, made when it is first asked for; a race makes equal ones. */
    private final @Nullable MemorySegment[] views;
    private final long cells;
    /** The push of words on the fallback, else null. */
    private final @Nullable HeapRings heap;
    private final int capacityBytes;
    /** The capacity, or 0 after the rings were closed. */
    private volatile int openBytes;
    private volatile int next;

    /**
     * Creates empty rings.
     *
     * @param capacityBytes the bytes of slots of each index: a power of two, 8 to {@link #MAX_CAPACITY_BYTES}
     */
    public RingMemory(int capacityBytes) {
        this.capacityBytes = capacityBytes;
        this.openBytes = capacityBytes;
        this.claims = new AtomicIntegerArray(engine.copies());
        this.views = new MemorySegment[engine.copies()];
        this.cells = Cells.get().allocate(this, (ArrayRing.HEADER_BYTES + capacityBytes) / Long.BYTES);
        this.heap = engine instanceof FallbackEngine fallback
                ? new HeapRings(fallback, cells, capacityBytes / Long.BYTES) : null;
    }

    /**
     * Returns the push of words on the fallback, or null if sections push. Rings into which words are pushed this way
     * are not pushed to by sections.
     */
    public @Nullable HeapRings heap() {
        return heap;
    }

    /** Returns the address for sections: the first word's copy at index 0. */
    public long cells() {
        return cells;
    }

    /** Returns the bytes of slots of each index. */
    public int capacityBytes() {
        return capacityBytes;
    }

    /** Returns the bytes of slots that sections may use: 0 after the rings were closed. */
    public int openBytes() {
        return openBytes;
    }

    /**
     * Checks that the rings are open.
     *
     * @throws IllegalStateException if they are closed
     */
    public void requireOpen() {
        if (openBytes == 0) {
            throw new IllegalStateException("the ring is closed");
        }
    }

    /** Closes the rings for good, drops all elements, and frees their memory. It does not wait for consumers. */
    public void close() {
        turn.lock();
        try {
            if (openBytes != 0) {
                openBytes = 0;
                if (heap != null) {
                    heap.close();
                }
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
        // One of both is 0: either words are pushed, or records.
        return get(copy(index)) + (heap == null ? 0 : heap.head(index));
    }

    private long tail(int index) {
        return get(copy(index) + ArrayRing.TAIL_BYTES);
    }

    /**
     * Returns a word of the slots.
     *
     * @param index the index of the ring
     * @param atBytes the offset in the slots, a multiple of 8 less than the capacity
     */
    public long word(int index, long atBytes) {
        return get(copy(index) + ArrayRing.HEADER_BYTES + atBytes);
    }

    /**
     * Frees slots that were read. Called by the drainer.
     *
     * @param index the index of the ring
     * @param tail the amount taken since the beginning
     */
    public void free(int index, long tail) {
        try {
            VarHandle.releaseFence();
            memory.putLong(copy(index) + ArrayRing.TAIL_BYTES, tail);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Lets other drainers in while a consumer runs; {@link #enter} follows. Called by the drainer. */
    public void leave() {
        turn.unlock();
    }

    /** Continues after {@link #leave}. */
    public void enter() {
        turn.lock();
    }

    /**
     * Passes on the elements that were pushed before and that no other drainer takes. It drains one index after the
     * other, beginning after the index that was drained last.
     *
     * @param max the most elements
     * @param elements reads elements and passes them on
     * @return the number of elements
     * @throws IllegalStateException if the rings are closed
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
                handed += drain(index, FREE, max - handed, elements);
            }
            return handed;
        } finally {
            turn.unlock();
        }
    }

    /**
     * Drains while the index is as the drainer expects it, up to the head at the beginning, so that concurrent pushes
     * do not keep the drainer. A consumer may close the rings.
     */
    private int drain(int index, int expected, int max, Elements elements) {
        long head = head(index);
        VarHandle.acquireFence();
        int handed = 0;
        // The claim is read before the tail: a drainer in place stores its tails and then gives up the claim.
        while (handed < max && openBytes != 0 && claims.get(index) == expected) {
            long tail = tail(index);
            if (tail >= head) {
                break;
            }
            handed += elements.hand(index, tail);
        }
        return handed;
    }

    /**
     * Passes on elements like {@link #drain(int, Elements)}, but in place and without a lock. It skips an index that
     * another drainer in place has claimed.
     *
     * @param max the most elements
     * @param elements passes on an element and then frees it, also if it throws; it neither enters nor leaves
     * @return the number of elements
     * @throws IllegalStateException if the rings are closed
     */
    public int drainInPlace(int max, Elements elements) {
        requireOpen();
        // An element is freed after its handler has thrown.
        Headroom.require();
        int handed = 0;
        int first = next;
        for (int i = 0; i < engine.copies() && handed < max; i++) {
            int index = (first + i) % engine.copies();
            if (claim(index)) {
                try {
                    handed += drain(index, CLAIMED, max - handed, elements);
                } finally {
                    claims.set(index, FREE);
                }
            }
        }
        return handed;
    }

    private boolean claim(int index) {
        turn.lock();
        try {
            next = (index + 1) % engine.copies();
            return claims.compareAndSet(index, FREE, CLAIMED);
        } finally {
            turn.unlock();
        }
    }

    /**
     * Returns the slots of an index as a read-only segment, or null if the memory has no segments. They belong to this
     * object: the caller keeps it reachable.
     *
     * @param index the index of the ring
     */
    public @Nullable MemorySegment view(int index) {
        MemorySegment view = views[index];
        if (view == null) {
            view = memory.view(copy(index) + ArrayRing.HEADER_BYTES, capacityBytes);
            views[index] = view;
        }
        return view;
    }

    /**
     * Copies bytes out of the slots.
     *
     * @param index the index of the ring
     * @param atBytes the offset in the slots
     * @param to the segment to which the bytes are copied, from its beginning
     * @param lengthBytes the number of bytes
     */
    public void copyOut(int index, long atBytes, MemorySegment to, long lengthBytes) {
        try {
            memory.copyOut(to, 0, copy(index) + ArrayRing.HEADER_BYTES + atBytes, lengthBytes);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the amounts that were not taken from each index's ring, a moment ago.
     *
     * @param capacity the capacity, in the unit of the counters
     */
    public int[] used(int capacity) {
        int[] used = new int[engine.copies()];
        for (int index = 0; index < used.length && openBytes != 0; index++) {
            long tail = tail(index);
            // The two words are read at different times.
            used[index] = Math.clamp(head(index) - tail, 0, capacity);
        }
        return used;
    }
}
