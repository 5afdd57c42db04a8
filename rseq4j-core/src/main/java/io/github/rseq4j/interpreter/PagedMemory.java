package io.github.rseq4j.interpreter;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Memory made of Java arrays, by address: the memory of the fallback and of the interpreter. It needs no native access
 * and is populated page by page, on first write; what was never written reads as 0. A write touches its own bytes
 * alone, whichever threads write their neighbours at the same time.
 */
public final class PagedMemory implements AddressSpace {
    /* How it works
     *
     * A flat table holds a page of 8192 longs for each 64 KiB, or null, and another one the same pages as segments of
     * bytes, through which the JVM reads and writes 4 bytes, and single ones, by instructions of their width. Longs are
     * read and written by their array, which is faster. Both tables are filled and emptied under this object's monitor.
     * A fresh array of longs is seen as zeros even by a thread that finds it by a race, and a segment's fields are
     * final, so readers need no lock. Words are read and written whole, with opaque order; copies of bytes have no
     * order of their own.
     *
     * A compare-and-set of a word takes no lock, as on the process's own memory: it may come between a section's load
     * and its store, which then writes over it, and whoever fences behind it finds that out.
     *
     * Refused: longs alone, of which a part is written by writing the whole again. Two stripes' parts of one long are
     * written under two locks, and one of the writes was lost.
     */
    private static final int PAGE_SHIFT = 16;
    /** The grain in which arrays are made and dropped. */
    public static final int PAGE_BYTES = 1 << PAGE_SHIFT;
    private static final int PAGE_LONGS = PAGE_BYTES / Long.BYTES;
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Made when a word of 4 bytes is first touched, for it takes a fresh JVM milliseconds. */
    private static final class Ints {
        private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    }

    /** Page 0 is never handed out, so that address 0 is nobody's. */
    private volatile long[] @Nullable [] pages = new long[1][];
    private volatile @Nullable MemorySegment[] segments = new MemorySegment[1];

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
        long count = reservedBytes(lengthBytes) >>> PAGE_SHIFT;
        if (first + count > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError("lengthBytes=" + lengthBytes + " more than the fallback can address");
        }
        long[] @Nullable [] morePages = Arrays.copyOf(pages, first + (int) count);
        // This table first: whoever finds a page by the other one finds it here.
        segments = Arrays.copyOf(segments, first + (int) count);
        pages = morePages;
        return (long) first << PAGE_SHIFT;
    }

    /**
     * Returns how many bytes are reserved where some are asked for: whole pages, to be cleared as such.
     *
     * @param lengthBytes how many are asked for
     */
    public static long reservedBytes(long lengthBytes) {
        return lengthBytes + PAGE_BYTES - 1 & -PAGE_BYTES;
    }

    /**
     * Forgets what was written: it reads as 0 again, and the pages that lie in it as a whole are the collector's. What
     * lies beside it stays as it is.
     *
     * @param address the first byte
     * @param lengthBytes how many
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
        if (number == 0 || number >= count) {
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

    private long @Nullable [] page(long address) {
        long[] @Nullable [] table = pages;
        return table[number(address, table.length)];
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
