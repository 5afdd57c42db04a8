package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.memory.HeapStacks;
import io.github.rseq4j.memory.TwinArrays;
import io.github.rseq4j.sections.ArrayStack;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** The functions of the stacks as constants; each returns its result, or the status of an exit. */
public final class StackFunctions {
    public static final long REFUSED = Status.failure(Status.EXIT + ArrayStack.EXIT_REFUSED, 0);
    public static final long CLOSED = Status.failure(Status.EXIT + ArrayStack.EXIT_CLOSED, 0);
    public static final long NEGATIVE = Status.failure(Status.EXIT + ArrayStack.EXIT_NEGATIVE, 0);

    private StackFunctions() {}

    /** Links the functions of words at the first use. */
    public static final class Words {
        /** A constant, so that on restartable sequences no call asks for {@link TwinArrays#heap}. */
        private static final boolean IS_ON_HEAP = Engine.get() instanceof FallbackEngine;
        private static final Link PUSH = Engine.link(ArrayStack.PUSH);
        private static final Link POP = Engine.link(ArrayStack.POP);
    }

    /** Links the functions of several words at the first use. */
    public static final class Batches {
        private static final Link PUSH = Engine.link(ArrayStack.PUSH_BATCH, 2);
        private static final Link POP = Engine.link(ArrayStack.POP_BATCH, 1);
    }

    /** Links the functions of records at the first use. */
    public static final class Records {
        private static final Link PUSH = Engine.link(ArrayStack.PUSH_RECORD, 2);
        private static final Link POP = Engine.link(ArrayStack.POP_RECORD, 1);
    }

    public static long push(TwinArrays arrays, long value) {
        return push(arrays, arrays.cells(), arrays.capacityBytes(), value, arrays);
    }

    /**
     * Pushes to arrays whose address the caller knows.
     *
     * @param arrays the arrays
     * @param cells the result of {@link TwinArrays#cells}
     * @param capacity the result of {@link TwinArrays#capacityBytes}
     * @param value the value
     * @param holder keeps the arrays reachable
     */
    public static long push(TwinArrays arrays, long cells, long capacity, long value, Object holder) {
        HeapStacks heap = Words.IS_ON_HEAP ? arrays.heap() : null;
        try {
            return heap == null ? Words.PUSH.run(cells, capacity, value) : status(heap.push(value));
        } finally {
            Reference.reachabilityFence(holder);
        }
    }

    public static long pop(TwinArrays arrays) {
        HeapStacks heap = Words.IS_ON_HEAP ? arrays.heap() : null;
        try {
            return heap == null ? Words.POP.run(arrays.cells()) : status(heap.pop());
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    private static long status(long result) {
        return result >= 0 ? result : Status.failure(Status.EXIT + (int) ~result, 0);
    }

    public static long pushBatch(TwinArrays arrays, long[] values, int from, int count) {
        try {
            long cells = arrays.cells();
            long capacity = arrays.capacityBytes();
            long bytes = (long) count * Long.BYTES;
            long status = Batches.PUSH.call(cells, capacity, words(values, from, count), bytes);
            return Link.isFinal(status) ? status
                    : Batches.PUSH.complete(status, words(values, from, count), cells, capacity, 0, bytes);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    public static long popBatch(TwinArrays arrays, long[] into, int from, int count) {
        try {
            long cells = arrays.cells();
            long bytes = (long) count * Long.BYTES;
            long status = Batches.POP.call(cells, words(into, from, count), bytes);
            return Link.isFinal(status) ? status
                    : Batches.POP.complete(status, words(into, from, count), cells, 0, bytes);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    public static long pushRecord(TwinArrays arrays, MemorySegment record) {
        try {
            long bytes = record.byteSize();
            long rounded = bytes + Long.BYTES - 1 & -Long.BYTES;
            return Records.PUSH.run(arrays.cells(), arrays.capacityBytes(), record, bytes, rounded);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    public static long popRecord(TwinArrays arrays, MemorySegment into) {
        try {
            return Records.POP.run(arrays.cells(), into);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    /** Returns a new segment in each call, so that the JIT compiler can eliminate it. */
    private static MemorySegment words(long[] values, int from, int count) {
        return MemorySegment.ofArray(values).asSlice((long) from * Long.BYTES, (long) count * Long.BYTES);
    }
}
