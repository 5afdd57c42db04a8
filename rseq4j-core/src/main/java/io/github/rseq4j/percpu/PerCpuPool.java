package io.github.rseq4j.percpu;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.function.StackFunctions;
import io.github.rseq4j.memory.TwinArrays;
import io.github.rseq4j.percpu.PoolSlots.Slot;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A pool of objects that are costly to make or to clear (buffers, parsers, digests), with idle items for each CPU.
 * Acquiring an item and giving it back take one downcall each, with no atomic instruction and no lock. The number of
 * items follows the number of CPUs and of items in use at the same time, not the number of threads. So the pool suits
 * virtual threads, unlike a cache in a {@link ThreadLocal}.
 *
 * {@snippet lang = java:
 * try (PerCpuPool<StringBuilder> builders = new PerCpuPool<>(StringBuilder::new)) {
 *     try (var lease = builders.acquire()) {
 *         StringBuilder builder = lease.value();
 *         builder.setLength(0);
 *         builder.append("only this thread has it until the lease is closed");
 *     }
 *     System.out.println(builders.stats()); // created=1, ..., misses=1
 * }
 * }
 *
 * <p><b>Acquiring</b> takes an item from the first of these that has one:
 *
 * <ol>
 * <li>the idle items of the current CPU, the last one given back first;
 * <li>the idle items that all CPUs share, from which a batch moves to the current CPU;
 * <li>the idle items of the CPU that has most: all of them are stolen, with a fence, and divided between the current
 *     CPU and the shared ones (this step is left out if the kernel refuses the fence);
 * <li>the factory, on the calling thread.
 * </ol>
 *
 * <p><b>Giving back</b> passes an item to the idle items of the current CPU. If these are full, the item goes to the
 * shared ones; if these have as many as the options allow for all processors, it goes to the destroyer. No item is
 * lost, and none is handed out twice.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A lease belongs to the thread that acquired it, and
 * may be closed by another thread. Writes to the item before the close are visible to the next owner. Acquiring and
 * closing are wait-free except for restarts, as long as the current CPU has an idle item, or room for one; otherwise
 * they take a lock for some microseconds. The factory, the destroyer and the logger are called without a lock. A thread
 * may migrate at any time, also a virtual thread to another carrier: the item is given back to the CPU on which the
 * thread then runs.
 *
 * <p><b>Leases.</b> Each acquisition has a lease of its own. Closing a lease a second time throws, also if the item is
 * in another lease by then. If several threads close a lease, one of them gives the item back. {@link Lease#discard}
 * passes a broken item to the destroyer; it throws on a second call, and after the lease was closed. The pool does not
 * refer to items in use. So a lease that is never closed becomes garbage together with its item; the destroyer does not
 * get the item, and the pool makes another one. {@link #stats} counts such leases. In robust mode
 * ({@link PoolOptions#withRobust}) the first 8 of them are logged as warnings with the places of their acquisition, and
 * {@link #close} throws.
 *
 * <p><b>Cost.</b> Two critical downcalls, and some nanoseconds. A lease has 24 bytes and a lock of its own. If the
 * lease does not leave the method that acquires and closes it, the JIT compiler usually eliminates both. A new item
 * takes some 200 bytes. In robust mode each acquisition takes a stack trace.
 *
 * <p><b>Memory.</b> There are at most twice the options' number of idle items for each CPU. The pool itself takes 16
 * bytes for each of that number, for each CPU that runs the application's threads.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each stripe of threads, and each of two stripes for each
 * processor takes the place of a CPU; see {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Caches by CPU in front of a shared list are Bonwick's magazines (vmem, 2001), and are used in tcmalloc.
 *
 * @param <T> the type of the items
 * @since 0.1.0
 */
@SuppressWarnings("ReachabilityFenceUsage") // An exception before a fence leaves a dropped lease.
public final class PerCpuPool<T> implements AutoCloseable {
    /* How it works
     *
     * Items are numbered (PoolSlots). The numbers of idle items are the values of a PerCpuStack. A thread that pops a
     * number has its slot alone until it pushes the number again, so slots are accessed plainly: on one CPU the
     * kernel's switch between two threads orders the accesses, otherwise a fence does. The push commits with release
     * order after the write of the slot; an acquire fence follows the pop.
     *
     * A lease is created for each acquisition, and its monitor decides which thread closes it. If the lease does not
     * escape, the JIT compiler eliminates the object and the monitor, and the slot, which is found once for each lease,
     * stays in a register from the pop to the push. So a lease is created in one place, and only its fields are passed
     * on. In robust mode a watched token refers to the item, and the lease refers to the token.
     *
     * One lock guards everything else: shared numbers, stealing, counts. It is taken when a CPU has no item or no room,
     * and then half of a CPU's capacity moves. So a CPU that only acquires and a CPU that only closes take it once in
     * that number of times. Foreign code is called without it.
     *
     * Refused: one permanent lease for each item. A second close could not be distinguished from the first close of the
     * next owner. Refused: a compare-and-swap of a slot's generation, which is an atomic instruction for every lease.
     */
    private static final int NONE = PoolSlots.NONE;

    private final Supplier<? extends T> factory;
    private final Consumer<? super T> destroyer;
    private final PerCpuStack idle;
    /** The arrays of the stack, which is never resized. */
    private final TwinArrays arrays;
    private final long cells;
    private final long capacityBytes;
    private final PoolSlots<T> slots;
    private final boolean robust;
    private final int batch;
    private final int maxShared;
    private final Object lock = new Object();
    /** This field and the following ones are used under the lock. */
    private final SharedNumbers shared;
    private long created;
    private long stolen;
    private long misses;
    private long destroyed;
    private boolean closed;

    /**
     * The right to use an item until the lease is closed.
     *
     * @param <T> the type of the item
     * @since 0.1.0
     */
    public static final class Lease<T> implements AutoCloseable {
        private static final Object DISCARDED = new Object();

        private final PerCpuPool<T> pool;
        private final Slot<T> slot;
        /** The item's identity in the pool, {@link #DISCARDED}, or null after the lease was closed. */
        private @Nullable Object held;

        private Lease(PerCpuPool<T> pool, Slot<T> slot, Object held) {
            this.pool = pool;
            this.slot = slot;
            this.held = held;
        }

        /**
         * Returns the item.
         *
         * @return the item, which belongs to the owner of the lease until the lease is closed
         * @throws IllegalStateException if the lease was closed, or the item was discarded
         */
        public T value() {
            Object now = held;
            if (now == null || now == DISCARDED) {
                throw slot.endedBefore(now != null);
            }
            return pool.item(now);
        }

        /**
         * Gives the item back. The first call after {@link #discard} has no effect, because a try-with-resources
         * statement makes this call.
         *
         * @throws IllegalStateException if the lease was closed before; nothing has happened then
         * @throws RuntimeException if the item goes to the destroyer, and the destroyer throws it
         */
        @Override
        public void close() {
            Object last;
            synchronized (this) {
                last = held;
                held = null;
            }
            if (last == null) {
                throw slot.endedBefore(false);
            }
            if (last != DISCARDED) {
                pool.release(slot, last);
            }
        }

        /**
         * Passes a broken item to the destroyer. The lease may still be closed once, which has no effect. The pool
         * makes another item when it needs one.
         *
         * {@snippet lang = java:
         * PerCpuPool<StringBuilder> builders = new PerCpuPool<>(StringBuilder::new);
         * try (var lease = builders.acquire()) {
         *     if (lease.value().capacity() > 1_000_000) {
         *         lease.discard();
         *     }
         * }
         * }
         *
         * @throws IllegalStateException if the item was discarded or the lease closed before; nothing happens then
         * @throws RuntimeException if the destroyer throws it; the item was discarded anyway
         */
        public void discard() {
            Object last;
            synchronized (this) {
                last = held;
                held = last == null ? null : DISCARDED;
            }
            if (last == null || last == DISCARDED) {
                throw slot.endedBefore(last != null);
            }
            pool.discard(slot, last);
        }
    }

    /**
     * Creates an empty pool without a destroyer, with the default options.
     *
     * @param factory makes an item; several threads may call it at the same time
     * @throws KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuPool(Supplier<? extends T> factory) {
        this(factory, _ -> { }, PoolOptions.defaults());
    }

    /**
     * Creates an empty pool.
     *
     * @param factory makes an item; several threads may call it at the same time
     * @param destroyer receives each item that the pool gives up; several threads may call it at the same time
     * @param options the number of idle items, and whether the pool watches its leases
     * @throws KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuPool(Supplier<? extends T> factory, Consumer<? super T> destroyer, PoolOptions options) {
        this.factory = Objects.requireNonNull(factory);
        this.destroyer = Objects.requireNonNull(destroyer);
        this.idle = new PerCpuStack(options.idlePerCpu());
        this.arrays = idle.arrays();
        this.cells = arrays.cells();
        this.capacityBytes = arrays.capacityBytes();
        this.robust = options.robust();
        this.batch = options.idlePerCpu() / 2;
        this.maxShared = options.idlePerCpu() * Runtime.getRuntime().availableProcessors();
        this.shared = new SharedNumbers(idle);
        this.slots = new PoolSlots<>(options.idlePerCpu() * arrays.copies() + maxShared);
    }

    /**
     * Acquires an item.
     *
     * @return its lease
     * @throws IllegalStateException if the pool is closed
     * @throws NullPointerException if the factory returns null
     * @throws RuntimeException if the factory throws it; the pool has not changed then
     */
    public Lease<T> acquire() {
        while (true) {
            long number = StackFunctions.pop(arrays);
            Slot<T> slot = number >= 0 ? slots.get(number) : acquireSlowly();
            T item = slot.take();
            // The item is null if an Error had interrupted the push of this number: the item was given up then.
            if (item != null) {
                return lease(slot, item);
            }
        }
    }

    private Lease<T> lease(Slot<T> slot, T item) {
        try {
            return new Lease<>(this, slot, robust ? slots.watchedToken(slot, item) : item);
        } catch (OutOfMemoryError | StackOverflowError e) {
            release(slot, item);
            throw e;
        }
    }

    @SuppressWarnings("unchecked")
    private T item(Object held) {
        return robust && held instanceof PoolSlots.Token<?> token ? (T) token.item() : (T) held;
    }

    private Slot<T> acquireSlowly() {
        slots.findDropped();
        slots.logDropped();
        long number;
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("the pool is closed: created=" + created + ", destroyed=" + destroyed);
            }
            misses++;
            number = shared.count() > 0 ? shared.take(batch) : fromOthers();
        }
        return number >= 0 ? slots.get(number) : create();
    }

    private Slot<T> create() {
        Slot<T> slot = slots.reserve();
        T item = null;
        try {
            item = Objects.requireNonNull(factory.get(), "the factory returned null");
            fill(slot, item);
        } catch (Throwable t) {
            slots.free(slot);
            if (item != null) {
                destroyer.accept(item);
            }
            throw t;
        }
        synchronized (lock) {
            created++;
        }
        return slot;
    }

    private long fromOthers() {
        if (idle.size() == 0) {
            return NONE;
        }
        int count;
        try {
            count = shared.steal();
        } catch (KernelException e) {
            // Without a fence nothing can be taken from another CPU: a new item is made.
            return NONE;
        }
        stolen += count;
        return shared.take(count / 2);
    }

    private void release(Slot<T> slot, Object held) {
        T item = item(held);
        if (slot.number() == NONE) {
            keepUnnumbered(item);
            return;
        }
        if (robust) {
            slots.unwatch(slot);
            Reference.reachabilityFence(held);
        }
        slot.put(item);
        if (!push(slot)) {
            keep(slot, item);
        }
    }

    private boolean push(Slot<T> slot) {
        try {
            return StackFunctions.push(arrays, cells, capacityBytes, slot.number(), this) >= 0;
        } catch (Throwable t) {
            // The number may have been pushed: it is not used again, and a thread that pops it finds no item.
            slots.unwatch(slot);
            T item = slot.take();
            if (item != null) {
                destroy(item);
            }
            throw t;
        }
    }

    /** Adds an item, and others of this CPU, to the shared ones, to make room on this CPU; or gives the item up. */
    private void keep(Slot<T> slot, T item) {
        boolean isKept = false;
        try {
            synchronized (lock) {
                int room = closed ? 0 : maxShared - shared.count();
                if (room > 0) {
                    shared.add(slot.number(), Math.min(batch, room - 1));
                    isKept = true;
                }
            }
        } finally {
            if (!isKept) {
                giveUp(slot, item);
            }
        }
    }

    private void keepUnnumbered(T item) {
        Slot<T> slot = null;
        try {
            slot = slots.reserve();
            fill(slot, item);
        } catch (OutOfMemoryError e) {
            giveUp(slot, item);
            throw e;
        }
        if (slot.number() == NONE) {
            destroy(item);
        } else {
            keep(slot, item);
        }
    }

    private void fill(Slot<T> slot, T item) {
        if (!robust) {
            slots.watch(slot, item);
        }
        slot.put(item);
    }

    private void discard(Slot<T> slot, Object held) {
        giveUp(slot, item(held));
        Reference.reachabilityFence(held);
    }

    private void giveUp(@Nullable Slot<T> slot, T item) {
        if (slot != null) {
            slots.free(slot);
        }
        destroy(item);
    }

    private void destroy(T item) {
        synchronized (lock) {
            destroyed++;
        }
        destroyer.accept(item);
    }

    /** {@return the number of idle items a moment ago} */
    public int idle() {
        synchronized (lock) {
            return (int) idle.size() + shared.count();
        }
    }

    /** {@return the statistics of the pool} */
    public PoolStats stats() {
        slots.findDropped();
        slots.logDropped();
        synchronized (lock) {
            return new PoolStats(created, Arrays.stream(idle.sizes()).boxed().toList(), shared.count(), stolen,
                    misses, destroyed, slots.dropped());
        }
    }

    /**
     * Passes all idle items to the destroyer. The pool stays open, and items in use come back to it.
     *
     * @return the number of these items
     * @throws RuntimeException if the destroyer throws it, after the destroyer was called for all items (an Error or a
     *     checked exception too); or if the kernel refuses a fence, and then nothing has changed
     */
    public int clear() {
        Failures failures = new Failures();
        int count = empty(false, failures);
        failures.rethrow();
        return count;
    }

    /**
     * Closes the pool and passes all idle items to the destroyer. Items in use go to the destroyer when their leases
     * are closed. A second call has no effect.
     *
     * @throws RuntimeException if the destroyer throws it, after the destroyer was called for all items (an Error or a
     *     checked exception too); or if the kernel refuses a fence: then the pool is unchanged, and the call can be
     *     repeated
     * @throws IllegalStateException in robust mode, after all that, if leases were collected that were never closed;
     *     its causes have the places of their acquisition
     */
    @Override
    public void close() {
        Failures failures = new Failures();
        if (empty(true, failures) < 0) {
            return;
        }
        slots.findDropped();
        List<Throwable> droppedAt = slots.droppedAt();
        if (!droppedAt.isEmpty()) {
            IllegalStateException fault = new IllegalStateException("leases were dropped without being closed: dropped="
                    + slots.dropped(), droppedAt.getFirst());
            droppedAt.stream().skip(1).forEach(fault::addSuppressed);
            failures.add(fault);
        }
        failures.rethrow();
    }

    /** Gives up all idle items; returns their number, or -1 if the pool is to be closed and was closed before. */
    private int empty(boolean isForGood, Failures failures) {
        long[] own;
        List<long[]> others;
        synchronized (lock) {
            if (isForGood && closed) {
                return -1;
            }
            own = shared.copy();
            others = isForGood ? idle.takeAndClose() : idle.takeAll();
            closed |= isForGood;
            shared.clear();
        }
        int count = slots.takeAll(own, this::giveUp, failures);
        for (long[] numbers : others) {
            count += slots.takeAll(numbers, this::giveUp, failures);
        }
        return count;
    }

    /** Returns {@link #stats} in one line. */
    @Override
    public String toString() {
        return "PerCpuPool" + stats().toString().substring(PoolStats.class.getSimpleName().length());
    }
}
