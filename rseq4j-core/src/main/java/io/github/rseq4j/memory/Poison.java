package io.github.rseq4j.memory;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Fills freed items, and finds where somebody wrote to one. Its owner sees to it that one thread at a time does. */
public final class Poison {
    /* How it works
     *
     * A copy that was used is filled with a word that means nothing. A copy that still holds what a new item holds is
     * left alone, so that pages which were never used stay unpopulated; it is checked all the same. Which copies were
     * filled is noted for each item, because their content is what cannot be trusted.
     */
    /** The kernel's POISON_FREE in every byte ({@code linux/poison.h}): no canonical address, and no small number. */
    public static final long WORD = 0x6b6b_6b6b_6b6b_6b6bL;

    private final ItemMemory memory;
    private final Map<Long, BitSet> filled = new HashMap<>();

    /**
     * Makes the poison of a pool.
     *
     * @param memory the pool's
     */
    public Poison(ItemMemory memory) {
        this.memory = memory;
    }

    /**
     * Fills an item that was freed. No section may be running on it (I9).
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
     * Finds the first word of a freed item that was written since. It is put right, so that it is found once.
     *
     * @param item an item that was filled
     * @return what was found, as {@code name=value}, or null; also when the item was forgotten
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
