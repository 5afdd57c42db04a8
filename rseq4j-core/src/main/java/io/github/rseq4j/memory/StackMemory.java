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
     * A drain is a visit (RemoteAccess):
     *   1. Check that the stack is large enough and that the kernel grants a fence. Nothing has changed so far.
     *   2. Claim: turn each index that holds elements. Sections that begin now use the other array.
     *   3. Fence: one for all of them.
     *   4. Look: copy the elements of the former arrays. If this or the fence fails, unclaim: turn the indices back.
     *      The former arrays are in use again, with all of their elements. Elements that were pushed meanwhile stay in
     *      the other array.
     *   5. Empty the former arrays and link the copies. Nothing here can fail.
     * Elements that a failed drain has left in the other array count. The next drain takes them by turning twice.
     *
     * Replacing and closing are visits of all indices. The claim closes each index. Unclaim opens it again, until all
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
     * Like {@link #drain}, takes the elements of the index that holds most, or elements that an earlier call has kept.
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
        boolean isLeft = false;
        for (int index = 0; index < chosen.length; index++) {
            chosen[index] = (only == ALL || only == index) && now.usedBytes(index) > 0;
            any |= chosen[index];
            isLeft |= chosen[index] && now.isLeft(index);
        }
        if (any) {
            turn(now, chosen);
        }
        return isLeft;
    }

    private void turn(TwinArrays now, boolean[] chosen) {
        Headroom.require();
        engine.requireFence();
        Turn turn = new Turn(now, chosen);
        RemoteAccess.visit(engine, turn, ALL, 0);
        for (int index = chosen.length - 1; index >= 0; index--) {
            Block block = turn.blocks[index];
            if (block != null) {
                now.empty(index);
                link(block);
            }
        }
    }

    /** The visit of a drain. */
    private static final class Turn implements RemoteAccess.Visit {
        private final TwinArrays arrays;
        private final boolean[] chosen;
        private final @Nullable Block[] blocks;
        private int turned;

        Turn(TwinArrays arrays, boolean[] chosen) {
            this.arrays = arrays;
            this.chosen = chosen;
            this.blocks = new Block[chosen.length];
        }

        @Override
        public boolean claim(int index, long value) {
            for (; turned < chosen.length; turned++) {
                if (chosen[turned]) {
                    arrays.turn(turned);
                }
            }
            return true;
        }

        @Override
        public boolean look(int index, long value) {
            for (int each = 0; each < chosen.length; each++) {
                if (chosen[each]) {
                    blocks[each] = new Block(arrays.former(each));
                }
            }
            return true;
        }

        @Override
        public void unclaim(int index, long value) {
            for (int each = 0; each < turned; each++) {
                if (chosen[each]) {
                    arrays.turn(each);
                }
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
        RemoteAccess.visit(engine, new Exchange(former, capacityBytes), ALL, 0);
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
        Closing closing = new Closing(now, keeps);
        RemoteAccess.visit(engine, closing, ALL, 0);
        closed = true;
        for (int index = closing.blocks.length - 1; index >= 0; index--) {
            now.emptyClosed(index);
            Block block = closing.blocks[index];
            if (block != null) {
                link(block);
            }
        }
        now.discard();
    }

    /** The visit that moves all elements to other arrays. */
    private final class Exchange implements RemoteAccess.Visit {
        private final TwinArrays former;
        private final TwinArrays other;
        private final long[] inUse;

        Exchange(TwinArrays former, int capacityBytes) {
            this.former = former;
            this.other = new TwinArrays(capacityBytes);
            this.inUse = former.inUse();
        }

        @Override
        public boolean claim(int index, long value) {
            former.close();
            return true;
        }

        @Override
        public boolean look(int index, long value) {
            for (int each = 0; each < inUse.length; each++) {
                long[] words = former.closed(each, inUse);
                long bytes = (long) words.length * Long.BYTES;
                if (bytes > other.capacityBytes()) {
                    throw new IllegalStateException("index=" + each + " holds bytes=" + bytes
                            + ", more than capacityBytes=" + other.capacityBytes());
                }
                other.fill(each, words);
            }
            VarHandle.releaseFence();
            arrays = other;
            return true;
        }

        @Override
        public void unclaim(int index, long value) {
            if (arrays != other) {
                former.reopen(inUse);
            }
        }
    }

    /** The visit that closes for good. */
    private static final class Closing implements RemoteAccess.Visit {
        private final TwinArrays arrays;
        private final boolean keeps;
        private final long[] inUse;
        private final @Nullable Block[] blocks;

        Closing(TwinArrays arrays, boolean keeps) {
            this.arrays = arrays;
            this.keeps = keeps;
            this.inUse = arrays.inUse();
            this.blocks = new Block[inUse.length];
        }

        @Override
        public boolean claim(int index, long value) {
            arrays.close();
            return true;
        }

        @Override
        public boolean look(int index, long value) {
            for (int each = 0; keeps && each < inUse.length; each++) {
                blocks[each] = new Block(arrays.closed(each, inUse));
            }
            return true;
        }

        @Override
        public void unclaim(int index, long value) {
            arrays.reopen(inUse);
        }
    }
}
