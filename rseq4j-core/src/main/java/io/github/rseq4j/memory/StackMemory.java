package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a stack's owner does with the elements of all indices while they are in use: drain, steal, resize, close. */
public final class StackMemory {
    /* How it works
     *
     * Everything here is done under this object's monitor, by one thread at a time, and sections never wait for it but
     * while the arrays are exchanged for others: then they leave by the exit of what is closed, wait for the monitor,
     * and begin anew on the arrays that stand here then.
     *
     * A drain takes these steps:
     *   1. It looks whether there is stack, and whether the kernel grants a fence. Nothing has changed so far.
     *   2. It turns the indices that hold something: sections that begin now use the other array.
     *   3. It makes one fence for all of them.
     *   4. It copies what the former arrays hold. When that fails, or the fence, it turns them back: they are in use
     *      again, with all of their elements. What was pushed in between stays behind in the other array.
     *   5. It empties the former arrays and links the copies, which calls nothing that can fail.
     * What was left behind by a drain that failed counts, and the next one takes it, by turning twice.
     *
     * Exchanging and closing close each index in place of turning it. That is undone by opening it again, until all
     * elements were copied.
     *
     * Refused: taking elements one by one from the array in use, which a section of that index may just be popping.
     */
    private static final int ALL = -1;

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

    /** Words that were taken; linked, so that keeping them needs no memory. */
    private static final class Block {
        private final long[] words;
        private int end;
        private @Nullable Block next;

        Block(long[] words) {
            this.words = words;
            this.end = words.length;
        }

        /** Returns the words that are left. */
        long[] left() {
            return end == words.length ? words : Arrays.copyOf(words, end);
        }
    }

    private final Engine engine = Engine.get();
    private volatile TwinArrays arrays;
    /** What was taken and not handed on. */
    private @Nullable Block kept;
    private boolean closed;
    private boolean dropped;

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
     * @return whether there are; else the owner has closed them, and has what they held
     * @throws IllegalStateException when they were dropped
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

    /** Returns how many bytes of elements each index holds, a moment ago, and at most its capacity. */
    public int[] usedBytes() {
        TwinArrays now = arrays;
        int[] used = new int[now.copies()];
        for (int index = 0; index < used.length; index++) {
            // While elements are taken from one array others are pushed to the other one.
            used[index] = (int) Math.min(now.usedBytes(index), now.capacityBytes());
        }
        return used;
    }

    /** Returns how many bytes of elements were given back. */
    public synchronized long returnedBytes() {
        long bytes = 0;
        for (Block block = kept; block != null; block = block.next) {
            bytes += (long) block.end * Long.BYTES;
        }
        return bytes;
    }

    /**
     * Takes all elements of all indices that were pushed before, and those that were given back, and hands them on,
     * those of each index from its end. If that throws, those that were not handed on, the one that it threw for not
     * among them, are kept for the next drain.
     *
     * @param elements how they lie, and what is done with them
     * @return how many there were
     */
    public int drain(Elements elements) {
        return handOn(true, elements);
    }

    /**
     * Does the same with the elements of the index that holds most, or with what was given back.
     *
     * @param elements how they lie, and what is done with them
     * @return how many there were
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
     * Takes all elements of all indices that were pushed before, and those that were given back.
     *
     * @return for each index that had some its words, the one that was pushed first at the front
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

    /** Takes all elements of the index that holds most, or what was given back. */
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

    /** Returns whether there were elements that had been left behind, which are now in the array in use. */
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
     * Closes for good, and takes all elements. From then on a section finds the stacks full, or empty.
     *
     * @return for each index its words, and what was given back
     * @throws RuntimeException when the kernel refuses a fence; nothing has changed then
     */
    public synchronized List<long[]> close() {
        if (!closed) {
            shut(true);
        }
        return takeKept();
    }

    /**
     * Closes for good, and drops all elements. From then on whoever calls a section is told so.
     *
     * @throws RuntimeException when the kernel refuses a fence; nothing has changed then
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
