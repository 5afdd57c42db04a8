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
     * Slots and tail are in the memory of sections.ArrayRing, and are drained by RingMemory. The head is a field. Its
     * highest bit tells that a thread is pushing, and locks the ring for other threads of the stripe that push:
     *
     *   Pusher:   loads head and limit; compare-and-sets the bit; stores the slot; stores head + 1, without the bit,
     *             with release order.
     *   Drainer:  loads head without the bit, with acquire order; otherwise as always.
     *
     * The limit is the tail that a pusher has last seen, plus the capacity. If head has reached it, the pusher loads
     * the tail and stores the new limit. So a pusher loads a word that the drainer writes once for each round of the
     * ring. An older limit only makes a pusher load the tail again. It is stored with release order after the tail was
     * loaded, and loaded with acquire order, so the pusher's store of the slot comes after the drainer's load.
     *
     * So a push is one atomic instruction. The loads that lead to its operand are its cost beside it: thread, number of
     * the thread, ring, head. A ring keeps the pages of its words, which stay the same until it is closed: finding the
     * page of each word, as bytecode of the section does, takes as long as the atomic instruction.
     *
     * A StackOverflowError can come between the compare-and-set and the store of head, where an interpreted VarHandle
     * is called. The handler then takes the bit back by a store to the volatile field, which is no call.
     *
     * Refused: a claim of the slot by adding to head, with a mark in each slot (JCTools). A value has all 64 bits, so
     * the mark needs another word. Refused: arrays for each ring outside of the cells. They are as fast, and their
     * memory would have to be counted and freed in another way. Refused: a head in the memory of the section. It is
     * found by one more load, and both of a push's accesses to head wait for it.
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

    /** The ring of a stripe. Other rings lie beside it in the heap, so the head has two cache lines. */
    @SuppressWarnings("UnusedVariable")
    private static final class Ring {
        private static final long PUSHING = Long.MIN_VALUE;
        private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
        private static final VarHandle HEAD = field("head");
        private static final VarHandle LIMIT = field("limit");
        private static final int PAGE_WORDS = PagedMemory.PAGE_BYTES / Long.BYTES;
        private static final int PAGE_SHIFT = Integer.numberOfTrailingZeros(PAGE_WORDS);

        private long padding1;
        private long padding2;
        private long padding3;
        private long padding4;
        private long padding5;
        private long padding6;
        private long padding7;
        /** The number of words that were pushed, and the bit {@link #PUSHING}. */
        private volatile long head;
        /** The head at which a pusher loads the tail. */
        private long limit;
        private long padding8;
        private long padding9;
        private long padding10;
        private long padding11;
        private long padding12;
        private long padding13;
        private long padding14;
        private final PagedMemory memory;
        private final long copy;
        private final long[] tails;
        private final int tailAt;
        private final int first;
        private final int capacity;
        /** The pages of the slots, each found when a slot of it is first used. */
        private final long[] @Nullable [] pages;

        Ring(PagedMemory memory, long copy, int capacity) {
            this.memory = memory;
            this.copy = copy;
            this.tails = memory.page(copy + ArrayRing.TAIL_BYTES);
            this.tailAt = PagedMemory.word(copy + ArrayRing.TAIL_BYTES);
            this.first = PagedMemory.word(copy + ArrayRing.HEADER_BYTES);
            this.capacity = capacity;
            this.pages = new long[(first + capacity - 1) / PAGE_WORDS + 1][];
        }

        private static VarHandle field(String name) {
            try {
                return MethodHandles.lookup().findVarHandle(Ring.class, name, long.class);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        boolean push(long value) {
            for (int tries = 0;; tries++) {
                long now = head;
                if (now >= 0) {
                    if (now >= (long) LIMIT.getAcquire(this) && !raiseLimit(now)) {
                        return false;
                    }
                    int slot = first + ((int) now & capacity - 1);
                    long[] page = pages[slot >>> PAGE_SHIFT];
                    if (page == null) {
                        page = find(slot);
                    }
                    if (HEAD.compareAndSet(this, now, now | PUSHING)) {
                        commit(page, slot & PAGE_WORDS - 1, value, now);
                        return true;
                    }
                }
                StripeLock.pause(tries);
            }
        }

        private boolean raiseLimit(long now) {
            long raised = (long) WORD.getAcquire(tails, tailAt) + capacity;
            LIMIT.setRelease(this, raised);
            return now < raised;
        }

        private long[] find(int slot) {
            // A race finds the same page.
            long[] page = memory.page(copy + ArrayRing.HEADER_BYTES + (long) (slot - first) * Long.BYTES);
            pages[slot >>> PAGE_SHIFT] = page;
            return page;
        }

        private void commit(long[] page, int at, long value, long now) {
            try {
                // Plain: the release of head comes after it.
                page[at] = value;
                HEAD.setRelease(this, now + 1);
            } catch (Throwable t) {
                head = now;
                throw t;
            }
        }
    }

    /**
     * Returns the number of words that were pushed to a ring, with acquire order.
     *
     * @param index the stripe
     */
    long head(int index) {
        Ring ring = (Ring) RING.getAcquire(rings, index);
        return ring == null ? 0 : ring.head & ~Ring.PUSHING;
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
