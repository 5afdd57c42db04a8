package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The linked function of a chain. A caller keeps it in a static final field.
 *
 * <p>The methods {@code call} return the function's status as it is. The methods {@code run} return a final status: a
 * result, 0 or more, or an exit. They complete a call that ended for another reason. For that they keep the arguments
 * until the call has returned. A caller with many arguments or a new segment uses {@code call}, and builds the
 * arguments again if it needs {@link #complete}: keeping them would cost time or memory in each call.
 *
 * @param chain the chain
 * @param segment the number of the argument that is a segment, or {@link io.github.rseq4j.interpreter.Arguments#NONE}
 * @param function the function, of the type that {@link Engine#handle(Chain)} describes; null if it could not be
 *     linked, so that {@link #complete} does the work of each call
 */
public record Link(Chain chain, int segment, @Nullable MethodHandle function) {
    /* How it works
     *
     *   run(a0, ...) = let status = function(a0, ...) in isFinal(status) ? status : complete(status, a0, ...)
     *
     * There is a method for each shape that the library calls, so that a handle is invoked by its exact type. This
     * class is a record, because the JIT compiler treats the components of a constant record as constants. So the call
     * compiles to the downcall and a comparison of the status.
     *
     * Refused: a tree of method handles, which users' sections have (section.Completion). Each shape costs a fresh JVM
     * some milliseconds.
     */

    /** Tells whether a status is a result or an exit. Both are frequent and need no more work. */
    public static boolean isFinal(long status) {
        return status >= 0 || Status.code(status) >= Status.EXIT;
    }

    /**
     * Completes a call.
     *
     * @param status its status
     * @param arguments the arguments it was called with
     * @return a final status, or out of range where a length or a delay is beyond its bound
     */
    public long complete(long status, long... arguments) {
        return Engine.get().complete(chain, status, arguments);
    }

    /**
     * Completes a call of a function with a segment.
     *
     * @param status its status
     * @param data the segment
     * @param arguments all arguments it was called with; the one that is the segment is ignored
     * @return a final status, or out of range where a length or a delay is beyond its bound
     */
    public long complete(long status, MemorySegment data, long... arguments) {
        return Engine.get().complete(chain, status, segment, data, arguments);
    }

    /** Calls a function of one word. */
    public long call(long a0) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of two words. */
    public long call(long a0, long a1) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of three words. */
    public long call(long a0, long a1, long a2) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of four words. */
    public long call(long a0, long a1, long a2, long a3) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2, a3);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of five words. */
    public long call(long a0, long a1, long a2, long a3, long a4) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2, a3, a4);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of six words. */
    public long call(long a0, long a1, long a2, long a3, long a4, long a5) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2, a3, a4, a5);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of seven words. */
    public long call(long a0, long a1, long a2, long a3, long a4, long a5, long a6) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2, a3, a4, a5, a6);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of eight words. */
    public long call(long a0, long a1, long a2, long a3, long a4, long a5, long a6, long a7) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2, a3, a4, a5, a6, a7);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of nine words. */
    public long call(long a0, long a1, long a2, long a3, long a4, long a5, long a6, long a7, long a8) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, a2, a3, a4, a5, a6, a7, a8);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of one word, and completes the call. */
    public long run(long a0) {
        long status = call(a0);
        return isFinal(status) ? status : complete(status, a0);
    }

    /** Calls a function of two words, and completes the call. */
    public long run(long a0, long a1) {
        long status = call(a0, a1);
        return isFinal(status) ? status : complete(status, a0, a1);
    }

    /** Calls a function of three words, and completes the call. */
    public long run(long a0, long a1, long a2) {
        long status = call(a0, a1, a2);
        return isFinal(status) ? status : complete(status, a0, a1, a2);
    }

    /** Calls a function of four words, and completes the call. */
    public long run(long a0, long a1, long a2, long a3) {
        long status = call(a0, a1, a2, a3);
        return isFinal(status) ? status : complete(status, a0, a1, a2, a3);
    }

    /** Calls a function of a word and a segment, and completes the call. */
    public long run(long a0, MemorySegment data) {
        MethodHandle linked = function;
        try {
            long status = linked == null ? Engine.UNLINKED
                    : (long) linked.invokeExact(a0, data);
            return isFinal(status) ? status : complete(status, data, a0, 0);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of a word and a segment. */
    public long call(long a0, MemorySegment data) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, data);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of a word, two segments and a word. */
    public long call(long a0, MemorySegment first, MemorySegment second, long a3) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, first, second, a3);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of a word, a segment and a word. */
    public long call(long a0, MemorySegment data, long a2) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, data, a2);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of two words, a segment and a word. */
    public long call(long a0, long a1, MemorySegment data, long a3) {
        MethodHandle linked = function;
        try {
            return linked == null ? Engine.UNLINKED : (long) linked.invokeExact(a0, a1, data, a3);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of two words, a segment and two words, and completes the call. */
    public long run(long a0, long a1, MemorySegment data, long a3, long a4) {
        MethodHandle linked = function;
        try {
            long status = linked == null ? Engine.UNLINKED
                    : (long) linked.invokeExact(a0, a1, data, a3, a4);
            return isFinal(status) ? status : complete(status, data, a0, a1, 0, a3, a4);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Calls a function of a word, a segment and four words, and completes the call. */
    public long run(long a0, MemorySegment data, long a2, long a3, long a4, long a5) {
        MethodHandle linked = function;
        try {
            long status = linked == null ? Engine.UNLINKED
                    : (long) linked.invokeExact(a0, data, a2, a3, a4, a5);
            return isFinal(status) ? status : complete(status, data, a0, 0, a2, a3, a4, a5);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
