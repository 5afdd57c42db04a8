package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The leases of a pool by number: references cannot lie in per-CPU memory, so their numbers do. */
final class PoolSlots<T> {
    /* How it works
     *
     * A lease that is out must not be held, so that one that nobody closes is collected, with its item; its weak
     * reference then tells so, and its number serves another item. A lease that is idle must be held. Yet no reference
     * is written when a lease goes out and comes back, which would cost the collector's barriers and, above all, put a
     * store and a load of the same word on the way from one number to the next: the array holds every lease, and lets
     * go of those that are out once for each collection of garbage.
     *
     * That races with who closes a lease. Who lets go writes that it is not held, fences, and looks whether it is out;
     * who closes it writes that it is not, pushes its number, and looks whether it is held. The fence reaches all CPUs
     * (I9), so one of the two sees what the other one wrote, and whoever does has the lease in hand and puts it back.
     * Who pops the number in between finds the lease by the weak reference.
     *
     * The arrays are written under this object's monitor. They are replaced when they grow; a number is only found
     * behind the push that published it, which came after that.
     *
     * Refused: letting go when a lease goes out, which is what the above was before; and holding leases for ever.
     */
    private static final int FIRST = 16;
    private static final Cleaner COLLECTIONS = Cleaner.create();

    private final Engine engine = Engine.get();
    private final ReferenceQueue<Lease<T>> dropped = new ReferenceQueue<>();
    private final Queue<Integer> free = new ArrayDeque<>();
    private volatile @Nullable Lease<T>[] leases = leases(FIRST);
    private @Nullable Watch<T>[] watches = watches(FIRST);
    private int used;

    /** Tells when a lease was collected that was out. */
    private static final class Watch<T> extends WeakReference<Lease<T>> {
        private final int number;
        private final @Nullable Throwable acquired;

        Watch(Lease<T> lease, ReferenceQueue<Lease<T>> queue, @Nullable Throwable acquired) {
            super(lease, queue);
            this.number = lease.number();
            this.acquired = acquired;
        }
    }

    /** Lets go once for each collection: it is run behind that of an object that nothing refers to. */
    private static final class Collection extends WeakReference<PoolSlots<?>> implements Runnable {
        Collection(PoolSlots<?> slots) {
            super(slots);
        }

        @Override
        public void run() {
            PoolSlots<?> slots = get();
            if (slots != null) {
                COLLECTIONS.register(new Object(), this);
                slots.letGo();
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> @Nullable Lease<T>[] leases(int length) {
        return (@Nullable Lease<T>[]) new Lease<?>[length];
    }

    @SuppressWarnings("unchecked")
    private static <T> @Nullable Watch<T>[] watches(int length) {
        return (@Nullable Watch<T>[]) new Watch<?>[length];
    }

    /** Begins to let go of leases that are out, for who {@link #hold}s all of them. */
    void letGoWhenCollecting() {
        COLLECTIONS.register(new Object(), new Collection(this));
    }

    /**
     * Returns a lease by its number.
     *
     * @param number a number that was popped
     */
    Lease<T> get(long number) {
        VarHandle.acquireFence();
        Lease<T> lease = leases[(int) number];
        return lease != null ? lease : find((int) number);
    }

    private synchronized Lease<T> find(int number) {
        Watch<T> watch = watches[number];
        Lease<T> lease = watch == null ? null : watch.get();
        if (lease == null) {
            throw new IllegalStateException("slot=" + number + " is empty: a lease was closed twice at a time");
        }
        put(lease);
        return lease;
    }

    /** Returns a number for a lease that is made. */
    synchronized int reserve() {
        Integer known = free.poll();
        int number = known == null ? used++ : known;
        if (number == watches.length) {
            watches = Arrays.copyOf(watches, 2 * number);
            leases = Arrays.copyOf(leases, 2 * number);
        }
        return number;
    }

    /**
     * Watches a lease that goes out for the first time.
     *
     * @param lease the lease
     * @param acquired where it was acquired, or null
     */
    synchronized void watch(Lease<T> lease, @Nullable Throwable acquired) {
        Watch<T> former = watches[lease.number()];
        if (former != null) {
            former.clear();
        }
        watches[lease.number()] = new Watch<>(lease, dropped, acquired);
    }

    /**
     * Sees to it that a lease is held that is idle: called when its number was pushed, whoever has it now.
     *
     * @param lease the lease
     */
    void keep(Lease<T> lease) {
        if (!lease.isHeld()) {
            hold(lease);
        }
    }

    /**
     * Holds a lease, unless it was removed.
     *
     * @param lease the lease
     */
    synchronized void hold(Lease<T> lease) {
        if (isWatched(lease)) {
            put(lease);
        }
    }

    private void put(Lease<T> lease) {
        leases[lease.number()] = lease;
        lease.setHeld(true);
    }

    /**
     * Lets go of a lease that goes out; only who has its number alone may.
     *
     * @param lease the lease
     */
    synchronized void letGo(Lease<T> lease) {
        leases[lease.number()] = null;
    }

    /** Lets go of all leases that are out. */
    synchronized void letGo() {
        @Nullable Lease<T>[] now = leases;
        List<Lease<T>> out = new ArrayList<>();
        for (Lease<T> lease : now) {
            if (lease != null && lease.isOut()) {
                out.add(lease);
                lease.setHeld(false);
                now[lease.number()] = null;
            }
        }
        if (out.isEmpty()) {
            return;
        }
        boolean fenced = false;
        try {
            engine.fence();
            fenced = true;
        } finally {
            for (Lease<T> lease : out) {
                if (!fenced || !lease.isOut()) {
                    put(lease);
                }
            }
        }
    }

    private boolean isWatched(Lease<T> lease) {
        Watch<T> watch = watches[lease.number()];
        return watch != null && watch.refersTo(lease);
    }

    /**
     * Forgets a lease whose item is given up; nobody has its number any more.
     *
     * @param lease the lease
     */
    synchronized void remove(Lease<T> lease) {
        if (isWatched(lease)) {
            forget(lease.number());
        }
    }

    private void forget(int number) {
        Watch<T> watch = watches[number];
        if (watch != null) {
            watch.clear();
        }
        watches[number] = null;
        leases[number] = null;
        free.add(number);
    }

    /** What became of a lease that nobody closed: where it was acquired, as far as that is known. */
    record Dropped(@Nullable Throwable acquired) {}

    /** Returns the leases that were collected since this was last asked, and forgets them. */
    synchronized List<Dropped> dropped() {
        List<Dropped> found = new ArrayList<>();
        for (Object each = dropped.poll(); each != null; each = dropped.poll()) {
            Watch<?> watch = (Watch<?>) each;
            if (watches[watch.number] == watch) {
                forget(watch.number);
                found.add(new Dropped(watch.acquired));
            }
        }
        return found;
    }
}
