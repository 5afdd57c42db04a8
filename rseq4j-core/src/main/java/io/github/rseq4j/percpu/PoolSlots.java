package io.github.rseq4j.percpu;

import java.lang.System.Logger.Level;
import java.lang.invoke.VarHandle;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The items of a pool by number: references cannot lie in per-CPU memory, so their numbers do. */
final class PoolSlots<T> {
    /* How it works
     *
     * A slot refers to its item while the item is idle, and to nothing while it is out. Nothing of the pool then leads
     * to the item or to its lease, so a lease that is never closed is garbage at once, with its item. The thread that
     * has a number, because it popped or reserved it, has the number's slot alone: it reads and writes it plainly. A
     * number reaches another thread by a push and a pop of one index, which the section's commit orders, or by a drain
     * of another index's stack, which the fence of its visit orders (memory.RemoteAccess).
     *
     * Numbers come back in one of two ways: the owner of an item gives it up, or the collector finds what the slot's
     * watch watches. That is the item, watched once for its life, or in robust mode each lease's token. A watch is
     * phantom: an item that a finalizer closes late, in the manner of a safety net, still has its number. A watch is
     * cleared while its referent is in hand, so a watch that was queued belongs to an item that can never come back.
     *
     * The number of slots is limited, because slots and watches are what a dropped lease leaves until the collector has
     * found it. An item that finds no slot has no number while it is out; it gets one when it is given back.
     *
     * The array is written under this object's monitor. It is replaced when it grows; a thread finds a number through
     * the push that published it, which comes after that.
     *
     * Refused: references that are kept while items are out and cleared once for each collection. They spare an
     * acquisition two writes, but what was dropped outlives the collection, and programs ran out of memory. Refused: a
     * weak watch, which the collector clears before finalizers run.
     */
    /** The number of an item that has no slot. */
    static final int NONE = -1;
    /** How many slots there may be, or as many as items may be idle if these are more. */
    static final int MIN_LIMIT = 1 << 14;
    /** How many places are named, in the log and by {@link PerCpuPool#close}. */
    static final int MAX_NAMED = 8;
    private static final int FIRST = 16;
    private static final int MIN_TRACES = 256;
    private static final int HEAP_BYTES_PER_TRACE_SHIFT = 16;

    private final int limit;
    /** How many stack traces are kept at a time: some kilobytes each, so the heap decides. */
    private final int maxTraces =
            Math.clamp(Runtime.getRuntime().maxMemory() >> HEAP_BYTES_PER_TRACE_SHIFT, MIN_TRACES, MIN_LIMIT);
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private volatile @Nullable Slot<T>[] slots = slots(FIRST);
    private int used;
    private int[] free = new int[FIRST];
    private int freeCount;
    private int traces;
    private long dropped;
    private final List<Throwable> droppedAt = new ArrayList<>(MAX_NAMED);
    private int logged;
    private boolean isLogging;

    PoolSlots(int maxIdle) {
        this.limit = Math.max(MIN_LIMIT, maxIdle);
    }

    /** The slot of an item. It is as large as a cache line, because each CPU writes the slots that it uses. */
    @SuppressWarnings("UnusedVariable")
    static final class Slot<T> {
        private final int number;
        private @Nullable T item;
        private @Nullable Watch watch;
        private long padding1;
        private long padding2;
        private long padding3;
        private long padding4;
        private long padding5;

        private Slot(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }

        /** Returns the item, which is out from now on, or null when there is none. */
        @Nullable T take() {
            T taken = item;
            item = null;
            return taken;
        }

        void put(T idle) {
            item = idle;
        }
    }

    /** Whose collection tells that a lease was dropped. */
    static final class Token<T> {
        private final T item;

        private Token(T item) {
            this.item = item;
        }

        T item() {
            return item;
        }
    }

    /** Tells when what was out was collected. */
    private static final class Watch extends PhantomReference<Object> {
        private final int number;
        private final @Nullable Throwable acquired;

