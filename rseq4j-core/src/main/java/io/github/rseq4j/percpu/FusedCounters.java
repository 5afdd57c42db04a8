package io.github.rseq4j.percpu;

import io.github.rseq4j.function.ArrayFunctions;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.function.FusedFunctions;
import io.github.rseq4j.ir.Status;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * Counters of one block that are updated together: {@link PerCpuCounters#fused} binds them once, and each {@code add}
 * then adds to all of them in one call.
 *
 * {@snippet lang = java:
 * PerCpuCounters metrics = new PerCpuCounters(4);
 * FusedCounters request = metrics.fused(0, 1, 2); // requests, bytes, microseconds
 * request.add(1, 512, 120);                       // all three in one call
 * }
 *
 * <p>The methods {@code add} take one number for each bound counter, in the order in which the counters were bound.
 * They throw if the number of arguments differs. An update is not atomic: each counter is updated on its own, in this
 * order, and all of them before the method returns. A concurrent sum may include some of them.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. An update is one downcall, as exact and as wait-free
 * as {@link PerCpuCounter#add}, also if the thread migrates. It allocates nothing; {@link #add(long...)} allocates
 * nothing after the JIT compiler has compiled it.
 *
 * <p><b>Memory.</b> 8 bytes for each bound counter, once; they are freed after the object was collected. The object
 * keeps its block reachable. There is nothing to close.
 *
 * @since 0.1.0
 */
public final class FusedCounters {
    /* How it works
     *
     * A table contains the addresses of the counters' cells (sections.LoadLoadAddStore). A function has one section for
     * each counter, which loads an address from the table and adds. So a call passes one argument for each counter and
     * one for the table; up to five counters need no argument on the stack of x86-64. The method with an array passes
     * the array itself, and the sections read it in place (sections.LoadLoadLoadAddStore). If a call fails, which is
     * rare, the counters that it has not added to are added to one by one.
     *
     * Refused: an address and a number for each counter. Eight counters then pass ten arguments on the stack, and Java
     * copies each of them; a call takes a quarter longer. Refused: functions for 2, 4 and 8 counters only, and
     * additions of 0 for other numbers.
     */
    private final PerCpuCounters block;
    private final int[] indices;
    private final int count;
    private final long cell;
    private final long table;
    /** Whether the function of {@link #add(long...)} is linked. */
    private boolean hasArrayFunction;

    FusedCounters(PerCpuCounters block, int[] indices) {
        if (indices.length < 1 || indices.length > PerCpuCounters.MAX_FUSED) {
            throw new IllegalArgumentException("indices.length=" + indices.length + ", must be 1 to "
                    + PerCpuCounters.MAX_FUSED);
        }
        long[] cells = new long[indices.length];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = block.cell(indices[i]);
        }
        this.block = block;
        this.indices = indices;
        this.count = cells.length;
        this.cell = cells[0];
        if (count == 1) {
            table = 0;
        } else {
            FusedFunctions.prepare(count);
            table = CounterFunctions.CELLS.allocateTable(this, cells);
        }
    }

    /** {@return the number of bound counters} */
    public int size() {
        return count;
    }

    private void require(int deltas) {
        block.requireOpen();
        if (count != deltas) {
            throw mismatch(deltas);
        }
    }

    private IllegalArgumentException mismatch(int deltas) {
        return new IllegalArgumentException("deltas=" + deltas + ", must be as many as the bound counters=" + count);
    }

    /**
     * Adds to one counter in one call.
     *
     * @param d0 the number for the first counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0) {
        require(1);
        try {
            CounterFunctions.add(cell, d0);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to two counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1) {
        require(2);
        try {
            long status = FusedFunctions.call(table, d0, d1);
            if (status < 0) {
                complete(status, d0, d1);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to three counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @param d2 the number for the third counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1, long d2) {
        require(3);
        try {
            long status = FusedFunctions.call(table, d0, d1, d2);
            if (status < 0) {
                complete(status, d0, d1, d2);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to four counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @param d2 the number for the third counter
     * @param d3 the number for the fourth counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1, long d2, long d3) {
        require(4);
        try {
            long status = FusedFunctions.call(table, d0, d1, d2, d3);
            if (status < 0) {
                complete(status, d0, d1, d2, d3);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to five counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @param d2 the number for the third counter
     * @param d3 the number for the fourth counter
     * @param d4 the number for the fifth counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1, long d2, long d3, long d4) {
        require(5);
        try {
            long status = FusedFunctions.call(table, d0, d1, d2, d3, d4);
            if (status < 0) {
                complete(status, d0, d1, d2, d3, d4);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to six counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @param d2 the number for the third counter
     * @param d3 the number for the fourth counter
     * @param d4 the number for the fifth counter
     * @param d5 the number for the sixth counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1, long d2, long d3, long d4, long d5) {
        require(6);
        try {
            long status = FusedFunctions.call(table, d0, d1, d2, d3, d4, d5);
            if (status < 0) {
                complete(status, d0, d1, d2, d3, d4, d5);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to seven counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @param d2 the number for the third counter
     * @param d3 the number for the fourth counter
     * @param d4 the number for the fifth counter
     * @param d5 the number for the sixth counter
     * @param d6 the number for the seventh counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1, long d2, long d3, long d4, long d5, long d6) {
        require(7);
        try {
            long status = FusedFunctions.call(table, d0, d1, d2, d3, d4, d5, d6);
            if (status < 0) {
                complete(status, d0, d1, d2, d3, d4, d5, d6);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to eight counters in one call.
     *
     * @param d0 the number for the first counter
     * @param d1 the number for the second counter
     * @param d2 the number for the third counter
     * @param d3 the number for the fourth counter
     * @param d4 the number for the fifth counter
     * @param d5 the number for the sixth counter
     * @param d6 the number for the seventh counter
     * @param d7 the number for the eighth counter
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long d0, long d1, long d2, long d3, long d4, long d5, long d6, long d7) {
        require(8);
        try {
            long status = FusedFunctions.call(table, d0, d1, d2, d3, d4, d5, d6, d7);
            if (status < 0) {
                complete(status, d0, d1, d2, d3, d4, d5, d6, d7);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Adds to all bound counters in one call.
     *
     * @param deltas a number for each counter; the array may not be changed during the call
     * @throws IllegalArgumentException if another number of counters was bound
     * @throws IllegalStateException if the counters are closed
     */
    public void add(long... deltas) {
        require(deltas.length);
        try {
            if (count == 1) {
                CounterFunctions.add(cell, deltas[0]);
                return;
            }
            if (!hasArrayFunction) {
                ArrayFunctions.prepareBound(count);
                hasArrayFunction = true;
            }
            long status = ArrayFunctions.addBound(table, deltas);
            if (status < 0) {
                complete(status, deltas);
            }
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private void complete(long status, long... deltas) {
        for (int i = Status.completed(status); i < count; i++) {
            CounterFunctions.add(block.cell(indices[i]), deltas[i]);
        }
    }

    /** Returns the numbers of the counters: {@code FusedCounters[0, 1, 2]}. */
    @Override
    public String toString() {
        return "FusedCounters" + Arrays.toString(indices);
    }
}
