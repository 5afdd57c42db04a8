package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.function.DoubleFunctions;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serial;
import java.io.Serializable;
import java.lang.ref.Reference;

/**
 * A sum of doubles that any number of threads, platform or virtual, add to without contention. Each CPU adds to a cell
 * of its own, with no atomic instruction and no lock. The methods are those of
 * {@link java.util.concurrent.atomic.DoubleAdder}, which it can replace.
 *
 * {@snippet lang = java:
 * PerCpuDoubleCounter seconds = new PerCpuDoubleCounter();
 * Thread.startVirtualThread(() -> seconds.add(0.25)).join();
 * seconds.add(1.5);
 * double sum = seconds.sum(); // 1.75
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. An update is one downcall. It is wait-free except for
 * restarts, and it never repeats because of another thread: a DoubleAdder's update is a compare-and-set loop. If a
 * thread migrates, also a virtual thread to another carrier, no update is lost or added twice.
 *
 * <p><b>Rounding.</b> Each addition to a cell, and each addition of cells by {@link #sum}, rounds to nearest as Java's
 * {@code +} does. The scheduler decides which additions meet in one cell, so two runs of one program may differ in the
 * last bits. Sums are exact, in any order, if all partial sums are: for example of integers below 2<sup>53</sup> in
 * magnitude. A DoubleAdder has the same limits.
 *
 * <p><b>Special values.</b> Infinities and NaN follow Java's {@code +}: after both infinities, or a NaN, the sum is
 * NaN. The sum of no additions, and of negative zeros only, is 0.0. Which NaN a sum is, is not specified.
 *
 * <p><b>Visibility.</b> {@link #sum} includes every update that happened-before it, and some concurrent ones. Like the
 * sum of a DoubleAdder it is not a snapshot of one moment.
 *
 * <p><b>Resets.</b> {@link #sumThenReset} writes no cell: later sums are differences to the sum at the reset. So no
 * concurrent update is lost, as may happen in a DoubleAdder's reset. But the cells keep the precision of all additions
 * since the counter was created, and a counter that was infinite or NaN stays NaN after a reset. Use a new counter
 * where that matters.
 *
 * <p><b>Memory.</b> 8 bytes for each CPU that runs the application's threads, beside the cells of other counters. There
 * is nothing to close: the cells are freed after the counter was collected. Updates allocate nothing.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * @since 0.1.0
 */
public final class PerCpuDoubleCounter extends Number {
    /* How it works
     *
     * add is one downcall of load_fadd_store_relaxed (sections.LoadFaddStore). All else is as in PerCpuCounter: only
     * additions change a cell, and a reset moves the base that sums start from.
     *
     * Refused: the bits of a double in a PerCpuItems' copy, added by load, Java's addition, and compare-and-set. Two
     * downcalls, and a loop.
     */
    @Serial
    private static final long serialVersionUID = 1L;

    private final transient long cell;
    /** Subtracted from sums unless it is 0; written under this object's monitor. */
    private transient volatile double base;

    /**
     * Creates a counter of 0.
     *
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuDoubleCounter() {
        Engine.get(CounterFunctions.class, DoubleFunctions.class);
        cell = CounterFunctions.CELLS.allocate(this, 1);
    }

    /**
     * Adds a number.
     *
     * @param delta the number
     */
    public void add(double delta) {
        try {
            DoubleFunctions.add(cell, delta);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** {@return the sum of the additions since the counter was created or last reset} */
    public double sum() {
        try {
            // The base is read first: then a concurrent reset's result is included in this sum too, not missing in it.
            double from = base;
            return CounterFunctions.CELLS.sumOfDoubles(cell) - from;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the sum and starts again from 0. No update is lost: each update is in the result of exactly one reset, or
     * in the sum after the last reset. The difference of two sums rounds; see the class's description.
     *
     * @return the sum of the additions since the last reset
     */
    public synchronized double sumThenReset() {
        try {
            double total = CounterFunctions.CELLS.sumOfDoubles(cell);
            double sum = total - base;
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

    /** Returns {@link #sum} as {@link Double#toString(double)} writes it. */
    @Override
    public String toString() {
        return Double.toString(sum());
    }

    /** Returns {@link #sum}. */
    @Override
    public double doubleValue() {
        return sum();
    }

    /** Returns {@link #sum}, narrowed. */
    @Override
    public long longValue() {
        return (long) sum();
    }

    /** Returns {@link #sum}, narrowed. */
    @Override
    public int intValue() {
        return (int) sum();
    }

    /** Returns {@link #sum}, rounded. */
    @Override
    public float floatValue() {
        return (float) sum();
    }

    /**
     * The serialized form of a counter: its sum. The address of a cell has no meaning in another JVM.
     *
     * @param sum the counter's sum
     */
    private record Sum(double sum) implements Serializable {
        @Serial
        private Object readResolve() {
            PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
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
        throw new InvalidObjectException("the serialized form of a PerCpuDoubleCounter is its sum");
    }
}
