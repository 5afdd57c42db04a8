package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.ArrayFunctions;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.ir.Status;
import java.lang.ref.Reference;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A block of counters of 64 bits, each like a {@link PerCpuCounter}, whose cells lie side by side. Use it for a table
 * of counts (byte values, status codes, metrics of a request), where one object for each counter is too much, and to
 * update several counters in one call.
 *
 * {@snippet lang = java:
 * PerCpuCounters metrics = new PerCpuCounters(4);
 * metrics.increment(0);
 * FusedCounters request = metrics.fused(0, 1, 2, 3); // bound once, and kept
 * request.add(1, 512, 120, 0);                       // four of them in one call
 * long bytes = metrics.sum(1);                       // 512
 * long[] all = metrics.sums();                       // 2, 512, 120, 0
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. An update is as cheap, as exact and as wait-free as
 * that of {@link PerCpuCounter}, also if the thread migrates. An update of several counters is one downcall, but not
 * atomic: each counter is updated on its own, in the given order, and all of them before the method returns.
 *
 * <p><b>Visibility</b> and the behaviour without rseq are those of {@link PerCpuCounter}.
 *
 * <p><b>Memory.</b> 8 bytes for each counter, for each CPU that runs the application's threads. It is freed when the
 * block is closed or collected. Updates allocate nothing; those by arrays, after the JIT compiler has compiled them.
 *
 * @since 0.1.0
 */
public final class PerCpuCounters implements AutoCloseable {
    /** The most counters in a block. */
    public static final int MAX_SIZE = 65_536;
    /** The most counters that one call updates. */
    public static final int MAX_FUSED = 8;

    /* How it works
     *
     * A fused update is a chain: several sections, each with its own commit, in one function. So the price of the
     * downcall, most of the price of an update, is paid once. There is a function for each number of counters.
     * add(int[], long[]) passes the arrays themselves. The sections read them in place and check the indices
     * (sections.LoadCbaeLoadLoadAddStore), so Java neither loads nor checks them. If a call fails, which is rare, or an
     * index is out of range, Java checks all indices, and adds to the remaining counters one by one. As in
     * PerCpuCounter a reset moves the base that sums start from, and writes no cell.
     *
     * Refused: an address and a number for each counter as arguments. Eight counters pass ten of 16 arguments on the
     * stack of x86-64, and Java stores and copies each of them. Refused: a check of the indices in Java alone. The
     * sections would have to trust indices that another thread may change after the check.
     */

    private final int size;
    private final long cells;
    /** Subtracted from sums; null before the first reset. Elements are written under this object's monitor. */
    private volatile long @Nullable [] bases;
    private volatile boolean closed;
    /** Bit n tells whether the function for n counters that arrays select is linked. Updates may get lost. */
    private int linked;

    /**
     * Creates a block of counters of 0.
     *
     * @param size the number of counters, 1 to {@link #MAX_SIZE}
     * @throws IllegalArgumentException if the size is out of range
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuCounters(int size) {
        if (size < 1 || size > MAX_SIZE) {
            throw new IllegalArgumentException("size=" + size + ", must be 1 to " + MAX_SIZE);
        }
        Engine.get(CounterFunctions.class);
        this.size = size;
        this.cells = CounterFunctions.CELLS.allocate(this, size);
    }

    /** {@return the number of counters} */
    public int size() {
        return size;
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the counters are closed: size=" + size);
        }
    }

    private int check(int i) {
        if (Integer.compareUnsigned(i, size) >= 0) {
            throw outOfBounds(i);
        }
        return i;
    }

    private IndexOutOfBoundsException outOfBounds(int i) {
        return new IndexOutOfBoundsException("index=" + i + ", must be 0 to " + (size - 1));
    }

    /** Returns the address of a counter's cell at index 0. */
    long cell(int i) {
        return cells + (long) check(i) * Long.BYTES;
    }

    /**
     * Adds a number to one counter.
     *
     * @param i the counter
     * @param delta the number, of either sign
     * @throws IndexOutOfBoundsException if there is no such counter
     * @throws IllegalStateException if the counters are closed
     */
    public void add(int i, long delta) {
        requireOpen();
        try {
            CounterFunctions.add(cell(i), delta);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds 1 to one counter.
     *
     * @param i the counter
     * @throws IndexOutOfBoundsException if there is no such counter
     * @throws IllegalStateException if the counters are closed
     */
    public void increment(int i) {
        add(i, 1);
    }

    /**
     * Adds to up to eight counters in one call, for counters that differ from call to call. If they are the same in
     * each call, {@link #fused} is faster.
     *
     * @param indices the counters, which may repeat; neither array may be changed during the call
     * @param deltas the number that is added to each
     * @throws IllegalArgumentException if the arrays differ in length or are longer than {@link #MAX_FUSED}
     * @throws IndexOutOfBoundsException if there is no such counter; nothing is added then
     * @throws IllegalStateException if the counters are closed
     */
    public void add(int[] indices, long[] deltas) {
        int n = indices.length;
        requireOpen();
        if (n != deltas.length || n > MAX_FUSED) {
            throw new IllegalArgumentException("indices.length=" + n + ", deltas.length=" + deltas.length
                    + ", must be equal and at most " + MAX_FUSED);
        }
        try {
            if (n > 1) {
                if ((linked & 1 << n) == 0) {
                    prepare(n);
                }
                long status = ArrayFunctions.add(cells, indices, deltas, size);
                if (status < 0) {
                    addOthers(Status.completed(status), indices, deltas);
                }
            } else if (n == 1) {
                CounterFunctions.add(cell(indices[0]), deltas[0]);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void prepare(int counters) {
        ArrayFunctions.prepare(counters);
        linked |= 1 << counters;
    }

    /** Adds to the counters from a place of the arrays on, or throws if one of all does not exist. */
    private void addOthers(int from, int[] indices, long[] deltas) {
        for (int i : indices) {
            check(i);
        }
        for (int i = from; i < indices.length; i++) {
            CounterFunctions.add(cell(indices[i]), deltas[i]);
        }
    }

    /**
     * Binds counters that are updated together: each {@code add} of the result adds to all of them in one call. Call
     * this method once for a set of counters, and keep the result.
     *
     * @param indices the counters, 1 to {@link #MAX_FUSED}, which may repeat
     * @return the bound counters
     * @throws IllegalArgumentException if there are none or more than {@link #MAX_FUSED}
     * @throws IndexOutOfBoundsException if there is no such counter
     * @throws IllegalStateException if the counters are closed
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public FusedCounters fused(int... indices) {
        requireOpen();
        return new FusedCounters(this, indices.clone());
    }

    /**
     * Returns the sum of the additions to one counter since it was created or last reset.
     *
     * @param i the counter
     * @return its sum
     * @throws IndexOutOfBoundsException if there is no such counter
     * @throws IllegalStateException if the counters are closed
     */
    public long sum(int i) {
        requireOpen();
        try {
            long from = base(check(i));
            long sum = CounterFunctions.CELLS.sum(cell(i)) - from;
            requireOpen();
            return sum;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the sums of all counters, each as {@link #sum} returns it. They are not of one moment.
     *
     * @return a new array, by counter
     * @throws IllegalStateException if the counters are closed
     */
    public long[] sums() {
        requireOpen();
        try {
            // As in sum: the base is read first.
            long[] array = bases;
            long[] from = new long[size];
            for (int i = 0; array != null && i < size; i++) {
                from[i] = (long) CounterFunctions.ELEMENT.getVolatile(array, i);
            }
            long[] sums = CounterFunctions.CELLS.sums(cells, size);
            // A concurrent close may have freed some of the pages.
            requireOpen();
            for (int i = 0; i < size; i++) {
                sums[i] -= from[i];
            }
            return sums;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns a counter's sum and starts it again from 0. No update is lost: each update is in the result of exactly
     * one reset, or in the sum after the last reset.
     *
     * @param i the counter
     * @return the sum of the additions to it since its last reset
     * @throws IndexOutOfBoundsException if there is no such counter
     * @throws IllegalStateException if the counters are closed
     */
    public synchronized long sumThenReset(int i) {
        requireOpen();
        try {
            long total = CounterFunctions.CELLS.sum(cell(i));
            requireOpen();
            long sum = total - base(i);
            long[] array = bases;
            if (array == null) {
                array = new long[size];
                bases = array;
            }
            CounterFunctions.ELEMENT.setVolatile(array, i, total);
            return sum;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private long base(int i) {
        long[] array = bases;
        return array == null ? 0 : (long) CounterFunctions.ELEMENT.getVolatile(array, i);
    }

    /**
     * Frees the memory. A concurrent update is harmless, and is lost. Afterwards every method except {@link #size} and
     * {@link #toString} throws IllegalStateException. Closing again has no effect.
     */
    @Override
    public void close() {
        try {
            closed = true;
            CounterFunctions.CELLS.discardPages(cells, (long) size * Long.BYTES);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Returns all sums in the form of {@link java.util.Arrays#toString(long[])}, or {@code closed}. */
    @Override
    public String toString() {
        return closed ? "closed" : Arrays.toString(sums());
    }
}