        Watch(Object watched, ReferenceQueue<Object> queue, int number, @Nullable Throwable acquired) {
            super(watched, queue);
            this.number = number;
            this.acquired = acquired;
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> @Nullable Slot<T>[] slots(int length) {
        return (@Nullable Slot<T>[]) new Slot<?>[length];
    }

    static IllegalStateException endedBefore(int number, boolean isDiscarded) {
        return new IllegalStateException("slot=" + number
                + (isDiscarded ? ": the item was discarded before" : ": the lease was closed before"));
    }

    /**
     * Returns a slot by its number.
     *
     * @param number a number that was popped, or is a lease's
     */
    Slot<T> get(long number) {
        VarHandle.acquireFence();
        Slot<T> slot = slots[(int) number];
        if (slot == null) {
            throw new IllegalStateException("slot=" + number + " was never made");
        }
        return slot;
    }

    /** Returns a slot for an item, one without a number when there are as many as may be. */
    synchronized Slot<T> reserve() {
        if (freeCount > 0) {
            return get(free[--freeCount]);
        }
        if (used == limit) {
            return new Slot<>(NONE);
        }
        if (used == slots.length) {
            int length = Math.min(2 * used, limit);
            int[] moreFree = Arrays.copyOf(free, length);
            slots = Arrays.copyOf(slots, length);
            free = moreFree;
        }
        Slot<T> slot = new Slot<>(used);
        slots[used++] = slot;
        return slot;
    }

    /**
     * Watches an item that goes out for the first time, for its life.
     *
     * @param slot its slot
     * @param item the item
     */
    void watch(Slot<T> slot, T item) {
        if (slot.number != NONE) {
            slot.watch = new Watch(item, collected, slot.number, null);
        }
    }

    /**
     * Makes what a lease in robust mode refers to, and nothing else does, and watches it until {@link #unwatch}.
     *
     * @param slot the slot of the lease's item
     * @param item the item
     */
    Token<T> watchedToken(Slot<T> slot, T item) {
        Token<T> token = new Token<>(item);
        if (slot.number != NONE) {
            boolean isTraced = isTraced();
            boolean isDone = false;
            try {
                Throwable acquired = isTraced ? new Throwable("a lease was acquired here, and never closed") : null;
                slot.watch = new Watch(token, collected, slot.number, acquired);
                isDone = true;
            } finally {
                if (!isDone && isTraced) {
                    untrace();
                }
            }
        }
        return token;
    }

    private synchronized boolean isTraced() {
        boolean isTraced = traces < maxTraces;
        traces += isTraced ? 1 : 0;
        return isTraced;
    }

    private synchronized void untrace() {
        traces--;
    }

    /**
     * Ends the watch of a slot. The watched object must be reachable until this method returns.
     *
     * @param slot the slot
     */
    void unwatch(Slot<T> slot) {
        Watch watch = slot.watch;
        if (watch != null) {
            watch.clear();
            slot.watch = null;
            if (watch.acquired != null) {
                untrace();
            }
        }
    }

    /**
     * Takes the items of numbers that only the caller has, and passes each one on.
     *
     * @param numbers the numbers
     * @param to gets slots and items
     * @param failures gets what that throws
     * @return how many there were
     */
    int takeAll(long[] numbers, BiConsumer<Slot<T>, T> to, Failures failures) {
        for (long number : numbers) {
            try {
                Slot<T> slot = get(number);
                T item = slot.take();
                if (item != null) {
                    to.accept(slot, item);
                }
            } catch (Throwable t) {
                failures.add(t);
            }
        }
        return numbers.length;
    }

    /**
     * Takes back the slot of an item that is given up. No other thread has its number.
     *
     * @param slot the slot
     */
    synchronized void free(Slot<T> slot) {
        if (slot.number != NONE) {
            slot.item = null;
            unwatch(slot);
            free[freeCount++] = slot.number;
        }
    }

    /** Takes back the slots of what was collected since this was last asked, and counts it. */
    synchronized void findDropped() {
        for (Object each = collected.poll(); each != null; each = collected.poll()) {
            Watch watch = (Watch) each;
            Slot<T> slot = get(watch.number);
            if (slot.watch == watch) {
                free(slot);
                dropped++;
                if (watch.acquired != null && droppedAt.size() < MAX_NAMED) {
                    droppedAt.add(watch.acquired);
                }
            }
        }
    }

    /** Returns the number of leases that were collected without having been closed. */
    synchronized long dropped() {
        return dropped;
    }

    /** Returns where the first of them were acquired, as far as that is known. */
    synchronized List<Throwable> droppedAt() {
        return List.copyOf(droppedAt);
    }

    /**
     * Logs the places of acquisition of leases that were never closed: the first {@link #MAX_NAMED} of a pool's life.
     * The caller holds no lock. A handler that acquires from the same pool comes here again, and returns at once.
     */
    void logDropped() {
        for (Throwable acquired = nextToLog(); acquired != null; acquired = nextToLog()) {
            try {
                System.getLogger(PerCpuPool.class.getName()).log(Level.WARNING,
                        "a lease was dropped without being closed; a pool reports at most " + MAX_NAMED, acquired);
            } catch (RuntimeException | Error e) {
                // The logger's failure is not one of the thread that acquires: the count and close() still tell.
            } finally {
                endLogging();
            }
        }
    }

    private synchronized @Nullable Throwable nextToLog() {
        if (isLogging || logged == droppedAt.size()) {
            return null;
        }
        isLogging = true;
        return droppedAt.get(logged++);
    }

    private synchronized void endLogging() {
        isLogging = false;
    }
}
