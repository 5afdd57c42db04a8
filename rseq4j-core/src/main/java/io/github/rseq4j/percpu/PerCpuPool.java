package io.github.rseq4j.percpu;

import io.github.rseq4j.KernelException;
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
 * A pool of objects that are costly to make or to clear (buffers, parsers, digests), with idle items for each CPU:
 * taking one and giving it back is a downcall each, with no atomic instruction and no lock. The number of items follows
 * the CPUs and how many are used at a time, not the threads: what a cache in a {@link ThreadLocal} cannot do for
 * virtual threads.
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
 * <p><b>Where an item comes from.</b> From the current CPU's idle ones, the last given back first. When it has none: a
 * batch of those that all CPUs share; else all of the CPU that has most, of which this CPU and those shared get their
 * part (stolen, by a fence); and only when there are none at all, from the factory, on the calling thread. <b>Where it
 * goes to.</b> To the current CPU's; when that is full, to those that are shared; when these are as many as the options
 * allow for all processors, to the destroyer. No item is lost, and none is handed out twice.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A lease belongs to the thread that acquired it and may
 * be closed by another one; what was done with the value before is seen by the next owner. Acquiring and closing is
 * wait-free but for restarts while the current CPU has an idle item, and room for one; else it takes a lock for some
 * microseconds. The factory, the destroyer and the logger are called without a lock. Migration, also of a virtual
 * thread to another carrier, is no matter: the item is given back to the CPU that the thread is on by then.
 *
 * <p><b>Leases.</b> Each acquisition has a lease of its own. A lease that is closed again throws, whatever became of
 * the item since; of several threads that close one lease, one gives the item back. An item that is broken goes to the
 * destroyer by {@link Lease#discard}, which throws when it is called again or after the lease was closed. The pool does
 * not refer to what is out: a lease that nobody closes is garbage, as its item is, the destroyer does not get the item,
 * and the pool makes another one. {@link #stats} counts it. In robust mode ({@link PoolOptions#withRobust}) the first 8
 * are logged as warnings with the places where they were acquired, and {@link #close} throws.
 *
 * <p><b>Cost.</b> Two critical downcalls, and some nanoseconds. A lease has 24 bytes and a lock of its own; where it
 * does not leave the method that acquires and closes it, the compiler usually leaves out both. A new item takes some
 * 200 bytes; in robust mode each acquisition takes a stack trace.
 *
 * <p><b>Memory.</b> Items idle: at most twice the options' number for each CPU. 16 bytes for each of that number, for
 * each CPU that runs the application's threads.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Caches by CPU with a shared list behind them are Bonwick's magazines (vmem, 2001) and tcmalloc's.
 *
 * @param <T> what is pooled
 */
@SuppressWarnings("ReachabilityFenceUsage") // What throws before a fence leaves a lease that was dropped.
public final class PerCpuPool<T> implements AutoCloseable {
    /* How it works
     *
     * Items are numbered (PoolSlots); the numbers of idle ones are the values of a PerCpuStack. The thread that pops a
     * number has its slot alone until it pushes it again, so slots are read and written plainly: on one CPU the
     * kernel's switch between two threads orders them, elsewhere a fence did. The push commits with release order after
     * the write of the slot; the pop is followed by an acquire fence.
     *
     * A lease is made for each acquisition, and its monitor decides who closes it. Where it does not escape, the
     * compiler leaves out the object and the monitor, and the number goes from the pop to the push in a register. For
     * that a lease is made in one place, and nothing but its fields is passed on: in robust mode, too, it is a token
     * that is watched, through which the lease refers to the item.
     *
     * Everything else happens under one lock: the shared numbers, stealing, counts. It is taken when a CPU has none or
     * no room, and then moves half of what a CPU may hold, so that a CPU that only acquires and one that only closes
     * meet there once in that many times. Foreign code is called without it.
     *
     * Refused: one lease for each item, for ever: its second close cannot be told from the first one of the next owner.
     * Refused: a compare-and-swap of a slot's generation, an atomic instruction for every lease.
     */
    private static final int NONE = PoolSlots.NONE;

    private final Supplier<? extends T> factory;
    private final Consumer<? super T> destroyer;
    private final PerCpuStack idle;
    /** Those of the stack, which is never resized. */
    private final TwinArrays arrays;
    private final long cells;
    private final long capacityBytes;
    private final PoolSlots<T> slots;
    private final boolean robust;
    private final int batch;
    private final int maxShared;
    private final Object lock = new Object();
    /** Used under the lock, as what follows. */
    private final SharedNumbers shared;
    private long created;
    private long stolen;
    private long misses;
    private long destroyed;
    private boolean closed;

    /**
     * The right to use an item, until it is closed.
     *
     * @param <T> what is pooled
     */
    public static final class Lease<T> implements AutoCloseable {
        private static final Object DISCARDED = new Object();

        private final PerCpuPool<T> pool;
        private final int number;
        /** What the pool knows the item by, {@link #DISCARDED}, or null: then the lease was closed. */
        private @Nullable Object held;

        private Lease(PerCpuPool<T> pool, int number, Object held) {
            this.pool = pool;
            this.number = number;
            this.held = held;
        }

        /**
         * Returns the item.
         *
         * @return the item, which belongs to the owner of the lease until it is closed
         * @throws IllegalStateException when the lease was closed, or the item was discarded
         */
        public T value() {
            Object now = held;
            if (now == null || now == DISCARDED) {
                throw PoolSlots.endedBefore(number, now != null);
            }
            return pool.item(now);
        }

        /**
         * Gives the item back. The first call after {@link #discard} does nothing: it is the one at the end of a
         * try-with-resources statement.
         *
         * @throws IllegalStateException when the lease was closed before; nothing has happened then
         * @throws RuntimeException what the destroyer throws, when the item goes there
         */
        @Override
        public void close() {
            Object last;
            synchronized (this) {
                last = held;
                held = null;
            }
            if (last == null) {
                throw PoolSlots.endedBefore(number, false);
            }
            if (last != DISCARDED) {
                pool.release(number, last);
            }
        }

        /**
         * Hands the item to the destroyer: for an item that is broken. The lease may still be closed, once, which does
         * nothing; the pool makes another item when it needs one.
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
         * @throws IllegalStateException when the item was discarded, or the lease was closed, before; nothing has
         *     happened then
         * @throws RuntimeException what the destroyer throws; the item was discarded all the same
         */
        public void discard() {
            Object last;
            synchronized (this) {
                last = held;
                held = last == null ? null : DISCARDED;
            }
            if (last == null || last == DISCARDED) {
                throw PoolSlots.endedBefore(number, last != null);
            }
            pool.discard(number, last);
        }
    }

    /**
     * Makes an empty pool whose items need no destroyer, with the default options.
     *
     * @param factory makes an item; it may be called by several threads at a time
     */
    public PerCpuPool(Supplier<? extends T> factory) {
        this(factory, _ -> { }, PoolOptions.defaults());
    }

    /**
     * Makes an empty pool.
     *
     * @param factory makes an item; it may be called by several threads at a time
     * @param destroyer gets each item that the pool gives up; it may be called by several threads at a time
     * @param options how many items may be idle, and whether the pool watches its leases
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
     * @throws IllegalStateException when the pool is closed
     * @throws NullPointerException when the factory returns null
     * @throws RuntimeException what the factory throws; the pool has not changed then
     */
    public Lease<T> acquire() {
        while (true) {
            long number = StackFunctions.pop(arrays);
            Slot<T> slot;
            if (number >= 0) {
                slot = slots.get(number);
            } else {
                slot = acquireSlowly();
                number = slot.number();
            }
            T item = slot.take();
            // It is null when the push of this number had failed by an Error: the item was given up then.
            if (item != null) {
                return lease(slot, (int) number, item);
            }
        }
    }

    private Lease<T> lease(Slot<T> slot, int number, T item) {
        try {
            return new Lease<>(this, number, robust ? slots.watchedToken(slot, item) : item);
        } catch (OutOfMemoryError | StackOverflowError e) {
            release(number, item);
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
            // No fence, so nothing can be taken from another CPU: a new item serves.
            return NONE;
        }
        stolen += count;
        return shared.take(count / 2);
    }

    private void release(int number, Object held) {
        if (number < 0) {
            keepUnnumbered(item(held));
            return;
        }
        Slot<T> slot = slots.get(number);
        T item = item(held);
        if (robust) {
            slots.unwatch(slot);
            Reference.reachabilityFence(held);
        }
        slot.put(item);
        if (!push(slot, number)) {
            keep(slot, item);
        }
    }

    private boolean push(Slot<T> slot, long number) {
        try {
            return StackFunctions.push(cells, capacityBytes, number, this) >= 0;
        } catch (Throwable t) {
            // Perhaps it was pushed: the number is not used again, and a thread that pops it finds nothing.
            slots.unwatch(slot);
            T item = slot.take();
            if (item != null) {
                destroy(item);
            }
            throw t;
        }
    }

    /** Adds an item to those that are shared, with others of this CPU, so that there is room; or gives it up. */
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

    private void discard(int number, Object held) {
        giveUp(number < 0 ? null : slots.get(number), item(held));
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

    /** {@return how many items were idle a moment ago} */
    public int idle() {
        synchronized (lock) {
            return (int) idle.size() + shared.count();
        }
    }

    /** {@return what the pool has done, and what it holds} */
    public PoolStats stats() {
        slots.findDropped();
        slots.logDropped();
        synchronized (lock) {
            return new PoolStats(created, Arrays.stream(idle.sizes()).boxed().toList(), shared.count(), stolen,
                    misses, destroyed, slots.dropped());
        }
    }

    /**
     * Hands every item that was idle to the destroyer. The pool stays open, and items that are out come back to it.
     *
     * @return how many there were
     * @throws RuntimeException what the destroyer throws, after it was called for all of them (an Error or a checked
     *     exception as well); or when the kernel refuses a fence, and nothing has changed then
     */
    public int clear() {
        Failures failures = new Failures();
        int count = empty(false, failures);
        failures.rethrow();
        return count;
    }

    /**
     * Closes the pool and hands every idle item to the destroyer. Items that are out go to the destroyer when their
     * leases are closed. Closing again does nothing.
     *
     * @throws RuntimeException what the destroyer throws, after it was called for all of them (an Error or a checked
     *     exception as well); or when the kernel refuses a fence: then the pool is as it was, and can be closed again
     * @throws IllegalStateException in robust mode, after all that, when leases were collected that nobody had closed;
     *     its causes tell where they were acquired
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

    /** Gives up what is idle; returns how many that were, or -1 when the pool is to be closed and was before. */
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
