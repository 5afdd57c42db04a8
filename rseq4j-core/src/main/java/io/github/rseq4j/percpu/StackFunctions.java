package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.memory.TwinArrays;
import io.github.rseq4j.sections.ArrayStack;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import org.jspecify.annotations.Nullable;

/** The functions of the stacks as constants; each returns its result, or the status of an exit. */
final class StackFunctions {
    static final long REFUSED = Status.failure(Status.EXIT + ArrayStack.EXIT_REFUSED, 0);
    static final long CLOSED = Status.failure(Status.EXIT + ArrayStack.EXIT_CLOSED, 0);
    static final long NEGATIVE = Status.failure(Status.EXIT + ArrayStack.EXIT_NEGATIVE, 0);

    private StackFunctions() {}

    /** Links the functions of words at the first use. */
    static final class Words {
        private static final @Nullable MethodHandle PUSH = Engine.link(ArrayStack.PUSH);
        private static final @Nullable MethodHandle POP = Engine.link(ArrayStack.POP);
    }

    /** Links the functions of several words at the first use. */
    static final class Batches {
        private static final @Nullable MethodHandle PUSH;
        private static final @Nullable MethodHandle POP;

        static {
            MethodHandle push = null;
            MethodHandle pop = null;
            try {
                push = Engine.get().handle(ArrayStack.PUSH_BATCH, 2);
                pop = Engine.get().handle(ArrayStack.POP_BATCH, 1);
            } catch (Throwable _) {
                // No stack or no memory: see Engine.UNLINKED.
            }
            PUSH = push;
            POP = pop;
        }
    }

    /** Links the functions of records at the first use. */
    static final class Records {
        private static final @Nullable MethodHandle PUSH = Engine.link(ArrayStack.PUSH_RECORD, 2);
        private static final @Nullable MethodHandle POP = Engine.link(ArrayStack.POP_RECORD, 1);
    }

    static long push(TwinArrays arrays, long value) {
        return push(arrays.cells(), arrays.capacityBytes(), value, arrays);
    }

    /**
     * Pushes to arrays whose address the caller knows.
     *
     * @param cells the result of {@link TwinArrays#cells}
     * @param capacity the result of {@link TwinArrays#capacityBytes}
     * @param value the value
     * @param holder keeps the arrays reachable
     */
    static long push(long cells, long capacity, long value, Object holder) {
        try {
            MethodHandle push = Words.PUSH;
            long status = push == null ? Engine.UNLINKED
                    : (long) push.invokeExact(cells, capacity, value);
            return isFinal(status) ? status
                    : Engine.get().complete(ArrayStack.PUSH, status, cells, capacity, value);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(holder);
        }
    }

    static long pop(TwinArrays arrays) {
        try {
            long cells = arrays.cells();
            MethodHandle pop = Words.POP;
            long status = pop == null ? Engine.UNLINKED
                    : (long) pop.invokeExact(cells);
            return isFinal(status) ? status : Engine.get().complete(ArrayStack.POP, status, cells);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    static long pushBatch(TwinArrays arrays, long[] values, int from, int count) {
        try {
            long cells = arrays.cells();
            long capacity = arrays.capacityBytes();
            long bytes = (long) count * Long.BYTES;
            MethodHandle push = Batches.PUSH;
            long status = push == null ? Engine.UNLINKED
                    : (long) push.invokeExact(cells, capacity, words(values, from, count), bytes);
            return isFinal(status) ? status
                    : Engine.get().complete(ArrayStack.PUSH_BATCH, status, 2, words(values, from, count), cells,
                            capacity, 0, bytes);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    static long popBatch(TwinArrays arrays, long[] into, int from, int count) {
        try {
            long cells = arrays.cells();
            long bytes = (long) count * Long.BYTES;
            MethodHandle pop = Batches.POP;
            long status = pop == null ? Engine.UNLINKED
                    : (long) pop.invokeExact(cells, words(into, from, count), bytes);
            return isFinal(status) ? status
                    : Engine.get().complete(ArrayStack.POP_BATCH, status, 1, words(into, from, count), cells, 0, bytes);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    static long pushRecord(TwinArrays arrays, MemorySegment record) {
        try {
            long cells = arrays.cells();
            long capacity = arrays.capacityBytes();
            long bytes = record.byteSize();
            long rounded = bytes + Long.BYTES - 1 & -Long.BYTES;
            MethodHandle push = Records.PUSH;
            long status = push == null ? Engine.UNLINKED
                    : (long) push.invokeExact(cells, capacity, record, bytes, rounded);
            return isFinal(status) ? status
                    : Engine.get().complete(ArrayStack.PUSH_RECORD, status, 2, record, cells, capacity, 0, bytes,
                            rounded);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    static long popRecord(TwinArrays arrays, MemorySegment into) {
        try {
            long cells = arrays.cells();
            MethodHandle pop = Records.POP;
            long status = pop == null ? Engine.UNLINKED
                    : (long) pop.invokeExact(cells, into);
            return isFinal(status) ? status
                    : Engine.get().complete(ArrayStack.POP_RECORD, status, 1, into, cells, 0);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(arrays);
        }
    }

    /** Returns frequent statuses (full, empty, closed) directly; the engine completes all others. */
    private static boolean isFinal(long status) {
        return status >= 0 || Status.code(status) >= Status.EXIT;
    }

    /** Each call creates a segment of its own, so that the JIT compiler can eliminate it. */
    private static MemorySegment words(long[] values, int from, int count) {
        return MemorySegment.ofArray(values).asSlice((long) from * Long.BYTES, (long) count * Long.BYTES);
    }
}
