package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The operations on the elements of all indices while sections run: drain, steal, resize, close. */
public final class StackMemory {
    /* How it works
     *
     * All operations run under this object's monitor, one at a time. Sections do not wait for it, except while the
     * arrays are replaced: a section then leaves by the exit for closed arrays, its caller waits for the monitor, and
     * tries again on the new arrays.
     *
     * A drain takes these steps:
     *   1. Check that the stack is large enough and that the kernel grants a fence. Nothing has changed so far.
     *   2. Turn each index that holds elements: sections that begin now use the other array.
     *   3. Make one fence for all of them.
     *   4. Copy the elements of the former arrays. If this or the fence fails, turn the indices back: the former arrays
     *      are in use again, with all of their elements. Elements that were pushed meanwhile stay in the other array.
     *   5. Empty the former arrays and link the copies. Nothing here can fail. Elements that a failed drain has left in
     *      the other array count. The next drain takes them by turning twice.
     *
     * Replacing and closing close each index instead of turning it. Opening the index again undoes that, until all
     * elements were copied.
     *
     * Refused: taking elements one by one from the array in use, which a section of that index may be popping.
     */
    private static final int ALL = -1;

    /** The layout of elements in taken words. */
    public interface Elements {
        /**
         * Returns the start of the last element.
         *
         * @param words the words
         * @param end the end of the last element
         */
        int start(long[] words, int end);

        /**
         * Passes an element on.
         *
         * @param words the words
         * @param start the start of the element
         * @param end the end of the element
         */
        void hand(long[] words, int start, int end);
    }

    /** Taken words. They are linked, so that keeping them needs no memory. */
    private static final class Block {
        private final long[] words;
        private int end;
        private @Nullable Block next;

        Block(long[] words) {
            this.words = words;
            this.end = words.length;
        }

        /** Returns the remaining words. */
        long[] left() {
            return end == words.length ? words : Arrays.copyOf(words, end);
        }
    }

    private final Engine engine = Engine.get();
    private volatile TwinArrays arrays;
    /** Elements that were taken and not passed on. */
    private @Nullable Block kept;
    private boolean closed;
    private boolean dropped;

    /**
     * Creates empty stacks.
     *
     * @param capacityBytes the capacity of each index, in bytes of elements
     */
    public StackMemory(int capacityBytes) {
        this.arrays = new TwinArrays(capacityBytes);
    }

    /** Returns the current arrays, on which sections work. */
    public TwinArrays arrays() {
        return arrays;
    }

    /**
     * Called after a section has found the arrays closed. Waits until they may have been replaced.
     *
     * @return true if there are new arrays; false if the owner has closed the stacks and taken their elements
     * @throws IllegalStateException if the stacks were closed and their elements dropped
     */
    public synchronized boolean awaitOpen() {
        requireNotDropped();
        return !closed;
    }

    private void requireNotDropped() {
        if (dropped) {
            throw new IllegalStateException("the stack is closed");
        }
    }

    /** Returns the bytes of elements of each index a moment ago, at most its capacity. */
    public int[] usedBytes() {
        TwinArrays now = arrays;
        int[] used = new int[now.copies()];
        for (int index = 0; index < used.length; index++) {
            // While elements are taken from one array, threads push to the other.
            used[index] = (int) Math.min(now.usedBytes(index), now.capacityBytes());
        }
        return used;
    }

    /** Returns the bytes of elements that were taken and not passed on. */
    public synchronized long returnedBytes() {
        long bytes = 0;
        for (Block block = kept; block != null; block = block.next) {
            bytes += (long) block.end * Long.BYTES;
        }
        return bytes;
    }

    /**
     * Takes all elements of all indices that were pushed before, and elements that an earlier call has kept. Passes
     * them on, those of each index from its end. If the receiver throws, the elements after the one for which it threw
     * are kept for the next drain.
     *
     * @param elements the layout of elements, and their receiver
     * @return the number of elements
     */
    public int drain(Elements elements) {
        return handOn(true, elements);
    }

    /**
     * Does the same with the elements of the index that holds most, or with elements that an earlier call has kept.
     *
     * @param elements the layout of elements, and their receiver
     * @return the number of elements
     */
    public int steal(Elements elements) {
        return handOn(false, elements);
    }

    private int handOn(boolean all, Elements elements) {
        int handed = 0;
        @Nullable Block block = null;
        try {
            block = all ? blocksOfAll() : blockOfFullest();
            while (block != null) {
                while (block.end > 0) {
                    int last = block.end;
                    block.end = elements.start(block.words, last);
                    elements.hand(block.words, block.end, last);
                    handed++;
                }
                block = block.next;
            }
            return handed;
        } finally {
            if (block != null) {
                keep(block);
            }
        }
    }

    private synchronized void keep(Block first) {
        Block last = first;
        for (Block next = last.next; next != null; next = last.next) {
            last = next;
        }
        last.next = kept;
        kept = first;
    }

    private synchronized @Nullable Block blocksOfAll() {
        collect(ALL);
        Block all = kept;
        kept = null;
        return all;
    }

    private synchronized @Nullable Block blockOfFullest() {
        collectFullest();
        Block block = kept;
        if (block != null) {
            kept = block.next;
            block.next = null;
        }
        return block;
    }

