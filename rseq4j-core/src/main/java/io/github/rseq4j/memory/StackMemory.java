package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a stack's owner does with the elements of all indices while they are in use: drain, steal, resize, close. */
public final class StackMemory {
    /* How it works
     *
     * Everything here is done under this object's monitor, by one thread at a time, and sections never wait for it but
     * while the arrays are exchanged for others: then they leave by the exit of what is closed, wait for the monitor,
     * and begin anew on the arrays that stand here then.
     *
     * A drain turns the indices that hold something, makes one fence for all of them, and takes what the former arrays
     * hold. If the kernel refuses the fence nothing is taken; both arrays of an index may then hold elements, and the
     * next turn brings the ones that were left behind into use again.
     *
     * Refused: taking elements one by one from the array in use, which a section of that index may just be popping.
     */
    /** How elements lie in what was taken. */
    public interface Elements {
        /**
         * Returns where the last element begins.
         *
         * @param words holds elements
         * @param end where the last one ends
         */
        int start(long[] words, int end);

        /**
         * Hands an element to whoever wants it.
         *
         * @param words holds it
         * @param start where it begins
         * @param end where it ends
         */
        void hand(long[] words, int start, int end);
    }

    private final Engine engine = Engine.get();
    private final List<long[]> returned = new ArrayList<>();
    private volatile TwinArrays arrays;
    private boolean closed;

    /**
     * Makes empty stacks.
     *
     * @param capacityBytes how many bytes of elements an index may hold
     */
    public StackMemory(int capacityBytes) {
        this.arrays = new TwinArrays(capacityBytes);
    }

    /** Returns the arrays that sections work on now. */
    public TwinArrays arrays() {
        return arrays;
    }

    /**
     * Called when a section found the arrays closed: returns when there may be others.
     *
     * @return whether there are; else they are closed for good
     */
    public synchronized boolean awaitOpen() {
        return !closed;
    }

    /** Returns how many bytes of elements each index holds, a moment ago. */
    public int[] usedBytes() {
        TwinArrays now = arrays;
        int[] used = new int[now.copies()];
        for (int index = 0; index < used.length; index++) {
            used[index] = now.usedBytes(index);
        }
        return used;
    }

    /** Returns how many bytes of elements were given back. */
    public synchronized long returnedBytes() {
        return returned.stream().mapToLong(words -> (long) words.length * Long.BYTES).sum();
    }

    /**
     * Hands on elements that were taken, those of each block from its end. If that throws, those that were not handed
     * on, the one that it threw for not among them, are kept for the next drain.
     *
     * @param taken the blocks
     * @param elements how they lie, and what is done with them
     * @return how many there were
     */
    public int handOn(List<long[]> taken, Elements elements) {
        int handed = 0;
        int block = 0;
        int end = 0;
        try {
            for (; block < taken.size(); block++) {
                long[] words = taken.get(block);
                end = words.length;
                while (end > 0) {
                    int last = end;
                    end = elements.start(words, last);
                    elements.hand(words, end, last);
                    handed++;
                }
            }
            return handed;
        } finally {
            for (int i = block; i < taken.size(); i++) {
                giveBack(i == block ? Arrays.copyOf(taken.get(i), end) : taken.get(i));
            }
        }
    }

    private synchronized void giveBack(long[] words) {
        if (words.length > 0) {
            returned.add(words);
        }
    }

    /**
     * Takes all elements of all indices that were pushed before, and those that were given back.
     *
     * @return for each index that had some its words, the one that was pushed first at the front
     */
    public synchronized List<long[]> takeAll() {
        List<Integer> indices = new ArrayList<>();
        int[] used = usedBytes();
        for (int index = 0; index < used.length; index++) {
            if (used[index] > 0) {
                indices.add(index);
            }
        }
        List<long[]> taken = take(indices);
        taken.addAll(returned);
        returned.clear();
        return taken;
    }

    /** Takes all elements of the index that holds most, or what was given back. */
    public synchronized long[] takeFullest() {
        if (!returned.isEmpty()) {
            return returned.removeLast();
        }
        int[] used = usedBytes();
        int fullest = 0;
        for (int index = 1; index < used.length; index++) {
            fullest = used[index] > used[fullest] ? index : fullest;
        }
        return used[fullest] == 0 ? new long[0] : take(List.of(fullest)).getFirst();
    }

    private List<long[]> take(List<Integer> indices) {
        TwinArrays now = arrays;
        List<long[]> taken = new ArrayList<>();
        if (closed || indices.isEmpty()) {
            return taken;
        }
        indices.forEach(now::turn);
        engine.fence();
        for (int index : indices) {
            taken.add(now.take(index));
        }
        return taken;
    }

    /**
     * Exchanges the arrays for others, which get their elements, each index its own.
     *
     * @param capacityBytes how many bytes of elements an index may hold from then on
     * @throws IllegalStateException when an index holds more than that, or when the arrays are closed; nothing has
     *     changed then
     */
    public synchronized void resize(int capacityBytes) {
        if (closed) {
            throw new IllegalStateException("closed, capacityBytes=" + capacityBytes);
        }
        TwinArrays former = arrays;
        TwinArrays other = new TwinArrays(capacityBytes);
        long[] inUse = former.close();
        boolean done = false;
        try {
            engine.fence();
            for (int index = 0; index < former.copies(); index++) {
                if (former.usedBytes(index) > capacityBytes) {
                    throw new IllegalStateException("index=" + index + " holds bytes=" + former.usedBytes(index)
                            + ", more than capacityBytes=" + capacityBytes);
                }
            }
            for (int index = 0; index < former.copies(); index++) {
                other.fill(index, former.takeClosed(index, inUse));
            }
            VarHandle.releaseFence();
            arrays = other;
            done = true;
        } finally {
            if (!done) {
                former.reopen(inUse);
            }
        }
    }

    /**
     * Closes for good, and takes all elements.
     *
     * @return for each index its words, and what was given back
     */
    public synchronized List<long[]> close() {
        List<long[]> taken = new ArrayList<>(returned);
        returned.clear();
        if (!closed) {
            long[] inUse = arrays.close();
            closed = true;
            engine.fence();
            for (int index = 0; index < inUse.length; index++) {
                taken.add(arrays.takeClosed(index, inUse));
            }
        }
        return taken;
    }
}
