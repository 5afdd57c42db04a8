package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Cells of 8 bytes, one copy for each index, packed: the memory of counters. A cell goes back when its owner is
 * collected.
 */
public final class Cells implements Pressure.Shared {
    /* How it works
     *
     *   range:   | cells of index 0 .......... | cells of index 1 .......... | ... | of threads without an index |
     *            <------ stride, 1 MiB ------->
     *
     * A range is one reservation that the kernel populates page by page, where an index is used, so 512 counters cost a
     * page of each index that runs them. A cell is the address of its copy at index 0; the others lie a stride apart.
     * Cells are handed out from the range's front, or from what was given back, first fit, neighbours joined. When a
     * range is full another one is reserved.
     *
     * A cell is reused only when its owner was found unreachable (I8). Nobody can then be inside a section on it,
     * because each structure keeps itself reachable until the call has returned; so plain writes of 0 clear it, and
     * whoever gets the new owner sees them.
     *
     * Pages that nobody holds a part of go back to the kernel, or on the fallback to the collector: those of an owner
     * of a page and more at once, those of smaller ones when they are SMALL_BYTES. An owner that is closed gives its
     * pages back before. What owners hold that were dropped, and that the collector has not found, is Pressure's
     * business.
     *
     * An Error may come out of any call. So whatever takes memory is taken first, a cell is cleared while it is free
     * still, and what was collected stays in its list until it is in the free one.
     *
     * Refused: java.lang.ref.Cleaner, whose thread costs more at start-up than looking at the queue when a cell is
     * asked for, and holds the class loader of what it runs.
     */
    private static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;
    /** The first cell of each copy is left alone: the self-test works on it. */
    private static final long FIRST_BYTES = Long.BYTES;
    private static final long USABLE_BYTES = STRIDE_BYTES - FIRST_BYTES;
    /** How much of each copy small owners may leave populated when they are collected. */
    private static final long SMALL_BYTES = 1L << 16;
    /** The most cells that one owner may have. */
    public static final int MAX_CELLS = (int) (USABLE_BYTES / Long.BYTES);

    private static final Cells INSTANCE = new Cells(Engine.get());

    private final Engine engine;
    private final Pressure pressure = new Pressure(this);
    private final Holdings holdings = new Holdings();
    /** What was given back: address to length in bytes. */
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

    /** What an owner holds, until it is collected. */
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
     * @param owner who uses them; it must stay reachable during each use
     * @param count how many, 1 to {@link #MAX_CELLS}
     * @return the address of the first one's copy at index 0
     * @throws IllegalArgumentException when the count is out of range
     * @throws KernelException when a new range is needed and the kernel refuses it
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
            next = ranges[rangeCount] + FIRST_BYTES;
            end = next + USABLE_BYTES;
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
                    // Writing only what is not 0 leaves pages that were never used unpopulated.
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
     * Gives back the pages that lie as a whole in cells whose content nobody needs any more; they read as zeros. The
     * cells stay their owner's.
     *
     * @param address the first cell
     * @param lengthBytes how much of each copy
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

    /** Gives back the pages that touch a part and are free as a whole. */
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
        // In this order: what is said to be free twice for a moment is lost by no Error.
        free.put(start, length);
        free.remove(behind);
    }

    /** Returns how many cells are held now. */
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
     * Adds up a cell's copies. Each is read whole; it is no snapshot of all of them at one moment.
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
     * Adds up the copies of neighbouring cells, each as {@link #sum} does.
     *
     * @param address the first cell
     * @param count how many cells
     * @return a sum for each
     */
    public long[] sums(long address, int count) {
        long[] sums = new long[count];
        // One copy after the other: the copies of one cell, a stride apart, share a set of the cache and evict each
        // other.
        for (int copy = 0; copy < engine.copies(); copy++) {
            long start = address + copy * STRIDE_BYTES;
            for (int i = 0; i < count; i++) {
                sums[i] += engine.memory().getLong(start + (long) i * Long.BYTES);
            }
        }
        return sums;
    }
}
