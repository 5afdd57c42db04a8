package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.memory.Headroom;
import io.github.rseq4j.memory.ItemMemory;
import io.github.rseq4j.memory.Poison;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A pool of items of one size, each with a copy for each index: the memory of a user's own per-CPU structures. An item
 * is named by the address of its copy at index 0, as sections take it.
 *
 * {@snippet lang = java:
 * try (PerCpuItems items = new PerCpuItems(64, ItemOptions.defaults().withRobust(true))) {
 *     long item = items.allocate();        // what a section takes as its cell
 *     long sum = 0;
 *     for (int index = 0; index < items.copies(); index++) {
 *         sum += items.getLong(item, index, 0);
 *     }
 *     items.free(item);                    // handed out again after a fence, as new
 * }
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread, and holds the pool's monitor while it runs: taking and
 * freeing items is not meant to be hot, working on them by sections is. An item belongs to no thread and to no CPU, so
 * migration changes nothing.
 *
 * <p><b>Freeing.</b> An item may be freed when no section can find it any more: its address was removed from wherever
 * sections load it, and every call that had it as an argument has returned. Sections that loaded it before may still be
 * running, on any CPU: the item is handed out again only after a fence has aborted those, and beginning anew they do
 * not find it. It is then as new in every copy.
 *
 * <p><b>Memory.</b> Reserved in ranges of 1 MiB for each index and populated by pages, when somebody first writes to
 * one: an index that runs no section costs nothing. The page then lies on the NUMA node of the CPU that wrote it, which
 * {@link io.github.rseq4j.Rseq#currentNode()} tells; a template changes nothing about that. The pool must stay
 * reachable while its items are used; its memory goes back when it is closed or collected. A pool that needs one more
 * range asks the collector for pools that were dropped, when all pools together hold much more than after the last
 * time, and at least a sixteenth of the heap's largest size (64 to 512 MiB); it waits a quarter of a second at most.
 *
 * <p><b>Robust mode</b> finds what else damages memory in silence. Freed items are poisoned, and a write to one is
 * reported when it is handed out again, by {@link #verify} and by {@link #close}, which reports leaks as well. It costs
 * a fence and a look at all copies for each item freed. Without it only wrong addresses and double frees are found.
 *
 * <p><b>Without rseq</b> it works the same on the fallback's memory, whose addresses mean something to sections alone.
 *
 * <p>The idea of a pool whose items have a copy a stride apart for each CPU, its robust mode and its name are
 * librseq's (rseq_mempool, Mathieu Desnoyers).
 */
public final class PerCpuItems implements AutoCloseable {
    /* How it works
     *
     *   fresh ---> allocated ---free---> freed ---fence---> reusable ---> allocated
     *
     * A bit for each item tells whether it is allocated. Freed items wait in a queue; one fence makes all that are in
     * it reusable, which a number notes (I8, I9). The fence is made when a batch waits, or when nothing else is left,
     * so that items share its price, an interrupt of every CPU that runs us. Where none is reusable, items are taken
     * from what is left of the newest range, and then from a new one, up to the limit.
     *
     * In robust mode each item is fenced when it is freed: a section that rightly was still running must not be taken
     * for a use after free, so it is stopped before the poison is written.
     *
     * An Error may come out of any call. An item leaves the queue when it was made new, and its bit changes last; what
     * was changed before is put right, or does no harm when it is done again.
     *
     * Refused: a header in front of items, which would keep an item from being a whole page or stride; clearing items
     * when they are freed, which sections still running would undo.
     */
    /** The largest item, in bytes: a stride. */
    public static final int MAX_ITEM_BYTES = ItemMemory.MAX_ITEM_BYTES;

    private static final int BATCH = 64;
    private static final int MAX_NAMED = 8;

    private final Engine engine = Engine.get();
    private final int itemBytes;
    private final int maxRanges;
    private final ItemMemory memory;
    private final @Nullable Poison poison;
    /** For each range, by its address, which of its items are allocated. */
    private final TreeMap<Long, BitSet> ranges = new TreeMap<>();
    private final ArrayDeque<Long> freed = new ArrayDeque<>();
    private final List<String> faults = new ArrayList<>();
    /** How many of the freed items, the first ones, a fence has passed. */
    private int reusable;
    /** A range that is not in use yet, or 0. */
    private long spare;
    private long freshItem;
    private int freshItems;
    private long allocated;
    private boolean closed;

    /**
     * Makes a pool of items of zeros, with the default options. It takes its first range with its first item.
     *
     * @param itemBytes the size of an item, 1 to {@link #MAX_ITEM_BYTES}, rounded up to a multiple of 8
     * @throws IllegalArgumentException when the size is out of range
     */
    public PerCpuItems(int itemBytes) {
        this(itemBytes, ItemOptions.defaults());
    }

    /**
     * Makes a pool. It takes its first range with its first item.
     *
     * @param itemBytes the size of an item, 1 to {@link #MAX_ITEM_BYTES}, rounded up to a multiple of 8
     * @param options template, robust mode and limit
     * @throws IllegalArgumentException when the size is out of range, or smaller than the template
     */
    public PerCpuItems(int itemBytes, ItemOptions options) {
        byte[] template = options.template();
        if (itemBytes < 1 || itemBytes > MAX_ITEM_BYTES) {
            throw new IllegalArgumentException("itemBytes=" + itemBytes + ", must be 1 to " + MAX_ITEM_BYTES);
        }
        if (template.length > itemBytes) {
            throw new IllegalArgumentException("template.length=" + template.length + ", must be at most itemBytes="
                    + itemBytes);
        }
        this.itemBytes = itemBytes + Long.BYTES - 1 & -Long.BYTES;
        this.maxRanges = options.maxRanges();
        this.memory = new ItemMemory(this.itemBytes, template);
        this.poison = options.robust() ? new Poison(memory) : null;
    }

    /** {@return the size of an item in bytes, rounded up} */
    public synchronized int itemBytes() {
        requireOpen();
        return itemBytes;
    }

    /** {@return how many copies an item has: one for each index, and one for threads without an index} */
    public synchronized int copies() {
        requireOpen();
        return memory.copies();
    }

    /**
     * Hands out an item, whose copies hold the template, or zeros.
     *
     * @return the address of its copy at index 0
     * @throws IllegalStateException when all ranges up to the limit are full; in robust mode, when a freed item was
     *     written, which is reported once; when the pool is closed
     * @throws io.github.rseq4j.KernelException when a range or a fence is needed and the kernel refuses it
     */
    public synchronized long allocate() {
        requireOpen();
        Headroom.require();
        if (reusable == 0 && (freed.size() >= BATCH || freshItems == 0 && !freed.isEmpty())) {
            engine.fence();
            reusable = freed.size();
        }
        return reusable > 0 ? reuse(freed.getFirst()) : fresh();
    }

    private long fresh() {
        if (freshItems == 0) {
            if (ranges.size() == maxRanges) {
                throw new IllegalStateException("the pool is exhausted: itemBytes=" + itemBytes + ", items=" + allocated
                        + ", ranges=" + ranges.size() + ", maxRanges=" + maxRanges
                        + "; free items, or raise ItemOptions.withMaxRanges");
            }
            spare = spare == 0 ? memory.grow() : spare;
            // Long enough from the beginning: marking an item takes no memory.
            ranges.put(spare, new BitSet(memory.itemsPerRange()));
            freshItem = spare;
            freshItems = memory.itemsPerRange();
            spare = 0;
        }
        long item = freshItem;
        Map.Entry<Long, BitSet> range = ranges.floorEntry(item);
        memory.makeFirst(item);
        freshItem += itemBytes;
        freshItems--;
        mark(range, item, true);
        return item;
    }

    private long reuse(long item) {
        Map.Entry<Long, BitSet> range = ranges.floorEntry(item);
        Poison own = poison;
        if (own != null) {
            String fault = own.fault(item);
            if (fault != null) {
                // To the end, of as many that are reusable, so that the next call finds another one.
                freed.addLast(freed.removeFirst());
                throw new IllegalStateException("use after free: " + fault);
            }
            own.forget(item);
        }
        memory.makeNew(item);
        freed.removeFirst();
        reusable--;
        mark(range, item, true);
        return item;
    }

    private void mark(Map.Entry<Long, BitSet> range, long item, boolean isAllocated) {
        range.getValue().set((int) (item - range.getKey()) / itemBytes, isAllocated);
        allocated += isAllocated ? 1 : -1;
    }

    /**
     * Takes an item back; see the class for when that is allowed.
     *
     * @param item what {@link #allocate} returned
     * @throws IllegalArgumentException when the address is no item of this pool
     * @throws IllegalStateException when the item is free, or the pool is closed
     * @throws io.github.rseq4j.KernelException in robust mode, when a fence is refused; the item stays allocated
     */
    public synchronized void free(long item) {
        Map.Entry<Long, BitSet> range = require(item, "freed twice");
        Headroom.require();
        freed.addLast(item);
        Poison own = poison;
        if (own != null) {
            boolean isDone = false;
            try {
                engine.fence();
                own.fill(item);
                isDone = true;
            } finally {
                if (!isDone) {
                    freed.removeLast();
                }
            }
            reusable++;
        }
        mark(range, item, false);
    }

    /**
     * Returns the address of one copy of an item.
     *
     * @param item what {@link #allocate} returned
     * @param index whose copy, 0 to {@link #copies} - 1
     * @return the copy's address
     * @throws IllegalArgumentException when the address is no item of this pool
     * @throws IndexOutOfBoundsException when there is no such index
     * @throws IllegalStateException when the item is free, or the pool is closed
     */
    public synchronized long address(long item, int index) {
        require(item, "used after free");
        if (index < 0 || index >= memory.copies()) {
            throw new IndexOutOfBoundsException("index=" + index + ", must be 0 to " + (memory.copies() - 1));
        }
        return memory.address(item, index);
    }

    /**
     * Reads a word of one copy, whole. What a section has committed is seen sooner or later, and at once when it
     * happened before.
     *
     * @param item what {@link #allocate} returned
     * @param index whose copy, 0 to {@link #copies} - 1
     * @param offsetBytes where in the copy, a multiple of 8 below the item's size
     * @return the word
     * @throws IllegalArgumentException when the address is no item of this pool
     * @throws IndexOutOfBoundsException when there is no such index or no such word
     * @throws IllegalStateException when the item is free, or the pool is closed
     */
    public synchronized long getLong(long item, int index, int offsetBytes) {
        return memory.get(word(item, index, offsetBytes));
    }

    /**
     * Writes a word of one copy, whole, and with no protection from sections: for who initialises an item that no
     * section can find yet.
     *
     * @param item what {@link #allocate} returned
     * @param index whose copy, 0 to {@link #copies} - 1
     * @param offsetBytes where in the copy, a multiple of 8 below the item's size
     * @param value the word
     * @throws IllegalArgumentException when the address is no item of this pool
     * @throws IndexOutOfBoundsException when there is no such index or no such word
     * @throws IllegalStateException when the item is free, or the pool is closed
     */
    public synchronized void putLong(long item, int index, int offsetBytes, long value) {
        memory.put(word(item, index, offsetBytes), value);
    }

    /**
     * Copies bytes of one copy to a segment, which is filled. They are read in no particular order and not whole: a
     * word that a section may commit meanwhile is read by {@link #getLong}.
     *
     * @param item what {@link #allocate} returned
     * @param index whose copy, 0 to {@link #copies} - 1
     * @param offsetBytes where in the copy the bytes begin, 0 or more
     * @param into the segment, of the heap or native; its size is the number of bytes
     * @throws IllegalArgumentException when the address is no item of this pool, or the segment is read only
     * @throws IndexOutOfBoundsException when there is no such index, or the copy has no such bytes; nothing is copied
     *     then
     * @throws IllegalStateException when the item is free, the pool is closed, or the segment's scope is
     * @throws WrongThreadException when the segment is confined to another thread
     */
    public synchronized void read(long item, int index, long offsetBytes, MemorySegment into) {
        memory.read(bytes(item, index, offsetBytes, into.byteSize()), into);
    }

    /**
     * Copies a segment's bytes to one copy, with no protection from sections: for initialising an item that no section
     * can find yet.
     *
     * @param item what {@link #allocate} returned
     * @param index whose copy, 0 to {@link #copies} - 1
     * @param offsetBytes where in the copy the bytes go, 0 or more
     * @param from the segment, of the heap or native; its size is the number of bytes
     * @throws IllegalArgumentException when the address is no item of this pool
     * @throws IndexOutOfBoundsException when there is no such index, or the copy has no such bytes; nothing is copied
     *     then
     * @throws IllegalStateException when the item is free, the pool is closed, or the segment's scope is
     * @throws WrongThreadException when the segment is confined to another thread
     */
    public synchronized void write(long item, int index, long offsetBytes, MemorySegment from) {
        memory.write(bytes(item, index, offsetBytes, from.byteSize()), from);
    }

    private long bytes(long item, int index, long offsetBytes, long lengthBytes) {
        long address = address(item, index);
        if (offsetBytes < 0 || offsetBytes > itemBytes - lengthBytes) {
            throw new IndexOutOfBoundsException("offsetBytes=" + offsetBytes + ", byteSize=" + lengthBytes
                    + ", must lie in 0 to itemBytes=" + itemBytes);
        }
        return address + offsetBytes;
    }

    private long word(long item, int index, int offsetBytes) {
        long address = address(item, index);
        if (offsetBytes < 0 || offsetBytes >= itemBytes || offsetBytes % Long.BYTES != 0) {
            throw new IndexOutOfBoundsException("offsetBytes=" + offsetBytes
                    + ", must be a multiple of 8 from 0 to " + (itemBytes - Long.BYTES));
        }
        return address + offsetBytes;
    }

    /** Refuses every address but that of an item that is allocated. */
    private Map.Entry<Long, BitSet> require(long item, String misuse) {
        requireOpen();
        Map.Entry<Long, BitSet> range = ranges.floorEntry(item);
        long offset = range == null ? Long.MAX_VALUE : item - range.getKey();
        if (range == null || offset >= (long) memory.itemsPerRange() * itemBytes) {
            throw new IllegalArgumentException(hex(item)
                    + " is not of this pool: it is no item's address at index 0");
        }
        if (offset % itemBytes != 0) {
            throw new IllegalArgumentException(hex(item) + " is no item's address: it lies offsetBytes="
                    + offset % itemBytes + " inside of one, itemBytes=" + itemBytes);
        }
        if (!range.getValue().get((int) offset / itemBytes)) {
            boolean isFresh = freshItems > 0 && item >= freshItem
                    && item - freshItem < (long) freshItems * itemBytes;
            throw new IllegalStateException(hex(item) + (isFresh ? " was never handed out" : " is free: " + misuse));
        }
        return range;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the pool is closed: itemBytes=" + itemBytes);
        }
    }

    private static String hex(long item) {
        return "item=0x" + Long.toHexString(item);
    }

    /** {@return what the pool holds now} */
    public synchronized ItemStats stats() {
        requireOpen();
        return new ItemStats(ranges.size(), allocated, freshItems + (long) freed.size());
    }

    /**
     * Looks for writes to freed items, in robust mode; without it there is nothing to look at.
     *
     * @throws IllegalStateException when there were any, naming the first of them, each reported once; when the pool is
     *     closed
     */
    public synchronized void verify() {
        requireOpen();
        findUsesAfterFree();
        if (!faults.isEmpty()) {
            String text = String.join("; ", faults);
            faults.clear();
            throw new IllegalStateException(text);
        }
    }

    private void findUsesAfterFree() {
        Poison own = poison;
        long found = 0;
        for (Iterator<Long> items = freed.iterator(); own != null && items.hasNext();) {
            String fault = own.fault(items.next());
            found += fault != null ? 1 : 0;
            if (fault != null && found <= MAX_NAMED) {
                faults.add("use after free: " + fault);
            }
        }
        if (found > MAX_NAMED) {
            faults.add("used after free in all: items=" + found);
        }
    }

    private @Nullable String leaks() {
        if (poison == null || allocated == 0) {
            return null;
        }
        StringBuilder text = new StringBuilder("leaked: items=").append(allocated);
        int named = 0;
        for (Map.Entry<Long, BitSet> range : ranges.entrySet()) {
            BitSet items = range.getValue();
            for (int i = items.nextSetBit(0); i >= 0 && named < MAX_NAMED; i = items.nextSetBit(i + 1)) {
                text.append(", ").append(hex(range.getKey() + (long) i * itemBytes));
                named++;
            }
        }
        return text.toString();
    }

    /**
     * Gives all memory back, that of items which were not freed as well: each must be in the state in which it may be
     * freed. Every other method throws from then on; closing again does nothing.
     *
     * @throws IllegalStateException in robust mode, after all was given back, when items were not freed or freed ones
     *     were written, naming the first of them
     * @throws io.github.rseq4j.KernelException when the kernel refuses a fence; nothing has changed then, and it can be
     *     closed again
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        Headroom.require();
        String leaks = leaks();
        if (!ranges.isEmpty()) {
            engine.fence();
        }
        findUsesAfterFree();
        if (leaks != null) {
            faults.addFirst(leaks);
        }
        closed = true;
        memory.release();
        if (!faults.isEmpty()) {
            throw new IllegalStateException(String.join("; ", faults));
        }
    }
}
