package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.memory.RingMemory;
import io.github.rseq4j.sections.ArrayRing;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** The functions of the rings as constants; each returns 0, or the status of an exit. */
final class RingFunctions {
    static final long FULL = Status.failure(Status.EXIT + ArrayRing.EXIT_FULL, 0);
    static final long END = Status.failure(Status.EXIT + ArrayRing.EXIT_END, 0);

    private RingFunctions() {}

    /** Links the function of words at the first use. */
    static final class Words {
        private static final @Nullable MethodHandle PUSH = Engine.link(ArrayRing.PUSH);
    }

    /** Links the functions of records at the first use. */
    static final class Records {
        /** A word of an array of bytes. */
        static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
        private static final @Nullable MethodHandle PUSH = Engine.link(ArrayRing.PUSH_RECORD, 1);
        private static final @Nullable MethodHandle PAD = Engine.link(ArrayRing.PAD);
    }

    static long push(RingMemory memory, long value) {
        try {
            long cells = memory.cells();
            long capacity = memory.openBytes() / Long.BYTES;
            MethodHandle push = Words.PUSH;
            long status = push == null ? Engine.UNLINKED
                    : (long) push.invokeExact(cells, value, capacity, capacity - 1);
            return status >= 0 || status == FULL ? status
                    : Engine.get().complete(ArrayRing.PUSH, status, cells, value, capacity, capacity - 1);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    static long pushRecord(RingMemory memory, MemorySegment record, long needBytes) {
        try {
            long cells = memory.cells();
            long capacity = memory.openBytes();
            long bytes = record.byteSize();
            MethodHandle push = Records.PUSH;
            long status = push == null ? Engine.UNLINKED
                    : (long) push.invokeExact(cells, record, bytes, needBytes, capacity, capacity - 1);
            return status >= 0 || Status.code(status) >= Status.EXIT ? status
                    : Engine.get().complete(ArrayRing.PUSH_RECORD, status, 1, record, cells, 0, bytes, needBytes,
                            capacity, capacity - 1);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    static long pad(RingMemory memory, long needBytes) {
        try {
            long cells = memory.cells();
            long capacity = memory.openBytes();
            MethodHandle pad = Records.PAD;
            long status = pad == null ? Engine.UNLINKED
                    : (long) pad.invokeExact(cells, needBytes, capacity, capacity - 1);
            return status >= 0 || Status.code(status) >= Status.EXIT ? status
                    : Engine.get().complete(ArrayRing.PAD, status, cells, needBytes, capacity, capacity - 1);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }
}
