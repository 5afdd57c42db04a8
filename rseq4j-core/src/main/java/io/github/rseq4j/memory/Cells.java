package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Cells of 8 bytes, one copy for each index, packed: the memory of counters. A cell goes back when its owner is
 * collected.
 */
public final class Cells {
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
     * Refused: java.lang.ref.Cleaner, whose thread costs more at start-up than looking at the queue when a cell is
     * asked for.
     */
    private static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;
    /** The first cell of each copy is left alone: the self-test works on it. */
    private static final long FIRST_BYTES = Long.BYTES;
    private static final long USABLE_BYTES = STRIDE_BYTES - FIRST_BYTES;
    /** The most cells that one owner may have. */
    public static final int MAX_CELLS = (int) (USABLE_BYTES / Long.BYTES);

    private static final Cells INSTANCE = new Cells(Engine.get());

    private final Engine engine;
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private final Set<Holding> holdings = new HashSet<>();
    /** What was given back: address to length in bytes. */
    private final TreeMap<Long, Long> free = new TreeMap<>();
    private long next;
    private long end;

    Cells(Engine engine) {
        this.engine = engine;
    }

    /** Returns this JVM's cells. */
    public static Cells get() {
        return INSTANCE;
    }

    /** What an owner holds, until it is collected. */
    private static final class Holding extends PhantomReference<Object> {
        private final long address;
        private final int lengthBytes;

        Holding(Object owner, ReferenceQueue<Object> queue, long address, int lengthBytes) {
            super(owner, queue);
            this.address = address;
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
    public synchronized long allocate(Object owner, int count) {
        if (count < 1 || count > MAX_CELLS) {
            throw new IllegalArgumentException("count=" + count + ", must be 1 to " + MAX_CELLS);
        }
        takeBack();
        int lengthBytes = count * Long.BYTES;
        long address = reuse(lengthBytes);
        if (address == 0) {
            address = fresh(lengthBytes);
        }
        holdings.add(new Holding(owner, collected, address, lengthBytes));
        return address;
    }

    private long fresh(int lengthBytes) {
        if (end - next < lengthBytes) {
            if (end > next) {
                give(next, end - next);
            }
            next = engine.reserve() + FIRST_BYTES;
            end = next + USABLE_BYTES;
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

    private long reuse(long address, long freeBytes, int lengthBytes) {
        free.remove(address);
        if (freeBytes > lengthBytes) {
            free.put(address + lengthBytes, freeBytes - lengthBytes);
        }
        clear(address, lengthBytes);
        return address;
    }

    private void clear(long address, int lengthBytes) {
        for (int copy = 0; copy < engine.copies(); copy++) {
            long start = address + copy * STRIDE_BYTES;
            for (long at = start; at < start + lengthBytes; at += Long.BYTES) {
                // Writing only what is not 0 leaves pages that were never used unpopulated.
                if (engine.memory().getLong(at) != 0) {
                    engine.memory().putLong(at, 0);
                }
            }
        }
    }

    private void takeBack() {
        for (Object each = collected.poll(); each != null; each = collected.poll()) {
            Holding holding = (Holding) each;
            holdings.remove(holding);
            give(holding.address, holding.lengthBytes);
        }
    }

    private void give(long address, long lengthBytes) {
        long start = address;
        long length = lengthBytes;
        Map.Entry<Long, Long> before = free.floorEntry(address);
        if (before != null && before.getKey() + before.getValue() == address) {
            start = before.getKey();
            length += before.getValue();
        }
        Long after = free.remove(address + lengthBytes);
        if (after != null) {
            length += after;
        }
        free.put(start, length);
    }

    /** Returns how many cells are held now. */
    public synchronized long held() {
        takeBack();
        return holdings.stream().mapToLong(holding -> holding.lengthBytes / Long.BYTES).sum();
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
