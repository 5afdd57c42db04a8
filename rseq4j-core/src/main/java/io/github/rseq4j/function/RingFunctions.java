package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.memory.HeapRings;
import io.github.rseq4j.memory.RingMemory;
import io.github.rseq4j.sections.ArrayRing;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.nio.ByteOrder;

/** The functions of the rings as constants; each returns 0, or the status of an exit. */
public final class RingFunctions {
    public static final long FULL = Status.failure(Status.EXIT + ArrayRing.EXIT_FULL, 0);
    public static final long END = Status.failure(Status.EXIT + ArrayRing.EXIT_END, 0);

    private RingFunctions() {}

    /** Links the function of words at the first use. */
    public static final class Words {
        /** A constant, so that on restartable sequences a push does not ask for {@link RingMemory#heap}. */
        private static final boolean IS_ON_HEAP = Engine.get() instanceof FallbackEngine;
        private static final Link PUSH = Engine.link(ArrayRing.PUSH);
    }

    /** Links the functions of records at the first use. */
    public static final class Records {
        /** A word of an array of bytes. */
        public static final VarHandle WORD =
                MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
        private static final Link PUSH = Engine.link(ArrayRing.PUSH_RECORD, 1);
        private static final Link PAD = Engine.link(ArrayRing.PAD);
    }

    public static long push(RingMemory memory, long value) {
        HeapRings heap = Words.IS_ON_HEAP ? memory.heap() : null;
        if (heap != null) {
            return heap.push(value) ? 0 : FULL;
        }
        try {
            long cells = memory.cells();
            long capacity = memory.openBytes() / Long.BYTES;
            return Words.PUSH.run(cells, value, capacity, capacity - 1);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    public static long pushRecord(RingMemory memory, MemorySegment record, long needBytes) {
        try {
            long cells = memory.cells();
            long capacity = memory.openBytes();
            return Records.PUSH.run(cells, record, record.byteSize(), needBytes, capacity, capacity - 1);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    public static long pad(RingMemory memory, long needBytes) {
        try {
            long cells = memory.cells();
            long capacity = memory.openBytes();
            return Records.PAD.run(cells, needBytes, capacity, capacity - 1);
        } finally {
            Reference.reachabilityFence(memory);
        }
    }
}
