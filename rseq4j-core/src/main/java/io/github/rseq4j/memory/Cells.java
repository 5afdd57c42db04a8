package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.PageMap;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.TreeMap;

/**
 * Packed cells of 8 bytes with a copy for each index: the memory of counters. A cell is freed when its owner is
 * collected.
 */
public final class Cells implements Pressure.Shared {
    /* How it works
     *
     *   range:   | cells of index 0 .......... | cells of index 1 .......... | ... | of threads without an index |
     *            <------ stride, 1 MiB ------->
     *
     * A range is a reservation that the kernel populates page by page at the first write. So 512 counters cost one page
     * for each index on which they are updated. A cell is the address of its copy at index 0; the copies lie a stride
     * apart. Cells come from the front of the range, or from freed ones: first fit, with neighbours joined. When a
     * range is full, another one is reserved.
     *
     * A cell is reused only after its owner was found unreachable (I8). No thread can then be inside a section on the
     * cell, because each structure keeps itself reachable until the call has returned. So plain writes of 0 clear the
     * cell, and a thread that gets the new owner sees them.
     *
     * Pages without a held cell go back to the kernel, or on the fallback to the collector. An owner of a page or more
     * gives its pages back at once; the pages of smaller owners go back when they reach SMALL_BYTES together. A closed
     * owner gives its pages back before it is collected. Pressure limits the memory of dropped owners that the
     * collector has not found.
     *
     * A kernel may populate a page that is only read, and a copy of a histogram takes many pages. So where there are
     * many copies, only the populated pages of large owners are read.
     *
     * An Error may come out of any call. So memory is allocated first, a cell is cleared while it is still free, and a
     * collected holding stays in its list until its cells are in the free list.
     *
     * Refused: java.lang.ref.Cleaner. Its thread costs more at start-up than checking the queue at each allocation, and
     * holds the class loader of the code that it runs.
     */
    private static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;
    /** The most bytes of each copy that collected small owners leave populated. */
    private static final long SMALL_BYTES = 1L << 16;
    /** With at least this many copies, only the populated pages of an owner of several pages are read. */
    private static final int MANY_COPIES = 64;
    private static final int SCRATCH_WORDS = 512;
    /** The most cells of one owner. */
    public static final int MAX_CELLS = (int) (STRIDE_BYTES / Long.BYTES);

    /** The most pairs of cells of one owner. */
    public static final int MAX_PAIRS = (MAX_CELLS - 1) / 2;
    private static final long PAIR_BYTES = 2 * Long.BYTES;

    private static final Cells INSTANCE = new Cells(Engine.get());

    private final Engine engine;
    private final Pressure pressure = new Pressure(this);
    private final Holdings holdings = new Holdings();
    /** The freed cells: address to length in bytes. */
    private final TreeMap<Long, Long> free = new TreeMap<>();
    private long[] ranges = {};
    private int rangeCount;
    private long heldBytes;
    private long next;
    private long end;
    private long pageBytes;
    private long smallBytes;
    private long smallFrom = Long.MAX_VALUE;
    private long smallTo;

    Cells(Engine engine) {
        this.engine = engine;
    }

    /** Returns this JVM's cells. */
    public static Cells get() {
        return INSTANCE;
    }

    /** The cells of an owner, until the owner is collected. */
    static final class Piece extends Holding {
        private final int lengthBytes;
        private long address;

        Piece(Object owner, Holdings holdings, int lengthBytes) {
            super(owner, holdings);
            this.lengthBytes = lengthBytes;
        }
    }

    /**
     * Hands out neighbouring cells, all 0, until the owner is collected.
     *
     * @param owner the user of the cells; it must stay reachable during each use
     * @param count the number of cells, 1 to {@link #MAX_CELLS}
     * @return the address of the first cell's copy at index 0
     * @throws IllegalArgumentException if the count is out of range
     * @throws KernelException if a new range is needed and the kernel refuses it
     */
    public long allocate(Object owner, int count) {
        if (count < 1 || count > MAX_CELLS) {
            throw new IllegalArgumentException("count=" + count + ", must be 1 to " + MAX_CELLS);
        }
        int lengthBytes = count * Long.BYTES;
        pressure.grow(lengthBytes);
        return handOut(owner, lengthBytes);
    }

    /**
     * Hands out neighbouring pairs of cells, like {@link #allocate}. A pair's address is a multiple of its size.
     *
     * @param owner the user of the cells; it must stay reachable during each use
     * @param count the number of pairs, 1 to {@link #MAX_PAIRS}
     * @return the address of the first pair's copy at index 0
     * @throws IllegalArgumentException if the count is out of range
     * @throws KernelException if a new range is needed and the kernel refuses it
     */
    public long allocatePairs(Object owner, int count) {
        if (count < 1 || count > MAX_PAIRS) {
            throw new IllegalArgumentException("count=" + count + ", must be 1 to " + MAX_PAIRS);
        }
        return allocate(owner, 2 * count + 1) + Long.BYTES & -PAIR_BYTES;
    }

