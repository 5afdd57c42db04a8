package io.github.rseq4j.kernel;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The pages of this process that have a content ({@code Documentation/admin-guide/mm/pagemap.rst}). Every process may
 * read these bits of its own pages since Linux 4.2. An object is used by one thread.
 */
public final class PageMap implements AutoCloseable {
    private static final String FILE = "/proc/self/pagemap";
    private static final long PRESENT = 1L << 63;
    private static final long SWAPPED = 1L << 62;

    private final long pageBytes;
    /** Null where the file cannot be opened. */
    private final @Nullable RandomAccessFile file;

    /**
     * Opens the map.
     *
     * @param pageBytes the size of a page
     */
    public PageMap(long pageBytes) {
        RandomAccessFile opened;
        try {
            opened = new RandomAccessFile(FILE, "r");
        } catch (IOException _) {
            opened = null;
        }
        this.pageBytes = pageBytes;
        this.file = opened;
    }

    /**
     * Tells which pages have a content, in memory or swapped out. Private memory that was mapped as zeros holds zeros
     * in the other pages. A write that happened-before this call is seen.
     *
     * @param address the first byte
     * @param lengthBytes the length in bytes, at least 1
     * @return a bit for each page that has one of the bytes; all bits are set if the kernel does not tell
     */
    public BitSet populated(long address, long lengthBytes) {
        long first = address / pageBytes;
        int count = Math.toIntExact((address + lengthBytes - 1) / pageBytes - first + 1);
        BitSet pages = new BitSet(count);
        byte[] entries = new byte[count * Long.BYTES];
        try {
            if (file != null) {
                file.seek(first * Long.BYTES);
                file.readFully(entries);
                ByteBuffer words = ByteBuffer.wrap(entries).order(ByteOrder.nativeOrder());
                for (int i = 0; i < count; i++) {
                    pages.set(i, (words.getLong() & (PRESENT | SWAPPED)) != 0);
                }
                return pages;
            }
        } catch (IOException _) {
            // As if the file could not be opened.
        }
        pages.set(0, count);
        return pages;
    }

    @Override
    public void close() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException _) {
                // It was only read.
            }
        }
    }
}
