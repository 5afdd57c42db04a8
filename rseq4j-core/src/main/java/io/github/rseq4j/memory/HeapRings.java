package io.github.rseq4j.memory;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.interpreter.StripeLock;
import io.github.rseq4j.sections.ArrayRing;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** The push of words to rings on the fallback, by one atomic instruction. */
public final class HeapRings {
    /* How it works
     *
     * The memory is that of sections.ArrayRing, and is drained by RingMemory. The highest bit of head tells that a
     * thread is pushing, and locks the ring for other threads of the stripe that push:
     *
     *   Pusher:   loads head and tail; compare-and-sets the bit; stores the slot; stores head + 1, without the bit,
     *             with release order.
     *   Drainer:  as always; it ignores the bit.
     *
     * So a push is one atomic instruction. A ring keeps the pages of its words, which stay the same until it is closed:
     * finding the page of each word, as bytecode of the section does, takes as long as the atomic instruction.
     *
     * A StackOverflowError can come between the compare-and-set and the store of head, where an interpreted VarHandle
     * is called. The handler then takes the bit back without a call: by a store to the array, after a store and a load
     * of a volatile field, which are a full fence.
     *
     * Refused: a claim of the slot by adding to head, with a mark in each slot (JCTools). A value has all 64 bits, so
     * the mark needs another word. Refused: arrays for each ring outside of the cells. They are as fast, and their
     * memory would have to be counted and freed in another way.
     */
    private static final VarHandle RING = MethodHandles.arrayElementVarHandle(Ring[].class);

    private final FallbackEngine engine;
    private final long cells;
    private final int capacity;
    /** The ring of each stripe, made at its first push. After close all are null. */
    private volatile @Nullable Ring[] rings;
    private boolean closed;

    HeapRings(FallbackEngine engine, long cells, int capacity) {
        this.engine = engine;
        this.cells = cells;
        this.capacity = capacity;
        this.rings = new Ring[engine.copies()];
    }

    /** Returns a head without the bit of a thread that is pushing. */
    static long committed(long head) {
        return head & ~Ring.PUSHING;
    }

    /** The ring of a stripe. */
    private static final class Ring {
        private static final long PUSHING = Long.MIN_VALUE;
        private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
        private static final int PAGE_WORDS = PagedMemory.PAGE_BYTES / Long.BYTES;
        private static final int PAGE_SHIFT = Integer.numberOfTrailingZeros(PAGE_WORDS);

        private final PagedMemory memory;
        private final long copy;
        private final long[] heads;
        private final int headAt;
        private final long[] tails;
        private final int tailAt;
        private final int first;
        private final int capacity;
        /** The pages of the slots, each found when a slot of it is first used. */
        private final long[] @Nullable [] pages;
        private volatile int barrier;

        Ring(PagedMemory memory, long copy, int capacity) {
            this.memory = memory;
            this.copy = copy;
            this.heads = memory.page(copy);
            this.headAt = PagedMemory.word(copy);
            this.tails = memory.page(copy + ArrayRing.TAIL_BYTES);
            this.tailAt = PagedMemory.word(copy + ArrayRing.TAIL_BYTES);
            this.first = PagedMemory.word(copy + ArrayRing.HEADER_BYTES);
            this.capacity = capacity;
            this.pages = new long[(first + capacity - 1) / PAGE_WORDS + 1][];
        }

        boolean push(long value) {
            for (int tries = 0;; tries++) {
                long head = (long) WORD.getOpaque(heads, headAt);
                if (head >= 0) {
                    if (head - (long) WORD.getAcquire(tails, tailAt) >= capacity) {
                        return false;
                    }
                    int slot = first + ((int) head & capacity - 1);
                    long[] page = pages[slot >>> PAGE_SHIFT];
                    if (page == null) {
                        page = find(slot);
                    }
                    if (WORD.compareAndSet(heads, headAt, head, head | PUSHING)) {
                        commit(page, slot & PAGE_WORDS - 1, value, head);
                        return true;
                    }
                }
                StripeLock.pause(tries);
            }
        }

        private long[] find(int slot) {
            // A race finds the same page.
            long[] page = memory.page(copy + ArrayRing.HEADER_BYTES + (long) (slot - first) * Long.BYTES);
            pages[slot >>> PAGE_SHIFT] = page;
            return page;
        }

        private void commit(long[] page, int at, long value, long head) {
            try {
                // Plain: the release of head comes after it.
                page[at] = value;
                WORD.setRelease(heads, headAt, head + 1);
            } catch (Throwable t) {
                barrier = 1;
                int _ = barrier;
                // Plain: the fence came before, and a word of 64 bits is stored whole.
                heads[headAt] = head;
                throw t;
            }
        }
    }

    /**
     * Pushes a word to the ring of the calling thread's stripe.
     *
     * @param value the word
     * @return false if the ring is full, or closed
     */
    public boolean push(long value) {
        int index = engine.index();
        Ring ring = (Ring) RING.getAcquire(rings, index);
        if (ring == null) {
            ring = add(index);
        }
        return ring != null && ring.push(value);
    }

    private synchronized @Nullable Ring add(int index) {
        @Nullable Ring[] all = rings;
        Ring ring = all[index];
        if (ring == null && !closed) {
            ring = new Ring(engine.memory(), cells + ((long) index << Engine.STRIDE_SHIFT), capacity);
            RING.setRelease(all, index, ring);
        }
        return ring;
    }

    /** Lets go of all pages, and refuses later pushes. */
    synchronized void close() {
        closed = true;
        rings = new Ring[rings.length];
    }
}