    /**
     * Hands out words that sections of every index read at one address, until the owner is collected. They lie in the
     * last copy. On restartable sequences no index selects it, so updates of other cells do not write to their cache
     * line.
     *
     * @param owner the object that uses the words; it must stay reachable during each use
     * @param words the words, 1 to {@link #MAX_CELLS}, which are not changed any more
     * @return the address of the first word
     * @throws IllegalArgumentException when the number of words is out of range
     * @throws KernelException when a new range is needed and the kernel refuses it
     */
    public long allocateTable(Object owner, long... words) {
        long table = allocate(owner, words.length) + (engine.copies() - 1) * STRIDE_BYTES;
        for (int i = 0; i < words.length; i++) {
            engine.memory().putLong(table + (long) i * Long.BYTES, words[i]);
        }
        // A thread that gets the owner by a race sees the words.
        VarHandle.storeStoreFence();
        return table;
    }

    private synchronized long handOut(Object owner, int lengthBytes) {
        Headroom.require();
        takeBack();
        Piece piece = new Piece(owner, holdings, lengthBytes);
        long address = reuse(lengthBytes);
        piece.address = address == 0 ? fresh(lengthBytes) : address;
        holdings.add(piece);
        heldBytes += lengthBytes;
        return piece.address;
    }

    private long fresh(int lengthBytes) {
        if (end - next < lengthBytes) {
            ranges = rangeCount < ranges.length ? ranges : Arrays.copyOf(ranges, Math.max(4, 2 * rangeCount));
            if (end > next) {
                give(next, end - next);
                next = end;
            }
            ranges[rangeCount] = engine.reserve();
            next = ranges[rangeCount];
            end = next + STRIDE_BYTES;
            rangeCount++;
        }
        long address = next;
        next += lengthBytes;
        return address;
    }

    private long reuse(int lengthBytes) {
        for (Map.Entry<Long, Long> entry : free.entrySet()) {
            if (entry.getValue() >= lengthBytes) {
                return reuse(entry.getKey(), entry.getValue(), lengthBytes);
            }
        }
        return 0;
    }

    private long reuse(Long address, long freeBytes, int lengthBytes) {
        clear(address, lengthBytes);
        if (freeBytes > lengthBytes) {
            free.put(address + lengthBytes, freeBytes - lengthBytes);
        }
        free.remove(address);
        return address;
    }

    private void clear(long address, int lengthBytes) {
        long from = firstPage(address);
        long to = lastPage(address + lengthBytes);
        boolean isDiscarded = discard(from, to);
        for (int copy = 0; copy < engine.copies(); copy++) {
            long start = address + copy * STRIDE_BYTES;
            for (long at = start; at < start + lengthBytes; at += Long.BYTES) {
                if (isDiscarded && at == from + copy * STRIDE_BYTES) {
                    at = to + copy * STRIDE_BYTES - Long.BYTES;
                } else if (engine.memory().getLong(at) != 0) {
                    // Only words that are not 0 are written, so that unused pages stay unpopulated.
                    engine.memory().putLong(at, 0);
                }
            }
        }
    }

    private long pageBytes() {
        if (pageBytes == 0) {
            pageBytes = engine.pageBytes();
        }
        return pageBytes;
    }

    private long firstPage(long address) {
        return address + pageBytes() - 1 & -pageBytes();
    }

    private long lastPage(long address) {
        return address & -pageBytes();
    }

    /** Gives pages of all copies back, and returns whether they read as zeros: not where memory is locked (mlock). */
    private boolean discard(long from, long to) {
        for (int copy = 0; from < to && copy < engine.copies(); copy++) {
            if (!engine.discard(from + copy * STRIDE_BYTES, to - from)) {
                return false;
            }
        }
        return from < to;
    }

    /**
     * Gives back the pages that lie completely in cells whose content is no longer needed. They read as zeros. The
     * owner keeps the cells.
     *
     * @param address the first cell
     * @param lengthBytes the length in each copy
     */
    public void discardPages(long address, long lengthBytes) {
        long from;
        long to;
        synchronized (this) {
            from = firstPage(address);
            to = lastPage(address + lengthBytes);
        }
        discard(from, to);
    }

    @Override
    public synchronized void takeBack() {
        for (Holding lost = holdings.lost(); lost != null; lost = holdings.lost()) {
            Piece piece = (Piece) lost;
            give(piece.address, piece.lengthBytes);
            holdings.remove(piece);
            heldBytes -= piece.lengthBytes;
            giveBackPages(piece.address, piece.address + piece.lengthBytes);
        }
    }

