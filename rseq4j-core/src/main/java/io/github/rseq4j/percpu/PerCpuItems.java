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
 * A pool of items of one size, each with a copy for each index: the memory of a user's own per-CPU structures. The name
 * of an item is the address of its copy at index 0, which is the argument that sections take.
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
 * <p><b>Threads.</b> Every method may be called from any thread, and holds the pool's monitor while it runs. Sections
 * that work on items are fast; allocating and freeing items is not. An item belongs to no thread and to no CPU, so
 * migration has no effect.
 *
 * <p><b>Freeing.</b> An item may be freed when no section can find it any more: the caller has removed its address from
 * every place that sections load it from, and every call with the address as an argument has returned. Sections that
 * loaded the address before may still be running on any CPU. So the item is handed out again only after a fence has
 * aborted them; they start again and do not find it. All copies then have the content of a new item.
 *
 * <p><b>Access.</b> {@link #getLong} and {@link #putLong} access a word, {@link #read} and {@link #write} copy bytes
 * from and to a {@link java.lang.foreign.MemorySegment}. All of them check item, index and bounds.
 *
 * <p><b>Memory.</b> The pool reserves ranges of 1 MiB for each index. A page is populated at the first write to it, on
 * the NUMA node of the writing CPU (see {@link io.github.rseq4j.Rseq#currentNode()}), also with a template. So an index
 * that runs no section uses no memory. A kernel without a page of zeros, which some virtual machines have, populates a
 * page also at the first read. The pool must stay reachable while its items are used; its memory is freed when
 * it is closed or collected. Dropped pools may hold much memory. So a pool that needs a range asks the garbage
 * collector to run, and waits for at most a quarter of a second, if all pools together hold much more memory than after
 * the last such request, and at least a sixteenth of the maximum heap size (64 to 512 MiB).
 *
 * <p><b>Robust mode</b> finds further misuse. Freed items are poisoned. A write to a freed item is reported when the
 * item is handed out again, by {@link #verify}, and by {@link #close}, which also reports leaks. Robust mode costs a
 * fence and a check of all copies for each freed item. Without it only wrong addresses and double frees are found.
 *
 * <p><b>Without rseq</b> the pool works in the same way on the memory of the fallback. Addresses of that memory have a
 * meaning for sections only.
 *
 * <p>Pools whose items have a copy for each CPU, a stride apart, and their robust mode are librseq's (rseq_mempool,
 * Mathieu Desnoyers).
 *
 * @since 0.1.0
 */
public final class PerCpuItems implements AutoCloseable {
    /* How it works
     *
     *   fresh ---> allocated ---free---> freed ---fence---> reusable ---> allocated
     *
     * A bit for each item tells whether it is allocated. Freed items wait in a queue. One fence makes all of them
     * reusable; a number counts them (I8, I9). The fence is made when a batch waits, or when no other item is left,
     * so that several items share its cost, an interrupt of every CPU that runs the process. If no item is reusable,
     * the pool takes the next item of the newest range, and then a new range, up to the limit.
     *
     * In robust mode each item is fenced when it is freed. A section may rightly still be running then; the fence
     * aborts it before the poison is written, so that its writes are not reported as a use after free.
     *
     * Any call may throw an Error. An item leaves the queue after it was made new, and its bit changes last. Each
     * earlier change is undone, or may be repeated without harm.
     *
     * Refused: a header before each item, with which no item could be a whole page or stride; clearing items when they
     * are freed, because sections that are still running would write to them afterwards.
     */
    /** The largest size of an item in bytes: a stride. */
    public static final int MAX_ITEM_BYTES = ItemMemory.MAX_ITEM_BYTES;

    private static final int BATCH = 64;
    private static final int MAX_NAMED = 8;

    private final Engine engine = Engine.get();
    private final int itemBytes;
    private final int maxRanges;
    private final ItemMemory memory;
    private final @Nullable Poison poison;
    /** The bits of the items of each range, by its address. */
    private final TreeMap<Long, BitSet> ranges = new TreeMap<>();
    private final ArrayDeque<Long> freed = new ArrayDeque<>();
    private final List<String> faults = new ArrayList<>();
    /** The number of freed items, at the front of the queue, since whose free a fence has been made. */
    private int reusable;
    /** A range without items, or 0. */
    private long spare;
    private long freshItem;
    private int freshItems;
    private long allocated;
    private boolean closed;

    /**
     * Creates a pool of items of zeros, with the default options. It takes no memory until the first item is allocated.
     *
     * @param itemBytes the size of an item in bytes, 1 to {@link #MAX_ITEM_BYTES}, rounded up to a multiple of 8
     * @throws IllegalArgumentException if the size is out of range
     */
    public PerCpuItems(int itemBytes) {
        this(itemBytes, ItemOptions.defaults());
    }

    /**
     * Creates a pool. It takes its first range with its first item. A template is kept in a file in memory; if the
     * kernel refuses memfd_create(2), the template is written to each item instead.
     *
     * @param itemBytes the size of an item in bytes, 1 to {@link #MAX_ITEM_BYTES}, rounded up to a multiple of 8
     * @param options template, robust mode and limit
     * @throws IllegalArgumentException if the size is out of range, or smaller than the template
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

    /** {@return the size of an item in bytes, rounded up to a multiple of 8} */
    public synchronized int itemBytes() {
        requireOpen();
        return itemBytes;
    }

    /** {@return the number of copies of an item: one for each index, and one for threads without an index} */
    public synchronized int copies() {
        requireOpen();
        return memory.copies();
    }

    /**
     * Allocates an item. All of its copies hold the template, or zeros.
     *
     * @return the address of its copy at index 0
     * @throws IllegalStateException if all ranges up to the limit are full; in robust mode, if a freed item was
     *     written, which is reported once; if the pool is closed
     * @throws io.github.rseq4j.KernelException if a range is needed and the kernel refuses mmap(2), or if a fence is
     *     needed and the kernel refuses membarrier(2) and, in its place, sched_setaffinity(2); then nothing has changed
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
                // It moves to the end of the queue, so that the next call finds another item.
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
     * Frees an item. The description of this class states when this is allowed.
     *
     * @param item the result of {@link #allocate}
     * @throws IllegalArgumentException if the address is not an item of this pool
     * @throws IllegalStateException if the item is free, or the pool is closed
     * @throws io.github.rseq4j.KernelException in robust mode, if the kernel refuses a fence; then the item stays
     *     allocated
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
     * @param item the result of {@link #allocate}
     * @param index the index of the copy, 0 to {@link #copies} - 1
     * @return the copy's address
     * @throws IllegalArgumentException if the address is not an item of this pool
     * @throws IndexOutOfBoundsException if there is no such index
     * @throws IllegalStateException if the item is free, or the pool is closed
     */
    public synchronized long address(long item, int index) {
        require(item, "used after free");
        if (index < 0 || index >= memory.copies()) {
            throw new IndexOutOfBoundsException("index=" + index + ", must be 0 to " + (memory.copies() - 1));
        }
        return memory.address(item, index);
    }

    /**
     * Reads a word of one copy, whole, with opaque order. A commit of a section becomes visible eventually, and is
     * visible if it happened-before the call.
     *
     * @param item the result of {@link #allocate}
     * @param index the index of the copy, 0 to {@link #copies} - 1
     * @param offsetBytes the offset in the copy, a multiple of 8 less than the size of the item
     * @return the word
     * @throws IllegalArgumentException if the address is not an item of this pool
     * @throws IndexOutOfBoundsException if there is no such index or no such word
     * @throws IllegalStateException if the item is free, or the pool is closed
     */
    public synchronized long getLong(long item, int index, int offsetBytes) {
        return memory.get(word(item, index, offsetBytes));
    }

    /**
     * Writes a word of one copy, whole, with opaque order. Nothing protects the word from sections that write to it at
     * the same time, so use this method to initialise an item that no section can find yet.
     *
     * @param item the result of {@link #allocate}
     * @param index the index of the copy, 0 to {@link #copies} - 1
     * @param offsetBytes the offset in the copy, a multiple of 8 less than the size of the item
     * @param value the word
     * @throws IllegalArgumentException if the address is not an item of this pool
     * @throws IndexOutOfBoundsException if there is no such index or no such word
     * @throws IllegalStateException if the item is free, or the pool is closed
     */
    public synchronized void putLong(long item, int index, int offsetBytes, long value) {
        memory.put(word(item, index, offsetBytes), value);
    }

    /**
     * Fills a segment with bytes of one copy. The bytes are read in no particular order, and words are not read whole:
     * use {@link #getLong} for a word that a section may commit at the same time.
     *
     * @param item the result of {@link #allocate}
     * @param index the index of the copy, 0 to {@link #copies} - 1
     * @param offsetBytes the offset of the first byte in the copy, 0 or more
     * @param into a heap or native segment; its size is the number of bytes
     * @throws IllegalArgumentException if the address is not an item of this pool, or the segment is read-only
     * @throws IndexOutOfBoundsException if there is no such index, or the copy has no such bytes; then nothing is
     *     copied
     * @throws IllegalStateException if the item is free, or the pool or the segment's scope is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public synchronized void read(long item, int index, long offsetBytes, MemorySegment into) {
        memory.read(bytes(item, index, offsetBytes, into.byteSize()), into);
    }

    /**
     * Copies the bytes of a segment to one copy. Nothing protects the bytes from sections that write to them at the
     * same time, so use this method to initialise an item that no section can find yet.
     *
     * @param item the result of {@link #allocate}
     * @param index the index of the copy, 0 to {@link #copies} - 1
     * @param offsetBytes the offset of the first byte in the copy, 0 or more
     * @param from a heap or native segment; its size is the number of bytes
     * @throws IllegalArgumentException if the address is not an item of this pool
     * @throws IndexOutOfBoundsException if there is no such index, or the copy has no such bytes; then nothing is
     *     copied
     * @throws IllegalStateException if the item is free, or the pool or the segment's scope is closed
     * @throws WrongThreadException if the segment is confined to another thread
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

    /** Checks that the address is that of an allocated item. */
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

    /** {@return the statistics of the pool at this moment} */
    public synchronized ItemStats stats() {
        requireOpen();
        return new ItemStats(ranges.size(), allocated, freshItems + (long) freed.size());
    }

    /**
     * Checks in robust mode that no freed item was written. Without robust mode it has no effect.
     *
     * @throws IllegalStateException if freed items were written; the message names the first ones, and each is reported
     *     once; also if the pool is closed
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
     * Frees all memory, also that of allocated items: no section may be able to find any item. Afterwards every other
     * method throws IllegalStateException. Closing again has no effect.
     *
     * @throws IllegalStateException in robust mode, after all memory was freed, if items were leaked or freed items
     *     were written; the message names the first ones
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; then nothing has changed, and it can be
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
