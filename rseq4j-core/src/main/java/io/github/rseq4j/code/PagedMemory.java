package io.github.rseq4j.code;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Memory made of Java arrays, by address: the memory of the fallback and of the simulator. It needs no native access
 * and is populated page by page, on first write; what was never written reads as 0.
 */
public final class PagedMemory implements AddressSpace {
    /* How it works
     *
     * A flat table holds a page of 8192 longs for each 64 KiB, or null. Pages are added and forgotten under this
     * object's monitor, and a fresh array of longs is seen as zeros even by a thread that finds it by a race, so
     * readers need no lock. Longs are read and written whole, with opaque order. A 4-byte write rewrites its 8-byte
     * word: two threads that write halves of one word must hold one lock, as the fallback's sections of one stripe do.
     * A compare-and-set of a word takes no lock, as on the process's own memory: it may come between a section's load
     * and its store, which then writes over it, and whoever fences behind it finds that out.
     */
    private static final int PAGE_SHIFT = 16;
    private static final int PAGE_LONGS = 1 << PAGE_SHIFT - 3;
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Page 0 is never handed out, so that address 0 is nobody's. */
    private volatile long[] @Nullable [] pages = new long[1][];

    /** Makes an empty memory. */
    public PagedMemory() {}

    /**
     * Reserves addresses.
     *
     * @param lengthBytes how many
     * @return the first, a multiple of 64 KiB
     * @throws OutOfMemoryError when the table would grow beyond what an array can hold
     */
    public synchronized long reserve(long lengthBytes) {
        int first = pages.length;
        long count = (lengthBytes + (1L << PAGE_SHIFT) - 1) >>> PAGE_SHIFT;
        if (first + count > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError("lengthBytes=" + lengthBytes + " more than the fallback can address");
        }
        pages = Arrays.copyOf(pages, first + (int) count);
        return (long) first << PAGE_SHIFT;
    }

    /**
     * Forgets what was written: it reads as 0 again, and its pages are the collector's.
     *
     * @param address what {@link #reserve} returned
     * @param lengthBytes as it was reserved
     */
    public synchronized void clear(long address, long lengthBytes) {
        int first = (int) (address >>> PAGE_SHIFT);
        int count = (int) ((lengthBytes + (1L << PAGE_SHIFT) - 1) >>> PAGE_SHIFT);
        Arrays.fill(pages, first, first + count, null);
    }

    private long @Nullable [] page(long address) {
        int number = (int) (address >>> PAGE_SHIFT);
        long[] @Nullable [] table = pages;
        if (number <= 0 || number >= table.length || address >>> PAGE_SHIFT != number) {
            throw new IndexOutOfBoundsException("address=" + address + " was never reserved");
        }
        return table[number];
    }

    private synchronized long[] addPage(long address) {
        int number = (int) (address >>> PAGE_SHIFT);
        long[] page = pages[number];
        if (page == null) {
            page = new long[PAGE_LONGS];
            pages[number] = page;
        }
        return page;
    }

    private static int word(long address, int alignBytes) {
        if ((address & alignBytes - 1) != 0) {
            throw new IllegalArgumentException("address=" + address + ", must be a multiple of " + alignBytes);
        }
        return (int) (address >>> 3) & PAGE_LONGS - 1;
    }

    @Override
    public long getLong(long address) {
        int word = word(address, Long.BYTES);
        long[] page = page(address);
        return page == null ? 0 : (long) LONGS.getOpaque(page, word);
    }

    @Override
    public void putLong(long address, long value) {
        int word = word(address, Long.BYTES);
        long[] page = page(address);
        LONGS.setOpaque(page == null ? addPage(address) : page, word, value);
    }

    @Override
    public boolean compareAndSetLong(long address, long expected, long value) {
        int word = word(address, Long.BYTES);
        long[] page = page(address);
        return LONGS.compareAndSet(page == null ? addPage(address) : page, word, expected, value);
    }

    @Override
    public int getInt(long address) {
        word(address, Integer.BYTES);
        return AddressSpace.super.getInt(address);
    }

    @Override
    public void putInt(long address, int value) {
        word(address, Integer.BYTES);
        AddressSpace.super.putInt(address, value);
    }

    /**
     * Copies bytes between ranges that do not overlap.
     *
     * @param to where the first byte goes
     * @param from where the first byte lies
     * @param lengthBytes how many
     */
    public void copy(long to, long from, long lengthBytes) {
        for (long i = 0; i < lengthBytes; i++) {
            putByte(to + i, getByte(from + i));
        }
    }
}
