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

/** The items of a pool by number: per-CPU memory cannot hold references, so it holds the numbers. */
final class PoolSlots<T> {
    /* How it works
     *
     * A slot refers to its item while the item is idle, and to nothing while the item is in a lease. The pool then has
     * no reference to the item or its lease, so a lease that is dropped without being closed is garbage at once, with
     * its item. A thread that has popped or reserved a number has the number's slot alone, so plain reads and writes of
     * the slot are enough. A number reaches another thread by a push and a pop at one index, which the section's commit
     * orders, or by a drain of another index's stack, which the fence of the drain's visit orders
     * (memory.RemoteAccess).
     *
     * A number becomes free in one of two ways: the owner of the item discards it, or the collector finds the object of
     * the slot's watch unreachable. That object is the item, which one watch watches for its life, or in robust mode
     * the token of each lease. A watch is a phantom reference: an item that a finalizer gives back late, as a safety
     * net, still has its number. A watch is cleared only while its object is reachable, so an enqueued watch belongs to
     * an item that can never come back.
     *
     * The number of slots is limited, because a dropped lease leaves its slot and its watch until the collector has
     * found it. If no slot is free, an item has no number while it is in a lease; it gets one when it is given back.
     *
     * The array of slots is written under this object's monitor, and replaced when it grows. A number is pushed after
     * its slot was stored, so a thread that pops the number finds the slot.
     *
     * Refused: slots that refer to their items also during a lease, and are cleared once for each collection. They save
     * two writes for each acquisition, but dropped items outlive the collection, and programs ran out of memory.
     * Refused: a weak watch, which the collector clears before finalizers run.
     */
    /** The number of an item that has no slot. */
    static final int NONE = -1;
    /** The most slots, unless the pool may have more idle items than this; then it may have as many slots. */
    static final int MIN_LIMIT = 1 << 14;
    /** The most places of acquisition that are named in the log and by {@link PerCpuPool#close}. */
    static final int MAX_NAMED = 8;
    private static final int FIRST = 16;
    private static final int MIN_TRACES = 256;
    private static final int HEAP_BYTES_PER_TRACE_SHIFT = 16;

    private final int limit;
    /**
     * The most stack traces that are kept at a time. A trace takes some kilobytes, so the limit follows the heap's
     * size.
     */
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

        /** Takes the item out of the slot and returns it, or returns null if the slot has none. */
        @Nullable T take() {
            T taken = item;
            item = null;
            return taken;
        }

        void put(T idle) {
            item = idle;
        }

        IllegalStateException endedBefore(boolean isDiscarded) {
            return new IllegalStateException("slot=" + number
                    + (isDiscarded ? ": the item was discarded before" : ": the lease was closed before"));
        }
    }

    /**
     * The object of a lease in robust mode, to which only the lease refers. Its collection tells that the lease was
     * dropped.
     */
    static final class Token<T> {
        private final T item;

        private Token(T item) {
            this.item = item;
        }

        T item() {
            return item;
        }
    }

    /** Tells when an item or a token was collected during its lease. */
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

    /**
     * Returns a slot by its number.
     *
     * @param number a number that was popped
     */
    Slot<T> get(long number) {
        VarHandle.acquireFence();
        Slot<T> slot = slots[(int) number];
        if (slot == null) {
            throw new IllegalStateException("slot=" + number + " was never made");
        }
        return slot;
    }

    /** Returns a slot for an item; if the limit is reached, a slot without a number. */
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
     * Watches an item for its life. Called at its first lease.
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
     * Makes the token of a lease in robust mode, and watches it until {@link #unwatch}.
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
     * Takes the items of numbers that only the caller has, and passes them on.
     *
     * @param numbers the numbers
     * @param to receives each slot with its item
     * @param failures collects what the receiver throws
     * @return the number of slots
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
     * Frees the slot of an item that is discarded. No other thread has its number.
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

    /** Frees the slots of items and tokens that were collected since the last call, and counts them as dropped. */
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

    /** Returns the places of acquisition of the first dropped leases, as far as they are known. */
    synchronized List<Throwable> droppedAt() {
        return List.copyOf(droppedAt);
    }

    /**
     * Logs the places of acquisition of dropped leases: the first {@link #MAX_NAMED} in the pool's life. The caller
     * holds no lock. If a log handler acquires from the same pool, it calls this method again, which then returns at
     * once.
     */
    void logDropped() {
        for (Throwable acquired = nextToLog(); acquired != null; acquired = nextToLog()) {
            try {
                System.getLogger(PerCpuPool.class.getName()).log(Level.WARNING,
                        "a lease was dropped without being closed; a pool reports at most " + MAX_NAMED, acquired);
            } catch (RuntimeException | Error e) {
                // A failure of the logger must not fail the acquiring thread. The count and close() still report the
                // lease.
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
