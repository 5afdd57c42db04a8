package io.github.rseq4j.interpreter;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Memory of Java arrays, by address, for the fallback and the interpreter. It needs no native access. Pages are
 * populated on the first write; memory that was never written reads as 0. A write changes only its own bytes, also
 * while other threads write the bytes beside them.
 */
public final class PagedMemory implements AddressSpace {
    /* How it works
     *
     * A flat table holds a page of 2048 longs for each 16 KiB, or null. A second table holds the same pages as segments
     * of bytes, through which the JVM accesses 4 bytes and single bytes by instructions of that width. Longs are
     * accessed through their array, which is faster. Both tables change only under this object's monitor. A thread that
     * finds a fresh array of longs by a race still sees zeros, and the fields of a segment are final, so readers need
     * no lock. Words are read and written whole, with opaque order. Copies of bytes have no order.
     *
     * A compare-and-set of a word takes no lock, as on the process's own memory. It may come between the load and the
     * store of a section, which then overwrites it. The caller finds that out after a fence.
     *
     * Refused: only longs, with writes of the whole long for a part of it. Parts of one long that belong to two stripes
     * were written under two locks, and one of the writes was lost.
     */
    private static final int PAGE_SHIFT = 14;
    /** The unit in which arrays are created and dropped. */
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;
    private static final int PAGE_LONGS = PAGE_BYTES / Long.BYTES;
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Created at the first access to a word of 4 bytes, because it costs a fresh JVM milliseconds. */
    private static final class Ints {
        private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    }

    /** The pages below address 65,536 are never handed out, so that 0 and small numbers are never valid. */
    private static final int FIRST_PAGE = (1 << 16) / PAGE_BYTES;

    private volatile long[] @Nullable [] pages = new long[FIRST_PAGE][];
    private volatile @Nullable MemorySegment[] segments = new MemorySegment[FIRST_PAGE];

    /** Creates an empty memory. */
    public PagedMemory() {}

    /**
     * Reserves addresses.
     *
     * @param lengthBytes the number of addresses
     * @return the first address, a multiple of {@link #PAGE_BYTES}
     * @throws OutOfMemoryError if the table would exceed the size of an array
     */
    public synchronized long reserve(long lengthBytes) {
        int first = pages.length;
        long count = reservedBytes(lengthBytes) >>> PAGE_SHIFT;
        if (first + count > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError("lengthBytes=" + lengthBytes + " more than the fallback can address");
        }
        long[] @Nullable [] morePages = Arrays.copyOf(pages, first + (int) count);
        // This table first: a thread that finds a page in the other table also finds it here.
        segments = Arrays.copyOf(segments, first + (int) count);
        pages = morePages;
        return (long) first << PAGE_SHIFT;
    }

    /**
     * Returns the number of bytes that are reserved for a request: whole pages.
     *
     * @param lengthBytes the requested number
     */
    public static long reservedBytes(long lengthBytes) {
        return lengthBytes + PAGE_BYTES - 1 & -PAGE_BYTES;
    }

    /**
     * Clears a range: it reads as 0 again. Pages that lie completely inside are left to the collector.
     *
     * @param address the first byte
     * @param lengthBytes the number of bytes
     */
    public synchronized void clear(long address, long lengthBytes) {
        for (long done = 0; done < lengthBytes;) {
            long at = address + done;
            long piece = Math.min(lengthBytes - done, PAGE_BYTES - offset(at));
            int number = number(at, pages.length);
            MemorySegment page = segments[number];
            if (piece == PAGE_BYTES) {
                pages[number] = null;
                segments[number] = null;
            } else if (page != null) {
                page.asSlice(offset(at), piece).fill((byte) 0);
            }
            done += piece;
        }
    }

    private static int number(long address, int count) {
        long number = address >>> PAGE_SHIFT;
        if (number < FIRST_PAGE || number >= count) {
            throw new IndexOutOfBoundsException("address=" + address + " was never reserved");
        }
        return (int) number;
    }

    private static int offset(long address) {
        return (int) address & PAGE_BYTES - 1;
    }

    /**
     * Returns how many bytes the pages have that were written, of those that lie in a part.
     *
     * @param address a page's address
     * @param lengthBytes how long the part is
     */
    public long populatedBytes(long address, long lengthBytes) {
        long[] @Nullable [] table = pages;
        long populated = 0;
        for (long at = address; at < address + lengthBytes; at += 1L << PAGE_SHIFT) {
            populated += table[(int) (at >>> PAGE_SHIFT)] == null ? 0 : 1L << PAGE_SHIFT;
        }
        return populated;
    }

    private long @Nullable [] find(long address) {
        long[] @Nullable [] table = pages;
        return table[number(address, table.length)];
    }

