package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.kernel.Linux;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The ranges of a pool, divided into items of one size, and the content of a new item. This class does not know which
 * items are in use.
 */
public final class ItemMemory {
    /* How it works
     *
     *   range:   | item 0 | item 1 | ... (index 0) | item 0 | item 1 | ... (index 1) | ... | threads without index |
     *            <--------- stride, 1 MiB --------->
     *
     * An item is the address of its copy at index 0; the copies lie a stride apart. Items begin at multiples of their
     * size, so an item of a cache line or of a page shares it with no other item. A new item holds the template's words
     * and then zeros. If its range maps the template's image (Ranges), its copies hold this without a write. Otherwise
     * the copies are written when the item is first handed out.
     *
     * An item is renewed in one of two ways. If it has pages of its own, the pages are given back to the kernel; the
     * next write to a page populates it on the writer's NUMA node. Otherwise the words that differ are written, so that
     * unused pages stay unpopulated.
     *
     * Each method that accesses items keeps this object reachable until it has returned, because the ranges are freed
     * with this object (I8).
     */
    /** The largest item: a stride. */
    public static final int MAX_ITEM_BYTES = (int) Ranges.STRIDE_BYTES;

    private final Engine engine = Engine.get(Ranges.class);
    private final AddressSpace memory = engine.memory();
    private final int itemBytes;
    private final long[] template;
    private final Ranges ranges;
    private final Ranges.Pool pool;
    private final boolean hasOwnPages;

    /**
     * Creates the memory of a pool, without a range. The ranges are freed when this object is collected.
     *
     * @param itemBytes the size of an item, a multiple of 8 up to {@link #MAX_ITEM_BYTES}
     * @param template the first bytes of a new item, at most its size; the others are 0
     */
    public ItemMemory(int itemBytes, byte[] template) {
        this(itemBytes, template, Ranges.get());
    }

    ItemMemory(int itemBytes, byte[] template, Ranges ranges) {
        this.itemBytes = itemBytes;
        this.ranges = ranges;
        byte[] words = new byte[template.length + Long.BYTES - 1 & -Long.BYTES];
        System.arraycopy(template, 0, words, 0, template.length);
        this.template = new long[words.length / Long.BYTES];
        ByteBuffer.wrap(words).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(this.template);
        this.hasOwnPages = engine.hasKernelPages() && itemBytes % engine.pageBytes() == 0;
        this.pool = ranges.hold(this, image(template));
    }

    private byte[] image(byte[] content) {
        byte[] image = new byte[content.length == 0 ? 0 : MAX_ITEM_BYTES];
        for (int at = 0; at + itemBytes <= image.length; at += itemBytes) {
            System.arraycopy(content, 0, image, at, content.length);
        }
        return image;
    }

    /** Tells whether memory that was never written holds the content of new items. */
    private boolean isShown(long item) {
        return template.length == 0 || pool.showsImage(item);
    }

    /** Returns the size of an item in bytes. */
    public int itemBytes() {
        return itemBytes;
    }

    /** Returns the number of items in a range. */
    public int itemsPerRange() {
        return MAX_ITEM_BYTES / itemBytes;
    }

    /** Returns the number of copies of an item. */
    public int copies() {
        return engine.copies();
    }

    /**
     * Takes one more range.
     *
     * @return the address of its first item
     * @throws KernelException if the kernel refuses
     */
    public long grow() {
        return ranges.take(pool);
    }

    /** Frees all ranges. No section may be running on an item, and none may begin (I9). */
    public void release() {
        ranges.giveBack(pool);
    }

    /**
     * Returns the address of an item's copy.
     *
     * @param item the item
     * @param index the index of the copy
     */
    public long address(long item, int index) {
        return item + index * Ranges.STRIDE_BYTES;
    }

    /**
     * Reads a word, whole, with opaque order.
     *
     * @param address a multiple of 8 in an item's copy
     */
    public long get(long address) {
        try {
            return memory.getLong(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Writes a word, whole, with opaque order.
     *
     * @param address a multiple of 8 in an item's copy
     * @param value the value
     */
    public void put(long address, long value) {
        try {
            memory.putLong(address, value);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Copies bytes of an item's copy to a segment.
     *
     * @param address the first byte
     * @param to the segment, which is filled
     */
    public void read(long address, MemorySegment to) {
        try {
            memory.copyOut(to, 0, address, to.byteSize());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Copies a segment's bytes to an item's copy.
     *
     * @param address the first byte
     * @param from the segment
     */
    public void write(long address, MemorySegment from) {
        try {
            memory.copyIn(address, from, from.byteSize());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns a word of a new item.
     *
     * @param offsetBytes the offset in the item, a multiple of 8
     */
    public long newWord(int offsetBytes) {
        int word = offsetBytes / Long.BYTES;
        return word < template.length ? template[word] : 0;
    }

    /**
     * Tells whether a copy has the content of a new item.
     *
     * @param address the address of the copy
     */
    public boolean isNew(long address) {
        for (int offset = 0; offset < itemBytes; offset += Long.BYTES) {
            if (get(address + offset) != newWord(offset)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Gives an item that was never handed out the content of a new item.
     *
     * @param item the item
     */
    public void makeFirst(long item) {
        if (!isShown(item)) {
            makeNew(item);
        }
    }

    /**
     * Gives all copies of a used item the content of a new item. No section may be running on it, and none may begin
     * (I9).
     *
     * @param item the item
     */
    public void makeNew(long item) {
        boolean isDiscarded = hasOwnPages && isShown(item);
        try {
            for (int index = 0; index < copies(); index++) {
                long address = address(item, index);
                // The kernel refuses if memory is locked (mlock); then the words are written.
                if (!isDiscarded || Linux.madvise(address, itemBytes, Linux.MADV_DONTNEED) < 0) {
                    write(address);
                }
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void write(long address) {
        for (int offset = 0; offset < itemBytes; offset += Long.BYTES) {
            if (get(address + offset) != newWord(offset)) {
                put(address + offset, newWord(offset));
            }
        }
    }
}
