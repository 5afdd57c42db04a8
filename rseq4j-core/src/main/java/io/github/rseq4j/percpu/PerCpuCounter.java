package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serial;
import java.io.Serializable;
import java.lang.ref.Reference;

/**
 * A counter of 64 bits that any number of threads, platform or virtual, update without contention. Each CPU has a cell
 * of its own, to which its threads add with no atomic instruction and no lock. The counter can replace a
 * {@link java.util.concurrent.atomic.LongAdder}.
 *
 * {@snippet lang = java:
 * PerCpuCounter requests = new PerCpuCounter();
 * Thread.startVirtualThread(requests::increment).join();
 * requests.add(41);
 * long sum = requests.sum();              // 42
 * long interval = requests.sumThenReset(); // 42, and the next one starts from 0; no update is lost
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. An update is wait-free except for restarts: the kernel
 * restarts it if the thread is preempted, migrated or interrupted in the nanosecond that it takes. If a thread
 * migrates, also a virtual thread to another carrier, no update is lost or counted twice.
 *
 * <p><b>Memory.</b> 8 bytes for each CPU that runs the application's threads, packed with the cells of other counters.
 * There is nothing to close: the cells are freed when the counter is collected. Updates allocate nothing.
 *
 * <p><b>Visibility.</b> {@link #sum} counts every update that happened-before it, and some of the concurrent ones. As
 * with LongAdder, it is not a snapshot of one moment. Sums wrap around like {@code long}.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Counters by CPU instead of by thread are the kernel's (percpu_counter). Restartable sequences, which make them
 * possible in user space, are by Paul Turner, Andrew Hunter and Mathieu Desnoyers.
 */
public final class PerCpuCounter extends Number {
    /* How it works
     *
     * add is one downcall of load_add_store_relaxed (sections.LoadAddStore), whose status is checked. The counter stays
     * reachable until the call has returned, so that its cell cannot be given to another counter before (I8).
     *
     * A cell changes only by additions. sumThenReset moves the base from which sums start, and writes no cell. So each
     * update is in exactly one result.
     *
     * Refused: exchanging each cell with 0, which needs a section or a fence on every CPU.
     */
    @Serial
    private static final long serialVersionUID = 1L;

    private final transient long cell;
    /** The base from which sums start; written under this object's monitor. */
    private transient volatile long base;

    /** Creates a counter of 0. The first one of a JVM chooses and tests the engine of all counters. */
    public PerCpuCounter() {
        Engine.get(CounterFunctions.class);
        cell = CounterFunctions.CELLS.allocate(this, 1);
    }

    /**
     * Adds a number.
     *
     * @param delta the number, of either sign
     */
    public void add(long delta) {
        try {
            CounterFunctions.add(cell, delta);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Adds 1. */
    public void increment() {
        add(1);
    }

    /** Subtracts 1. */
    public void decrement() {
        add(-1);
    }

    /** {@return the sum of all additions since the counter was created or last reset} */
    public long sum() {
        try {
            // The base is read first: additions that a concurrent reset takes are then in this sum as well.
            long from = base;
            long sum = CounterFunctions.CELLS.sum(cell) - from;
            return sum;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the sum and resets the counter to 0. No update is lost: each is in the result of exactly one reset, or in
     * the remaining sum.
     *
     * @return the sum of all additions since the last reset
     */
    public synchronized long sumThenReset() {
        try {
            long total = CounterFunctions.CELLS.sum(cell);
            long sum = total - base;
            base = total;
            return sum;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Resets the counter to 0, like {@link #sumThenReset} without its result. */
    public void reset() {
        sumThenReset();
    }

    /** Returns {@link #sum} in decimal. */
    @Override
    public String toString() {
        return Long.toString(sum());
    }

    /** Returns {@link #sum}. */
    @Override
    public long longValue() {
        return sum();
    }

    /** Returns {@link #sum}, narrowed. */
    @Override
    public int intValue() {
        return (int) sum();
    }

    /** Returns {@link #sum}, rounded. */
    @Override
    public float floatValue() {
        return sum();
    }

    /** Returns {@link #sum}, rounded. */
    @Override
    public double doubleValue() {
        return sum();
    }

    /**
     * The serialised form of a counter: its sum. A cell has no meaning in another JVM.
     *
     * @param sum the counter's sum
     */
    private record Sum(long sum) implements Serializable {
        @Serial
        private Object readResolve() {
            PerCpuCounter counter = new PerCpuCounter();
            counter.add(sum);
            return counter;
        }
    }

    /** {@return the serialised form: the sum} */
    @Serial
    private Object writeReplace() {
        return new Sum(sum());
    }

    /**
     * Refuses a stream that holds a counter itself.
     *
     * @param stream not read
     * @throws InvalidObjectException always
     */
    @Serial
    private void readObject(ObjectInputStream stream) throws InvalidObjectException {
        throw new InvalidObjectException("a PerCpuCounter is read as its sum");
    }
}
