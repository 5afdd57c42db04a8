package io.github.rseq4j.memory;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Fills freed items with poison, and finds writes to freed items. Used by one thread at a time. */
public final class Poison {
    /* How it works
     *
     * A copy that was used is filled with a meaningless word. A copy that still has the content of a new item is not
     * written, so that unused pages stay unpopulated; it is checked too. For each item it is noted which copies were
     * filled, because their content itself cannot be trusted.
     */
    /** The kernel's POISON_FREE in every byte ({@code linux/poison.h}): no canonical address, and no small number. */
    public static final long WORD = 0x6b6b_6b6b_6b6b_6b6bL;

    private final ItemMemory memory;
    private final Map<Long, BitSet> filled = new HashMap<>();

    /**
     * Creates the poison of a pool.
     *
     * @param memory the memory of the pool
     */
    public Poison(ItemMemory memory) {
        this.memory = memory;
    }

    /**
     * Fills a freed item. No section may be running on it (I9).
     *
     * @param item the item
     */
    public void fill(long item) {
        BitSet copies = new BitSet(memory.copies());
        filled.put(item, copies);
        for (int index = 0; index < memory.copies(); index++) {
            long address = memory.address(item, index);
            if (!memory.isNew(address)) {
                copies.set(index);
                for (int offset = 0; offset < memory.itemBytes(); offset += Long.BYTES) {
                    memory.put(address + offset, WORD);
                }
            }
        }
    }

    /**
     * Finds the first word of a freed item that was written since. The word is restored, so that it is reported once.
     *
     * @param item an item that was filled
     * @return the word, as {@code name=value}; null if there is none, or if the item was forgotten
     */
    public @Nullable String fault(long item) {
        String fault = null;
        BitSet copies = filled.get(item);
        for (int index = 0; copies != null && index < memory.copies(); index++) {
            long address = memory.address(item, index);
            for (int offset = 0; offset < memory.itemBytes(); offset += Long.BYTES) {
                long found = memory.get(address + offset);
                long expected = copies.get(index) ? WORD : memory.newWord(offset);
                if (found != expected) {
                    memory.put(address + offset, expected);
                    fault = fault != null ? fault : "item=0x" + Long.toHexString(item) + ", index=" + index
                            + ", offsetBytes=" + offset + ", found=0x" + Long.toHexString(found)
                            + ", expected=0x" + Long.toHexString(expected);
                }
            }
        }
        return fault;
    }

    /**
     * Forgets an item that is handed out again.
     *
     * @param item an item that was filled
     */
    public void forget(long item) {
        filled.remove(item);
    }
}
