package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serial;
import java.io.Serializable;
import java.lang.ref.Reference;

/**
 * A counter of 64 bits that any number of threads, platform or virtual, update without contention: each CPU adds to a
 * cell of its own, with no atomic instruction and no lock. It reads like {@link java.util.concurrent.atomic.LongAdder}
 * and can take its place.
 *
 * {@snippet lang = java:
 * PerCpuCounter requests = new PerCpuCounter();
 * Thread.startVirtualThread(requests::increment).join();
 * requests.add(41);
 * long sum = requests.sum();              // 42
 * long interval = requests.sumThenReset(); // 42, and the next one starts from 0; no update is lost
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. An update is wait-free but for restarts: the kernel
 * restarts it when the thread is preempted, migrated or interrupted in the nanosecond it takes. Migration, also of a
 * virtual thread to another carrier, loses nothing and counts nothing twice.
 *
 * <p><b>Memory.</b> 8 bytes for each CPU that runs the application's threads, packed beside other counters' cells, and
 * nothing to close: the cells go back when the counter is collected. Updates allocate nothing.
 *
 * <p><b>Visibility.</b> {@link #sum} counts every update that happened-before it, and some of those that run at the
 * same time; as with LongAdder it is no snapshot of one moment. Sums wrap around as {@code long} does.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>The idea of counters by CPU rather than by thread is the kernel's own (percpu_counter); doing so from user space
 * is Paul Turner's, Andrew Hunter's and Mathieu Desnoyers's restartable sequences.
 */
public final class PerCpuCounter extends Number {
    /* How it works
     *
     * add is one downcall of load_add_store_relaxed (engine.LoadAddStore), whose return is looked at and forgotten.
     * The counter stays reachable until the call has returned, so that its cell cannot go to another counter before
     * (I8).
     *
     * Cells only ever grow by what was added: sumThenReset moves the base that sums start from, and writes no cell.
     * Each update is therefore in exactly one of its results.
     *
     * Refused: exchanging each cell with 0, which needs a section or a fence on every CPU.
     */
    @Serial
    private static final long serialVersionUID = 1L;

    private final transient long cell;
    /** What sums start from; written under this object's monitor. */
    private transient volatile long base;

    /** Makes a counter of 0. The first one of a JVM chooses and tests what all of them run on, once. */
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

    /** {@return the sum of what was added since the counter was made or last reset} */
    public long sum() {
        try {
            // The base is read first: what a reset takes meanwhile is then in this sum as well as in that reset's.
            long from = base;
            long sum = CounterFunctions.CELLS.sum(cell) - from;
            return sum;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the sum and starts again from 0. No update is lost: each is in the result of exactly one reset, or in the
     * sum that is left.
     *
     * @return the sum of what was added since the last reset
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

    /** Starts again from 0: {@link #sumThenReset} without its result. */
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
     * What is written in place of a counter: its sum. A cell is worth nothing elsewhere.
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

    /** {@return what is written instead: the sum} */
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