    /**
     * Takes all elements of all indices that were pushed before, and elements that an earlier call has kept.
     *
     * @return the words of each index that had elements, in the order in which they were pushed
     */
    public synchronized List<long[]> takeAll() {
        collect(ALL);
        return takeKept();
    }

    private List<long[]> takeKept() {
        List<long[]> taken = new ArrayList<>();
        for (Block block = kept; block != null; block = block.next) {
            taken.add(block.left());
        }
        kept = null;
        return taken;
    }

    /** Takes all elements of the index that holds most, or elements that an earlier call has kept. */
    public synchronized long[] takeFullest() {
        collectFullest();
        Block block = kept;
        if (block == null) {
            return new long[0];
        }
        long[] words = block.left();
        kept = block.next;
        return words;
    }

    private void collectFullest() {
        requireNotDropped();
        if (kept != null) {
            return;
        }
        int[] used = usedBytes();
        int fullest = 0;
        for (int index = 1; index < used.length; index++) {
            fullest = used[index] > used[fullest] ? index : fullest;
        }
        if (used[fullest] > 0) {
            collect(fullest);
        }
    }

    /** Takes the elements of one index, or of all, and keeps them. */
    private void collect(int only) {
        requireNotDropped();
        if (!closed && turn(only)) {
            turn(only);
        }
    }

    /** Tells whether a failed drain had left elements, which are now in the array in use. */
    private boolean turn(int only) {
        TwinArrays now = arrays;
        boolean[] chosen = new boolean[now.copies()];
        boolean any = false;
        boolean behind = false;
        for (int index = 0; index < chosen.length; index++) {
            chosen[index] = (only == ALL || only == index) && now.usedBytes(index) > 0;
            any |= chosen[index];
            behind |= chosen[index] && now.isBehind(index);
        }
        if (any) {
            turn(now, chosen);
        }
        return behind;
    }

    private void turn(TwinArrays now, boolean[] chosen) {
        Headroom.require();
        engine.requireFence();
        @Nullable Block[] blocks = new Block[chosen.length];
        int turned = 0;
        boolean isDone = false;
        try {
            for (; turned < chosen.length; turned++) {
                if (chosen[turned]) {
                    now.turn(turned);
                }
            }
            engine.fence();
            for (int index = 0; index < chosen.length; index++) {
                if (chosen[index]) {
                    blocks[index] = new Block(now.behind(index));
                }
            }
            isDone = true;
        } finally {
            for (int index = 0; index < turned && !isDone; index++) {
                if (chosen[index]) {
                    now.turn(index);
                }
            }
        }
        for (int index = chosen.length - 1; index >= 0; index--) {
            Block block = blocks[index];
            if (block != null) {
                now.empty(index);
                link(block);
            }
        }
    }

    private void link(Block block) {
        if (block.end > 0) {
            block.next = kept;
            kept = block;
        }
    }

    /**
     * Replaces the arrays, and moves the elements of each index to the new arrays.
     *
     * @param capacityBytes the new capacity of each index, in bytes of elements
     * @throws IllegalStateException if an index holds more than that, or the stacks are closed; nothing has changed
     *     then
     */
    public synchronized void resize(int capacityBytes) {
        if (closed) {
            throw new IllegalStateException("closed, capacityBytes=" + capacityBytes);
        }
        Headroom.require();
        TwinArrays former = arrays;
        TwinArrays other = new TwinArrays(capacityBytes);
        long[] inUse = former.inUse();
        boolean isDone = false;
        try {
            former.close();
            engine.fence();
            for (int index = 0; index < inUse.length; index++) {
                long[] words = former.closed(index, inUse);
                if ((long) words.length * Long.BYTES > capacityBytes) {
                    throw new IllegalStateException("index=" + index + " holds bytes=" + words.length * Long.BYTES
                            + ", more than capacityBytes=" + capacityBytes);
                }
                other.fill(index, words);
            }
            VarHandle.releaseFence();
            arrays = other;
            isDone = true;
        } finally {
            if (!isDone) {
                former.reopen(inUse);
            }
        }
        former.discard();
    }

    /**
     * Closes the stacks for good, and takes all elements. After that sections find the stacks full, or empty.
     *
     * @return the words of each index, and elements that an earlier call has kept
     * @throws RuntimeException if the kernel refuses a fence; nothing has changed then
     */
    public synchronized List<long[]> close() {
        if (!closed) {
            shut(true);
        }
        return takeKept();
    }

    /**
     * Closes the stacks for good, and drops all elements. After that callers of sections get an exception.
     *
     * @throws RuntimeException if the kernel refuses a fence; nothing has changed then
     */
    public synchronized void drop() {
        if (!closed) {
            shut(false);
        }
        dropped = true;
        kept = null;
    }

    private void shut(boolean keeps) {
        Headroom.require();
        TwinArrays now = arrays;
        long[] inUse = now.inUse();
        @Nullable Block[] blocks = new Block[inUse.length];
        boolean isDone = false;
        try {
            now.close();
            engine.fence();
            for (int index = 0; keeps && index < inUse.length; index++) {
                blocks[index] = new Block(now.closed(index, inUse));
            }
            isDone = true;
        } finally {
            if (!isDone) {
                now.reopen(inUse);
            }
        }
        closed = true;
        for (int index = inUse.length - 1; index >= 0; index--) {
            now.emptyClosed(index);
            Block block = blocks[index];
            if (block != null) {
                link(block);
            }
        }
        now.discard();
    }
}
