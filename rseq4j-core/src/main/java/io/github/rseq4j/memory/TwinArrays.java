package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.sections.ArrayStack;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;

/**
 * The memory of stacks in arrays: two arrays for each index, of which one is in use. Its owner sees to it that one
 * thread at a time calls what changes something.
 */
public final class TwinArrays {
    /* How it works
     *
     * The layout is that of engine.ArrayStack. Sections push to and pop from the array in use, and write nothing but
     * its elements and how many bytes it holds. Here the word that tells the array in use is written, by plain memory
     * access and from any CPU: no section writes it.
     *
     * turn puts the empty array in place of the one in use. Sections that found the former one may still be running;
     * each has committed, or begins anew and finds the other one, when a fence has returned. From then on the former
     * array belongs to who turned it, who copies its elements and empties it for the next turn, or turns it back (I9).
     * A release fence stands ahead of the turn: who finds the array by its word finds it empty, on aarch64 because the
     * address of what it reads next depends on that word.
     *
     * The memory goes back when this object is collected; who calls a section keeps it reachable until the call has
     * returned (I8).
     */
    /** The most bytes that an array may have. */
    public static final int MAX_CAPACITY_BYTES =
            (Cells.MAX_CELLS * Long.BYTES - ArrayStack.HEADER_BYTES) / 2 & -Long.BYTES;

    private final Engine engine = Engine.get(Cells.class);
    private final AddressSpace memory = engine.memory();
    private final long cells;
    private final long capacityBytes;

    /**
     * Makes empty arrays.
     *
     * @param capacityBytes how many bytes of elements an array may hold, a multiple of 8 up to
     *     {@link #MAX_CAPACITY_BYTES}
     */
    public TwinArrays(int capacityBytes) {
        this.capacityBytes = capacityBytes;
        this.cells = Cells.get().allocate(this, (ArrayStack.HEADER_BYTES + 2 * capacityBytes) / Long.BYTES);
    }

    /** Returns the address that sections take: the first word's copy at index 0. */
    public long cells() {
        return cells;
    }

    /** Returns how many bytes of elements an array may hold. */
    public long capacityBytes() {
        return capacityBytes;
    }

    /** Returns how many copies there are. */
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
     * Returns how many bytes of elements an index holds, in both arrays, a moment ago: more than the capacity while
     * elements are taken from one of them.
     *
     * @param index the index
     */
    long usedBytes(int index) {
        return used(index, 0) + used(index, ArrayStack.ARRAY_1);
    }

    /**
     * Puts the other array of an index in use. A fence must pass before {@link #behind}.
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
     * Tells whether the array that an index does not use holds elements: those that were left behind.
     *
     * @param index the index
     */
    boolean isBehind(int index) {
        return used(index, other(index)) > 0;
    }

    /**
     * Returns the elements of the array that an index does not use.
     *
     * @param index the index
     * @return a copy of its words, the one that was pushed first at the front
     */
    long[] behind(int index) {
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

    /** Returns for each index which array is in use, for {@link #reopen} and {@link #closed}. */
    long[] inUse() {
        long[] inUse = new long[copies()];
        for (int index = 0; index < inUse.length; index++) {
            inUse[index] = get(copy(index));
        }
        return inUse;
    }

    /**
     * Closes every index, so that sections leave by their exit for that. A fence must pass before anything else is
     * done.
     */
    void close() {
        for (int index = 0; index < copies(); index++) {
            put(copy(index), ArrayStack.CLOSED);
        }
    }

    /**
     * Opens every index again, as it was.
     *
     * @param inUse what {@link #inUse} returned
     */
    void reopen(long[] inUse) {
        for (int index = 0; index < inUse.length; index++) {
            // What was not closed yet is not written: on the fallback that may need memory.
            if (get(copy(index)) != inUse[index]) {
                put(copy(index), inUse[index]);
            }
        }
    }

    /**
     * Returns all elements of an index that is closed.
     *
     * @param index the index
     * @param inUse what {@link #inUse} returned
     * @return a copy of its words, the one that was pushed first at the front
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

    /** Gives the elements' memory back. Every index is closed, and a fence has passed. */
    void discard() {
        try {
            Cells.get().discardPages(cells + ArrayStack.HEADER_BYTES, 2 * capacityBytes);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Gives an index its first elements. No section may have found it yet.
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