    /**
     * Returns the page of an address as an array, in which the address is element {@link #word}. The page is populated.
     *
     * @param address an address that is reserved
     */
    public long[] page(long address) {
        long[] page = find(address);
        return page == null ? addPage(address) : page;
    }

    /**
     * Returns the element of an address in its page.
     *
     * @param address a multiple of 8
     * @throws IllegalArgumentException if the address is not
     */
    public static int word(long address) {
        return word(address, Long.BYTES);
    }

    private @Nullable MemorySegment segment(long address) {
        @Nullable MemorySegment[] table = segments;
        return table[number(address, table.length)];
    }

    private synchronized long[] addPage(long address) {
        int number = number(address, pages.length);
        long[] page = pages[number];
        if (page == null) {
            page = new long[PAGE_LONGS];
            segments[number] = MemorySegment.ofArray(page);
            pages[number] = page;
        }
        return page;
    }

    private MemorySegment populated(long address) {
        MemorySegment found = segment(address);
        return found == null ? addSegment(address) : found;
    }

    private synchronized MemorySegment addSegment(long address) {
        addPage(address);
        return Objects.requireNonNull(segment(address));
    }

    private static int word(long address, int alignBytes) {
        if ((address & alignBytes - 1) != 0) {
            throw new IllegalArgumentException("address=" + address + ", must be a multiple of " + alignBytes);
        }
        return (int) (address >>> 3) & PAGE_LONGS - 1;
    }

    @Override
    public long getLong(long address) {
        int word = word(address);
        long[] page = find(address);
        return page == null ? 0 : (long) LONGS.getOpaque(page, word);
    }

    @Override
    public void putLong(long address, long value) {
        LONGS.setOpaque(page(address), word(address), value);
    }

    @Override
    public boolean compareAndSetLong(long address, long expected, long value) {
        return LONGS.compareAndSet(page(address), word(address), expected, value);
    }

    /**
     * Adds to a word, atomically.
     *
     * @param address a multiple of 8
     * @param delta the number
     */
    public void addLong(long address, long delta) {
        long _ = (long) LONGS.getAndAdd(page(address), word(address), delta);
    }

    /**
     * Adds to a word of 4 bytes, not atomically.
     *
     * @param address a multiple of 4
     * @param delta the number, of which the lower 4 bytes are added
     */
    public void addInt(long address, long delta) {
        putInt(address, getInt(address) + (int) delta);
    }

    /**
     * Adds to a double, not atomically.
     *
     * @param address a multiple of 8
     * @param delta the bits of the double that is added
     */
    public void addDouble(long address, long delta) {
        double sum = Double.longBitsToDouble(getLong(address)) + Double.longBitsToDouble(delta);
        putLong(address, Double.doubleToLongBits(sum));
    }

    @Override
    public int getInt(long address) {
        word(address, Integer.BYTES);
        MemorySegment page = segment(address);
        return page == null ? 0 : (int) Ints.INT.getOpaque(page, (long) offset(address));
    }

    @Override
    public void putInt(long address, int value) {
        word(address, Integer.BYTES);
        Ints.INT.setOpaque(populated(address), (long) offset(address), value);
    }

    @Override
    public byte getByte(long address) {
        MemorySegment page = segment(address);
        return page == null ? 0 : page.get(ValueLayout.JAVA_BYTE, offset(address));
    }

    @Override
    public void putByte(long address, byte value) {
        populated(address).set(ValueLayout.JAVA_BYTE, offset(address), value);
    }

    @Override
    public void copy(long to, long from, long lengthBytes) {
        for (long done = 0; done < lengthBytes;) {
            long piece = Math.min(lengthBytes - done, PAGE_BYTES - offset(to + done));
            copyOut(populated(to + done), offset(to + done), from + done, piece);
            done += piece;
        }
    }

    @Override
    public void copyIn(long to, MemorySegment from, long lengthBytes) {
        for (long done = 0; done < lengthBytes;) {
            long piece = Math.min(lengthBytes - done, PAGE_BYTES - offset(to + done));
            MemorySegment.copy(from, done, populated(to + done), offset(to + done), piece);
            done += piece;
        }
    }

    @Override
    public void copyOut(MemorySegment to, long atBytes, long from, long lengthBytes) {
        for (long done = 0; done < lengthBytes;) {
            long piece = Math.min(lengthBytes - done, PAGE_BYTES - offset(from + done));
            MemorySegment page = segment(from + done);
            if (page == null) {
                to.asSlice(atBytes + done, piece).fill((byte) 0);
            } else {
                MemorySegment.copy(page, offset(from + done), to, atBytes + done, piece);
            }
            done += piece;
        }
    }
}
