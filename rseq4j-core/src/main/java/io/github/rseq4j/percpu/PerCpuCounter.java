package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serial;
import java.io.Serializable;
import java.lang.ref.Reference;

/**
 * A counter of 64 bits that any number of threads, platform or virtual, update without contention. Each CPU adds to a
 * cell of its own, with no atomic instruction and no lock. The methods are those of
 * {@link java.util.concurrent.atomic.LongAdder}, which it can replace.
 *
 * {@snippet lang = java:
 * PerCpuCounter requests = new PerCpuCounter();
 * Thread.startVirtualThread(requests::increment).join();
 * requests.add(41);
 * long sum = requests.sum();              // 42
 * long interval = requests.sumThenReset(); // 42, and the next one starts from 0; no update is lost
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. An update is one downcall. It is wait-free except for
 * restarts: the kernel restarts it if the thread is preempted, migrated or interrupted in the nanosecond that it takes.
 * If a thread migrates, also a virtual thread to another carrier, no update is lost or counted twice.
 *
 * <p><b>Visibility.</b> {@link #sum} includes every update that happened-before it, and some concurrent ones. Like the
 * sum of a LongAdder it is not a snapshot of one moment. Sums wrap around as {@code long} does.
 *
 * <p><b>Memory.</b> 8 bytes for each CPU that runs the application's threads, beside the cells of other counters. There
 * is nothing to close: the cells are freed after the counter was collected. Updates allocate nothing.
 *
 * <p><b>Without rseq</b> each of a few stripes of threads has a cell, and an update is one atomic addition, which takes
 * about as long as that of a LongAdder; see {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>The kernel has counters by CPU instead of by thread (percpu_counter). Restartable sequences, which make them
 * possible in user space, are by Paul Turner, Andrew Hunter and Mathieu Desnoyers.
 *
 * @since 0.1.0
 */
public final class PerCpuCounter extends Number {
    /* How it works
     *
     * add is one downcall of load_add_store_relaxed (sections.LoadAddStore). The counter stays reachable until the call
     * has returned, so that its cell is not reused before (I8).
     *
     * Only additions change a cell. sumThenReset moves the base that sums start from, and writes no cell. So each
     * update is in exactly one of its results.
     *
     * Refused: exchanging each cell with 0, which needs a section or a fence on every CPU.
     */
    @Serial
    private static final long serialVersionUID = 1L;

    private final transient long cell;
    /** Subtracted from sums; written under this object's monitor. */
    private transient volatile long base;

    /**
     * Creates a counter of 0. The first structure of a JVM chooses the engine that all structures run on, and tests it,
     * which takes some milliseconds.
     *
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
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

    /** {@return the sum of the additions since the counter was created or last reset} */
    public long sum() {
        try {
            // The base is read first: then a concurrent reset's result is included in this sum too, not missing in it.
            long from = base;
            long sum = CounterFunctions.CELLS.sum(cell) - from;
            return sum;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the sum and starts again from 0. No update is lost: each update is in the result of exactly one reset, or
     * in the sum after the last reset.
     *
     * @return the sum of the additions since the last reset
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
     * The serialized form of a counter: its sum. The address of a cell has no meaning in another JVM.
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

    /** {@return the serialized form, the sum} */
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
        throw new InvalidObjectException("the serialized form of a PerCpuCounter is its sum");
    }
}
