package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import java.lang.ref.Reference;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A block of counters of 64 bits, each like a {@link PerCpuCounter}, whose cells lie side by side: for a table of
 * counts (byte values, status codes, metrics of one request) where an object for each is too much, and to update
 * several of them in one call.
 *
 * {@snippet lang = java:
 * PerCpuCounters metrics = new PerCpuCounters(4);
 * metrics.increment(0);
 * metrics.add(0, 1, 1, 512, 2, 120, 3, 0); // four of them in one call
 * long bytes = metrics.sum(1);             // 512
 * long[] all = metrics.sums();             // 2, 512, 120, 0
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread; an update is as cheap and as exact as that of
 * {@link PerCpuCounter}. A fused update of several counters is one downcall, but not one moment: each counter is
 * updated on its own, in the order given, all of them before the method returns.
 *
 * <p><b>Memory.</b> 8 bytes a counter for each CPU that runs the application's threads, given back when the block is
 * closed or collected. Updates allocate nothing.
 */
public final class PerCpuCounters implements AutoCloseable {
    /** The most counters in a block. */
    public static final int MAX_SIZE = 65_536;
    /** The most counters that one call updates. */
    public static final int MAX_FUSED = 8;

    /* How it works
     *
     * A fused update is a chain: several sections, each with its own commit, in one function. So the price of the
     * downcall, most of the price of an update, is paid once. Chains of 2, 4 and 8 exist; other numbers are filled up
     * with additions of 0. As in PerCpuCounter a reset moves the base that sums start from, and writes no cell.
     */

    private final int size;
    private final long cells;
    /** What sums start from, once there was a reset; elements are written under this object's monitor. */
    private volatile long @Nullable [] bases;
    private volatile boolean closed;
    /** How many counters a call may update whose function is linked. */
    private int fused = 1;

    /**
     * Makes a block of counters of 0.
     *
     * @param size how many, 1 to {@link #MAX_SIZE}
     * @throws IllegalArgumentException when the size is out of range
     */
    public PerCpuCounters(int size) {
        if (size < 1 || size > MAX_SIZE) {
            throw new IllegalArgumentException("size=" + size + ", must be 1 to " + MAX_SIZE);
        }
        Engine.get(CounterFunctions.class);
        this.size = size;
        this.cells = CounterFunctions.CELLS.allocate(this, size);
    }

    /** {@return how many counters there are} */
    public int size() {
        return size;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the counters are closed: size=" + size);
        }
    }

    private void requireOpen(int counters) {
        requireOpen();
        if (fused < counters) {
            prepareFused();
        }
    }

    private void prepareFused() {
        Engine.get(CounterFunctions.Two.class, CounterFunctions.Four.class, CounterFunctions.Eight.class);
        fused = MAX_FUSED;
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

    private long cell(int i) {
        return cells + (long) check(i) * Long.BYTES;
    }

    /**
     * Adds a number to one counter.
     *
     * @param i the counter
     * @param delta the number, of either sign
     * @throws IndexOutOfBoundsException when there is no such counter
     * @throws IllegalStateException when the counters are closed
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
     * @throws IndexOutOfBoundsException when there is no such counter
     * @throws IllegalStateException when the counters are closed
     */
    public void increment(int i) {
        add(i, 1);
    }

    /**
     * Adds to two counters in one call.
     *
     * @param i0 a counter
     * @param d0 what is added to it
     * @param i1 a counter, which may be the same
     * @param d1 what is added to it
     * @throws IndexOutOfBoundsException when there is no such counter; nothing is added then
     * @throws IllegalStateException when the counters are closed
     */
    public void add(int i0, long d0, int i1, long d1) {
        requireOpen(MAX_FUSED);
        try {
            CounterFunctions.add(cell(i0), d0, cell(i1), d1);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to four counters in one call.
     *
     * @param i0 a counter
     * @param d0 what is added to it
     * @param i1 a counter
     * @param d1 what is added to it
     * @param i2 a counter
     * @param d2 what is added to it
     * @param i3 a counter
     * @param d3 what is added to it
     * @throws IndexOutOfBoundsException when there is no such counter; nothing is added then
     * @throws IllegalStateException when the counters are closed
     */
    public void add(int i0, long d0, int i1, long d1, int i2, long d2, int i3, long d3) {
        requireOpen(MAX_FUSED);
        try {
            CounterFunctions.add(cell(i0), d0, cell(i1), d1, cell(i2), d2, cell(i3), d3);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to eight counters in one call.
     *
     * @param i0 a counter
     * @param d0 what is added to it
     * @param i1 a counter
     * @param d1 what is added to it
     * @param i2 a counter
     * @param d2 what is added to it
     * @param i3 a counter
     * @param d3 what is added to it
     * @param i4 a counter
     * @param d4 what is added to it
     * @param i5 a counter
     * @param d5 what is added to it
     * @param i6 a counter
     * @param d6 what is added to it
     * @param i7 a counter
     * @param d7 what is added to it
     * @throws IndexOutOfBoundsException when there is no such counter; nothing is added then
     * @throws IllegalStateException when the counters are closed
     */
    public void add(int i0, long d0, int i1, long d1, int i2, long d2, int i3, long d3,
                    int i4, long d4, int i5, long d5, int i6, long d6, int i7, long d7) {
        requireOpen(MAX_FUSED);
        try {
            CounterFunctions.add(cell(i0), d0, cell(i1), d1, cell(i2), d2, cell(i3), d3,
                    cell(i4), d4, cell(i5), d5, cell(i6), d6, cell(i7), d7);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to up to eight counters in one call. Where their number is known, the methods with a parameter for each are
     * faster.
     *
     * @param indices the counters, which may repeat
     * @param deltas what is added to each
     * @throws IllegalArgumentException when the arrays differ in length or are longer than {@link #MAX_FUSED}
     * @throws IndexOutOfBoundsException when there is no such counter; nothing is added then
     * @throws IllegalStateException when the counters are closed
     */
    public void add(int[] indices, long[] deltas) {
        requireOpen(indices.length);
        try {
            int n = indices.length;
            if (n != deltas.length || n > MAX_FUSED) {
                throw new IllegalArgumentException("indices.length=" + n + ", deltas.length=" + deltas.length
                        + ", must be equal and at most " + MAX_FUSED);
            }
            if (n == 8) {
                add(indices[0], deltas[0], indices[1], deltas[1], indices[2], deltas[2], indices[3], deltas[3],
                        indices[4], deltas[4], indices[5], deltas[5], indices[6], deltas[6], indices[7], deltas[7]);
            } else if (n > 4) {
                CounterFunctions.add(cell(indices[0]), deltas[0], cell(indices[1]), deltas[1],
                        cell(indices[2]), deltas[2], cell(indices[3]), deltas[3], cell(indices[4]), deltas[4],
                        cell(indices[Math.min(5, n - 1)]), n > 5 ? deltas[5] : 0,
                        cell(indices[Math.min(6, n - 1)]), n > 6 ? deltas[6] : 0, cells, 0);
            } else if (n == 4) {
                add(indices[0], deltas[0], indices[1], deltas[1], indices[2], deltas[2], indices[3], deltas[3]);
            } else if (n == 3) {
                add(indices[0], deltas[0], indices[1], deltas[1], indices[2], deltas[2], indices[0], 0L);
            } else if (n == 2) {
                CounterFunctions.add(cell(indices[0]), deltas[0], cell(indices[1]), deltas[1]);
            } else if (n == 1) {
                CounterFunctions.add(cell(indices[0]), deltas[0]);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Returns the sum of what was added to one counter since it was made or last reset.
     *
     * @param i the counter
     * @return its sum
     * @throws IndexOutOfBoundsException when there is no such counter
     * @throws IllegalStateException when the counters are closed
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
     * Returns all sums, each as {@link #sum} gives it.
     *
     * @return a new array
     * @throws IllegalStateException when the counters are closed
     */
    public long[] sums() {
        requireOpen();
        try {
            // As in sum: what sums start from is read first.
            long[] array = bases;
            long[] from = new long[size];
            for (int i = 0; array != null && i < size; i++) {
                from[i] = (long) CounterFunctions.ELEMENT.getVolatile(array, i);
            }
            long[] sums = CounterFunctions.CELLS.sums(cells, size);
            // Closed meanwhile they would be those of some pages.
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
     * Returns a counter's sum and starts it again from 0. No update is lost: each is in the result of exactly one
     * reset, or in the sum that is left.
     *
     * @param i the counter
     * @return the sum of what was added to it since its last reset
     * @throws IndexOutOfBoundsException when there is no such counter
     * @throws IllegalStateException when the counters are closed
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
     * Gives the memory back. An update that runs at the same time does no harm, and is lost. From then on every method
     * but {@link #size} and {@link #toString} throws. Closing again does nothing.
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

    /** Returns all sums as {@link java.util.Arrays#toString(long[])} does, or says that the counters are closed. */
    @Override
    public String toString() {
        return closed ? "closed" : Arrays.toString(sums());
    }
}
