package io.github.rseq4j.percpu;

import io.github.rseq4j.kernel.KernelException;
import io.github.rseq4j.memory.TwinArrays;
import java.lang.System.Logger.Level;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
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
 * <p><b>Threads.</b> Every method may be called from any thread. A lease belongs to who acquired it and may be closed
 * by another thread; what was done with the value before is seen by who gets it next. Acquiring and closing is
 * wait-free but for restarts while the current CPU has an idle item, and room for one; else it takes a lock for some
 * microseconds. The factory and the destroyer are called without a lock. Migration, also of a virtual thread to another
 * carrier, is no matter: the item is given back to the CPU that the thread is on by then.
 *
 * <p><b>Leases.</b> A lease that is closed twice throws, while its item is idle; once the item was acquired again the
 * two can only be told apart in robust mode ({@link PoolOptions#withRobust}), which also finds a value that is asked
 * for behind the close. A lease that nobody closes is collected together with its item, by the second collection of
 * garbage from then, and the pool makes another one; {@link #stats} counts it, and in robust mode it is logged as a
 * warning with the place where it was acquired, and {@link #close} throws.
 *
 * <p><b>Cost.</b> Two critical downcalls, and some nanoseconds. Nothing is allocated, but for a new item some 100
 * bytes; in robust mode a lease and a stack trace for each acquisition.
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
public final class PerCpuPool<T> implements AutoCloseable {
    /* How it works
     *
     * Items are numbered (PoolSlots); the numbers of idle ones are the values of a PerCpuStack. Whoever pops a number
     * has its lease alone until he pushes it again, so leases are read and written plainly: on one CPU the kernel's
     * switch between two threads orders them, elsewhere a fence did. The push commits with release order behind the
     * write of the lease; the pop is followed by an acquire fence.
     *
     * One acquisition can only follow another as fast as a number that is pushed is found by the next pop. What a lease
     * needs to be closed is therefore written to it when it is acquired, although it stands there already: compiled
     * code that does both knows it then, and the push does not wait for four loads that begin with what was popped.
     *
     * In robust mode each acquisition has a lease of its own, and the one that was closed last stands for the item.
     *
     * Everything else happens under one lock: the shared numbers, stealing, counts. It is taken when a CPU has none or
     * no room, and then moves half of what a CPU may hold, so that a CPU that only acquires and one that only closes
     * meet there once in that many times.
     *
     * Refused: holding leases strongly while they are out, which would keep what nobody closes for ever. Refused: a new
     * lease for each acquisition, which costs an allocation, for who does not ask for robust mode.
     */
    private static final long NONE = -1;
    private static final int MAX_NAMED = 8;

    private final Supplier<? extends T> factory;
    private final Consumer<? super T> destroyer;
    private final PerCpuStack idle;
    /** Those of the stack, which is never resized. */
    private final TwinArrays arrays;
    private final long cells;
    /** For tests, which let go more often than a collector does. */
    final PoolSlots<T> slots = new PoolSlots<>();
    private final boolean robust;
    private final int batch;
    private final int maxShared;
    private final Object lock = new Object();
    /** The numbers of idle items that all CPUs share, under the lock, as what follows. */
    private long[] shared = new long[16];
    private int sharedCount;
    private long created;
    private long stolen;
    private long misses;
    private long destroyed;
    private long droppedCount;
    private final List<Throwable> droppedAt = new ArrayList<>();
    private boolean closed;

    /**
     * What a pool has done, and what it holds at one moment.
     *
     * @param created how many items the factory has made
     * @param idlePerCpu how many are idle at each index, see {@link PerCpuStack#sizes}
     * @param idleShared how many are idle and shared by all CPUs
     * @param stolen how many were taken from one CPU for another
     * @param misses how often an acquiring thread found its CPU without an idle item
     * @param destroyed how many were handed to the destroyer
     * @param dropped how many were collected with a lease that nobody closed
     */
    public record Stats(long created, List<Integer> idlePerCpu, int idleShared, long stolen, long misses,
                        long destroyed, long dropped) {}

    /**
     * The right to use an item, until it is closed.
     *
     * @param <T> what is pooled
     */
    public static final class Lease<T> implements AutoCloseable {
        private static final VarHandle CLOSED;

        static {
            try {
                CLOSED = MethodHandles.lookup().findVarHandle(Lease.class, "closed", boolean.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        private final PerCpuPool<T> pool;
        private final T value;
        /** The pool's arrays of numbers: found from the pool they would be four loads further away. */
        private final long capacityBytes;
        /** Written with each acquisition, and always the same, as the number: see below. */
        private long cells;
        private long number;
        /** Written by whoever has the lease's number alone. */
        private boolean isOut = true;
        /** Written under the slots' monitor. */
        private boolean isHeld;
        /** Used in robust mode, where each lease is closed once. */
        @SuppressWarnings("UnusedVariable")
        private boolean closed;

        private Lease(PerCpuPool<T> pool, long number, T value) {
            this.pool = pool;
            this.number = number;
            this.value = value;
            this.cells = pool.cells;
            this.capacityBytes = pool.arrays.capacityBytes();
        }

        int number() {
            return (int) number;
        }

        boolean isOut() {
            return isOut;
        }

        boolean isHeld() {
            return isHeld;
        }

        void setHeld(boolean held) {
            isHeld = held;
        }

        private boolean push() {
            return StackFunctions.push(cells, capacityBytes, number, this) >= 0;
        }

        private IllegalStateException closedBefore() {
            return new IllegalStateException("slot=" + number + ": the lease was closed before");
        }

        /**
         * Returns the item.
         *
         * @return the item, which belongs to who acquired it until the lease is closed
         * @throws IllegalStateException in robust mode, when the lease was closed
         */
        public T value() {
            if (closed) {
                throw closedBefore();
            }
            return value;
        }

        /**
         * Gives the item back.
         *
         * @throws IllegalStateException when the lease was closed before; see {@link PerCpuPool} for when that is found
         * @throws RuntimeException what the destroyer throws, when the item goes there
         */
        @Override
        public void close() {
            pool.release(this);
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
        this.robust = options.robust();
        this.batch = options.idlePerCpu() / 2;
        this.maxShared = options.idlePerCpu() * Runtime.getRuntime().availableProcessors();
        if (!robust) {
            slots.letGoWhenCollecting();
        }
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
        long number = StackFunctions.pop(arrays);
        return number >= 0 ? take(slots.get(number), number) : acquireSlowly();
    }

    private Lease<T> take(Lease<T> lease, long number) {
        if (robust) {
            Lease<T> own = new Lease<>(this, lease.number, lease.value);
            watch(own);
            slots.letGo(lease);
            return own;
        }
        if (lease.isOut) {
            throw new IllegalStateException("slot=" + lease.number + " is out: its lease was closed twice at a time");
        }
        lease.isOut = true;
        lease.cells = cells;
        lease.number = number;
        return lease;
    }

    private void watch(Lease<T> lease) {
        slots.watch(lease, robust ? new Throwable("a lease was acquired here, and never closed") : null);
    }

    private Lease<T> acquireSlowly() {
        long number;
        synchronized (lock) {
            requireOpen();
            misses++;
            findDropped();
            number = sharedCount > 0 ? fromShared() : fromOthers();
        }
        return number >= 0 ? take(slots.get(number), number) : create();
    }

    private Lease<T> create() {
        T value = Objects.requireNonNull(factory.get(), "the factory returned null");
        synchronized (lock) {
            created++;
        }
        Lease<T> lease = new Lease<>(this, slots.reserve(), value);
        watch(lease);
        if (!robust) {
            slots.hold(lease);
        }
        return lease;
    }

    private long fromShared() {
        long number = shared[--sharedCount];
        int more = Math.min(sharedCount, batch);
        if (more > 0 && idle.pushAll(shared, sharedCount - more, more)) {
            sharedCount -= more;
        }
        return number;
    }

    private long fromOthers() {
        if (idle.size() == 0) {
            return NONE;
        }
        long[] numbers;
        try {
            numbers = idle.takeFullest();
        } catch (KernelException e) {
            // No fence, so nothing can be taken from another CPU: a new item serves.
            return NONE;
        }
        if (numbers.length == 0) {
            return NONE;
        }
        stolen += numbers.length;
        int left = numbers.length - 1;
        int mine = (left + 1) / 2;
        if (mine > 0 && idle.pushAll(numbers, left - mine, mine)) {
            left -= mine;
        }
        for (int i = 0; i < left; i++) {
            share(numbers[i]);
        }
        return numbers[numbers.length - 1];
    }

    private void share(long number) {
        if (sharedCount == shared.length) {
            shared = Arrays.copyOf(shared, 2 * sharedCount);
        }
        shared[sharedCount++] = number;
    }

    private void release(Lease<T> lease) {
        if (robust ? !Lease.CLOSED.compareAndSet(lease, false, true) : !lease.isOut) {
            throw lease.closedBefore();
        }
        lease.isOut = false;
        if (robust) {
            slots.hold(lease);
        }
        if (!lease.push() && !shared(lease)) {
            destroyer.accept(lease.value);
        } else if (!robust) {
            slots.keep(lease);
        }
    }

    /** Adds an item to those that are shared, or gives it up: then the answer is false. */
    private boolean shared(Lease<T> lease) {
        synchronized (lock) {
            if (!closed && sharedCount < maxShared) {
                share(lease.number);
                spill();
                return true;
            }
            destroyed++;
            slots.remove(lease);
            return false;
        }
    }

    /** Makes room on this CPU, so that the lock is not taken again for the next items. */
    private void spill() {
        long[] numbers = new long[Math.min(batch, maxShared - sharedCount)];
        if (numbers.length > 0 && idle.popAll(numbers, 0, numbers.length)) {
            for (long number : numbers) {
                share(number);
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the pool is closed: created=" + created + ", destroyed=" + destroyed);
        }
    }

    private void findDropped() {
        for (PoolSlots.Dropped lease : slots.dropped()) {
            droppedCount++;
            Throwable acquired = lease.acquired();
            if (acquired != null) {
                System.getLogger(PerCpuPool.class.getName()).log(Level.WARNING,
                        "a lease was dropped without being closed", acquired);
                if (droppedAt.size() < MAX_NAMED) {
                    droppedAt.add(acquired);
                }
            }
        }
    }

    /** {@return how many items were idle a moment ago} */
    public int idle() {
        synchronized (lock) {
            return (int) idle.size() + sharedCount;
        }
    }

    /** {@return what the pool has done, and what it holds} */
    public Stats stats() {
        synchronized (lock) {
            findDropped();
            return new Stats(created, Arrays.stream(idle.sizes()).boxed().toList(), sharedCount, stolen, misses,
                    destroyed, droppedCount);
        }
    }

    /**
     * Hands every item that was idle to the destroyer. The pool stays open, and items that are out come back to it.
     *
     * @return how many there were
     * @throws RuntimeException what the destroyer throws, after it was called for all of them; or when the kernel
     *     refuses a fence, and nothing has changed then
     */
    public int clear() {
        List<T> values;
        synchronized (lock) {
            values = forget(idle.takeAll());
        }
        destroy(values);
        return values.size();
    }

    /**
     * Closes the pool and hands every idle item to the destroyer. Items that are out go to the destroyer when their
     * leases are closed. Closing again does nothing.
     *
     * @throws RuntimeException what the destroyer throws, after it was called for all of them
     * @throws IllegalStateException in robust mode, after all that, when leases were collected that nobody had closed;
     *     its causes tell where they were acquired
     */
    @Override
    public void close() {
        List<T> values;
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            values = forget(idle.close());
            findDropped();
        }
        destroy(values);
        if (!droppedAt.isEmpty()) {
            IllegalStateException fault = new IllegalStateException("leases were dropped without being closed: dropped="
                    + droppedCount, droppedAt.getFirst());
            droppedAt.stream().skip(1).forEach(fault::addSuppressed);
            throw fault;
        }
    }

    private List<T> forget(List<long[]> blocks) {
        List<T> values = new ArrayList<>();
        List<long[]> all = new ArrayList<>(blocks);
        all.add(Arrays.copyOf(shared, sharedCount));
        sharedCount = 0;
        for (long[] numbers : all) {
            for (long number : numbers) {
                Lease<T> lease = slots.get(number);
                slots.remove(lease);
                values.add(lease.value);
            }
        }
        destroyed += values.size();
        return values;
    }

    private void destroy(List<T> values) {
        RuntimeException thrown = null;
        for (T value : values) {
            try {
                destroyer.accept(value);
            } catch (RuntimeException e) {
                if (thrown == null) {
                    thrown = e;
                } else if (!thrown.equals(e)) {
                    thrown.addSuppressed(e);
                }
            }
        }
        if (thrown != null) {
            throw thrown;
        }
    }

    /** Returns {@link #stats} in one line. */
    @Override
    public String toString() {
        return "PerCpuPool" + stats().toString().substring(Stats.class.getSimpleName().length());
    }
}
