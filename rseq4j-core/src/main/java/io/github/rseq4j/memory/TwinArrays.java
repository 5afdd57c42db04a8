package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.sections.ArrayStack;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/**
 * The memory of stacks in arrays: two arrays for each index, one of which is in use. Methods that change something are
 * called by one thread at a time.
 */
public final class TwinArrays {
    /* How it works
     *
     * The layout is that of sections.ArrayStack. Sections push to and pop from the array in use, and write only its
     * elements and the number of bytes that it holds. The word that selects the array in use is the claim word of
     * RemoteAccess: it is written here, by plain stores from any CPU, and no section writes it.
     *
     *   Owner:    release fence; writes the word (turn); fences all CPUs (I9); reads and empties the former array.
     *   Section:  loads the word; works on the array that it selects.
     *
     * After the fence the owner has the former array alone. It copies the elements and empties the array for the next
     * turn, or turns back. A section that loads the new word finds that array empty, because of the release fence; on
     * aarch64 also because the address of its next load depends on the word.
     *
     * The memory is freed when this object is collected. The caller of a section keeps this object reachable until the
     * call has returned (I8).
     */
    /** The most bytes of elements of an array. */
    public static final int MAX_CAPACITY_BYTES =
            (Cells.MAX_CELLS * Long.BYTES - ArrayStack.HEADER_BYTES) / 2 & -Long.BYTES;

    private final Engine engine = Engine.get(Cells.class);
    private final AddressSpace memory = engine.memory();
    private final long cells;
    private final long capacityBytes;
    private final @Nullable HeapStacks heap;

    /**
     * Creates empty arrays.
     *
     * @param capacityBytes the capacity of an array in bytes of elements, a multiple of 8 up to
     *     {@link #MAX_CAPACITY_BYTES}
     */
    public TwinArrays(int capacityBytes) {
        this.capacityBytes = capacityBytes;
        this.cells = Cells.get().allocate(this, (ArrayStack.HEADER_BYTES + 2 * capacityBytes) / Long.BYTES);
        this.heap = HeapStacks.of(engine, cells, capacityBytes);
    }

    /** Returns what pushes and pops words in place of sections, or null if sections do. */
    public @Nullable HeapStacks heap() {
        return heap;
    }

    /** Returns the address for sections: the first word's copy at index 0. */
    public long cells() {
        return cells;
    }

    /** Returns the capacity of an array, in bytes of elements. */
    public long capacityBytes() {
        return capacityBytes;
    }

    /** Returns the number of copies. */
    public int copies() {
        return engine.copies();
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

    private void put(long address, long value) {
        try {
            memory.putLong(address, value);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private long used(int index, long array) {
        return get(copy(index) + ArrayStack.USED_BYTES + array);
    }

    /**
     * Returns the bytes of elements in both arrays of an index, a moment ago. They may exceed the capacity while
     * elements are taken from one array.
     *
     * @param index the index
     */
    long usedBytes(int index) {
        return used(index, 0) + used(index, ArrayStack.ARRAY_1);
    }

    /**
     * Puts the other array of an index in use. A fence must pass before {@link #former}.
     *
     * @param index the index
     */
    void turn(int index) {
        long other = other(index);
        if (other != 0) {
            put(copy(index) + ArrayStack.FROM_BYTES + other, capacityBytes);
        }
        VarHandle.releaseFence();
        put(copy(index), other);
    }

    private long other(int index) {
        return ArrayStack.ARRAY_1 - get(copy(index));
    }

    /**
     * Tells whether the array that an index does not use holds elements, which a failed drain has left.
     *
     * @param index the index
     */
    boolean isLeft(int index) {
        return used(index, other(index)) > 0;
    }

    /**
     * Returns the elements of the array that an index does not use.
     *
     * @param index the index
     * @return a copy of its words, in the order in which they were pushed
     */
    long[] former(int index) {
        long array = other(index);
        long[] words = new long[words(index, array)];
        read(index, array, words, 0);
        return words;
    }

    private int words(int index, long array) {
        return (int) used(index, array) / Long.BYTES;
    }

    private void read(int index, long array, long[] into, int from) {
        int count = words(index, array);
        long first = copy(index) + ArrayStack.HEADER_BYTES + (array == 0 ? 0 : capacityBytes);
        for (int i = 0; i < count; i++) {
            into[from + i] = get(first + (long) i * Long.BYTES);
        }
    }

    /**
     * Empties the array that an index does not use.
     *
     * @param index the index
     */
    void empty(int index) {
        put(copy(index) + ArrayStack.USED_BYTES + other(index), 0);
    }

    /** Returns the selecting word of each index, for {@link #reopen} and {@link #closed}. */
    long[] inUse() {
        long[] inUse = new long[copies()];
        for (int index = 0; index < inUse.length; index++) {
            inUse[index] = get(copy(index));
        }
        return inUse;
    }

    /**
     * Closes every index, so that sections leave by their exit for closed arrays. A fence must pass before any other
     * call.
     */
    void close() {
        for (int index = 0; index < copies(); index++) {
            put(copy(index), ArrayStack.CLOSED);
        }
    }

    /**
     * Opens every index again, with its former array in use.
     *
     * @param inUse the result of {@link #inUse}
     */
    void reopen(long[] inUse) {
        for (int index = 0; index < inUse.length; index++) {
            // An index that is not closed yet is not written: on the fallback a write may need memory.
            if (get(copy(index)) != inUse[index]) {
                put(copy(index), inUse[index]);
            }
        }
    }

    /**
     * Returns all elements of an index that is closed.
     *
     * @param index the index
     * @param inUse the result of {@link #inUse}
     * @return a copy of its words, in the order in which they were pushed
     */
    long[] closed(int index, long[] inUse) {
        long older = ArrayStack.ARRAY_1 - inUse[index];
        int first = words(index, older);
        long[] words = new long[first + words(index, inUse[index])];
        read(index, older, words, 0);
        read(index, inUse[index], words, first);
        return words;
    }

    /**
     * Empties both arrays of an index that is closed.
     *
     * @param index the index
     */
    void emptyClosed(int index) {
        for (long array = 0; array <= ArrayStack.ARRAY_1; array += ArrayStack.ARRAY_1) {
            if (used(index, array) != 0) {
                put(copy(index) + ArrayStack.USED_BYTES + array, 0);
            }
        }
    }

    /** Frees the memory of the elements. Every index must be closed, and a fence must have passed. */
    void discard() {
        try {
            Cells.get().discardPages(cells + ArrayStack.HEADER_BYTES, 2 * capacityBytes);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Sets the first elements of an index, before any section uses it.
     *
     * @param index the index
     * @param words the words, at most {@link #capacityBytes} bytes of them
     */
    void fill(int index, long[] words) {
        for (int i = 0; i < words.length; i++) {
            put(copy(index) + ArrayStack.HEADER_BYTES + (long) i * Long.BYTES, words[i]);
        }
        if (words.length > 0) {
            put(copy(index) + ArrayStack.USED_BYTES, (long) words.length * Long.BYTES);
        }
    }
}