    private void giveBackPages(long from, long to) {
        if (to - from >= pageBytes()) {
            discardFree(from, to);
            return;
        }
        smallBytes += to - from;
        smallFrom = Math.min(smallFrom, from);
        smallTo = Math.max(smallTo, to);
        if (smallBytes >= SMALL_BYTES) {
            discardFree(smallFrom, smallTo);
            smallBytes = 0;
            smallFrom = Long.MAX_VALUE;
            smallTo = 0;
        }
    }

    /** Gives back the pages that overlap a range and are completely free. */
    private void discardFree(long from, long to) {
        Long first = free.floorKey(from);
        for (Map.Entry<Long, Long> block : free.tailMap(first == null ? from : first, true).entrySet()) {
            if (block.getKey() >= to) {
                return;
            }
            discard(Math.max(firstPage(block.getKey()), lastPage(from)),
                    Math.min(lastPage(block.getKey() + block.getValue()), firstPage(to)));
        }
    }

    private void give(long address, long lengthBytes) {
        Long start = address;
        Long behind = address + lengthBytes;
        long length = lengthBytes;
        Map.Entry<Long, Long> before = free.floorEntry(address);
        if (before != null && before.getKey() + before.getValue() == address) {
            start = before.getKey();
            length += before.getValue();
        }
        Long after = free.get(behind);
        if (after != null) {
            length += after;
        }
        // In this order an Error loses no cell; for a moment a part is listed as free twice.
        free.put(start, length);
        free.remove(behind);
    }

    /** Returns the number of held cells. */
    public synchronized long held() {
        takeBack();
        return heldBytes / Long.BYTES;
    }

    @Override
    public synchronized long heldBytes() {
        return heldBytes;
    }

    @Override
    public synchronized long populatedBytes() {
        long populated = 0;
        for (int i = 0; i < rangeCount; i++) {
            populated += engine.populatedBytes(ranges[i], engine.copies() * STRIDE_BYTES);
        }
        return populated;
    }

    @Override
    public int copies() {
        return engine.copies();
    }

    /**
     * Adds up a cell's copies. Each copy is read whole; the sum is not a snapshot of one moment.
     *
     * @param address the cell
     */
    public long sum(long address) {
        long sum = 0;
        for (int copy = 0; copy < engine.copies(); copy++) {
            sum += engine.memory().getLong(address + copy * STRIDE_BYTES);
        }
        return sum;
    }

    /**
     * Adds up a cell's copies as doubles, like {@link #sum}, in the order of the indices.
     *
     * @param address the cell
     */
    public double sumOfDoubles(long address) {
        double sum = 0;
        for (int copy = 0; copy < engine.copies(); copy++) {
            sum += Double.longBitsToDouble(engine.memory().getLong(address + copy * STRIDE_BYTES));
        }
        return sum;
    }

    /**
     * Adds up the copies of each of several neighbouring cells, like {@link #sum}.
     *
     * @param address the first cell
     * @param count the number of cells
     * @return the sum of each cell
     */
    public long[] sums(long address, int count) {
        long[] sums = new long[count];
        if (engine.hasKernelPages() && engine.copies() >= MANY_COPIES && count > engine.pageBytes() / Long.BYTES) {
            addUpPopulated(sums, address);
            return sums;
        }
        // One copy after the other: the copies of one cell, a stride apart, share a set of the cache and evict each
        // other.
        long[] words = scratch(count);
        for (int copy = 0; copy < engine.copies(); copy++) {
            addUp(sums, address + copy * STRIDE_BYTES, words, 0, count);
        }
        return sums;
    }

    private static long[] scratch(int count) {
        return new long[Math.min(count, SCRATCH_WORDS)];
    }

    /**
     * Adds a part of the words of a copy. They are copied to a scratch array first, which is faster than reading each
     * one. A copy of aligned words moves each word whole (Unsafe.copyMemory).
     */
    private void addUp(long[] sums, long start, long[] scratch, int from, int to) {
        MemorySegment words = MemorySegment.ofArray(scratch);
        for (int at = from; at < to; at += scratch.length) {
            int count = Math.min(scratch.length, to - at);
            engine.memory().copyOut(words, 0, start + (long) at * Long.BYTES, (long) count * Long.BYTES);
            for (int i = 0; i < count; i++) {
                sums[at + i] += scratch[i];
            }
        }
    }

    /** Adds up the words of populated pages. The others hold zeros. */
    private void addUpPopulated(long[] sums, long address) {
        long page = engine.pageBytes();
        long[] words = scratch(sums.length);
        try (PageMap map = new PageMap(page)) {
            for (int copy = 0; copy < engine.copies(); copy++) {
                long start = address + copy * STRIDE_BYTES;
                BitSet pages = map.populated(start, (long) sums.length * Long.BYTES);
                for (int i = pages.nextSetBit(0); i >= 0; i = pages.nextSetBit(i + 1)) {
                    long from = (start & -page) + i * page - start;
                    addUp(sums, start, words, (int) Math.max(0, from / Long.BYTES),
                            (int) Math.min(sums.length, (from + page) / Long.BYTES));
                }
            }
        }
    }
}
