package io.github.rseq4j.percpu;

import io.github.rseq4j.percpu.PerCpuPool.Lease;
import java.lang.invoke.VarHandle;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The items of a pool by number: references cannot lie in per-CPU memory, so their numbers do. */
final class PoolSlots<T> {
    /* How it works
     *
     * A slot holds its lease while the item is idle, and not while the item is out, so that a lease that nobody closes
     * is collected, with its item; the slot's weak reference to the lease then tells so, and its number serves another
     * item. The array is replaced when it grows; a number is only found behind the push that published it, which came
     * after the array was replaced.
     *
     * Slot and lease are made one behind the other: they are likely to stay neighbours, so that the write of the lease
     * to the slot is cheap for the collector (G1 spares what stays inside a region).
     */
    private static final int FIRST = 16;

    private final ReferenceQueue<Lease<T>> dropped = new ReferenceQueue<>();
    private final Queue<Integer> free = new ArrayDeque<>();
    private volatile @Nullable Slot<T>[] slots = array(FIRST);
    private int used;

    /** An item's place; whose lease is out when it holds none. */
    static final class Slot<T> {
        private final int number;
        private @Nullable Lease<T> idle;
        private @Nullable Watch<T> watch;

        private Slot(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }

        /** Returns the item of a slot that is idle; only who has the number alone may. */
        T idleValue() {
            return lease().item();
        }

        private Lease<T> lease() {
            Lease<T> lease = idle;
            if (lease == null) {
                throw new IllegalStateException("slot=" + number + " has no lease: it was closed twice at a time");
            }
            return lease;
        }

        /** Takes the lease out; only who popped the slot's number may. */
        Lease<T> take() {
            Lease<T> lease = lease();
            idle = null;
            return lease;
        }

        void put(Lease<T> lease) {
            idle = lease;
        }

        boolean isIdle() {
            return idle != null;
        }
    }

    /** Tells when a lease was collected that was out. */
    private static final class Watch<T> extends WeakReference<Lease<T>> {
        private final Slot<T> slot;
        private final @Nullable Throwable acquired;

        Watch(Lease<T> lease, ReferenceQueue<Lease<T>> queue, Slot<T> slot, @Nullable Throwable acquired) {
            super(lease, queue);
            this.slot = slot;
            this.acquired = acquired;
        }
    }

    @SuppressWarnings("unchecked")
    private static <T> @Nullable Slot<T>[] array(int length) {
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
            throw new IllegalStateException("slot=" + number + " is empty: a lease was closed twice at a time");
        }
        return slot;
    }

    /** Makes a slot without a lease. */
    synchronized Slot<T> add() {
        Integer known = free.poll();
        int number = known == null ? used++ : known;
        @Nullable Slot<T>[] now = slots;
        if (number == now.length) {
            now = Arrays.copyOf(now, 2 * number);
        }
        Slot<T> slot = new Slot<>(number);
        now[number] = slot;
        slots = now;
        return slot;
    }

    /**
     * Watches a lease that goes out.
     *
     * @param slot its slot
     * @param lease the lease
     * @param acquired where it was acquired, or null
     */
    void watch(Slot<T> slot, Lease<T> lease, @Nullable Throwable acquired) {
        Watch<T> former = slot.watch;
        if (former != null) {
            former.clear();
        }
        slot.watch = new Watch<>(lease, dropped, slot, acquired);
    }

    /**
     * Forgets a slot whose item is given up; nobody has its number any more.
     *
     * @param slot the slot
     */
    synchronized void remove(Slot<T> slot) {
        Watch<T> watch = slot.watch;
        if (watch != null) {
            watch.clear();
        }
        if (slots[slot.number] == slot) {
            slots[slot.number] = null;
            free.add(slot.number);
        }
    }

    /** What became of a lease that nobody closed: where it was acquired, as far as that is known. */
    record Dropped(@Nullable Throwable acquired) {}

    /** Returns the leases that were collected since this was last asked, and forgets their slots. */
    List<Dropped> dropped() {
        List<Dropped> found = new ArrayList<>();
        for (Object each = dropped.poll(); each != null; each = dropped.poll()) {
            Watch<?> watch = (Watch<?>) each;
            @SuppressWarnings("unchecked")
            Slot<T> slot = (Slot<T>) watch.slot;
            if (slot.watch == watch) {
                remove(slot);
                found.add(new Dropped(watch.acquired));
            }
        }
        return found;
    }
}
