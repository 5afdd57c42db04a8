package io.github.rseq4j.kernel;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The scheduling policy of the calling carrier thread, sched(7). */
public final class Scheduling {
    /** struct sched_attr as of Linux 3.14 ({@code linux/sched/types.h}). */
    private static final int ATTR_BYTES = 48;
    private static final int POLICY_OFFSET = 4;
    private static final int PRIORITY_OFFSET = 20;
    private static final int RUNTIME_OFFSET = 24;
    /** The policies ({@code linux/sched.h}). */
    private static final int SCHED_OTHER = 0;
    private static final int SCHED_FIFO = 1;
    private static final int SCHED_RR = 2;
    private static final int SCHED_DEADLINE = 6;

    private Scheduling() {}

    /**
     * sched_setattr(2): gives the calling thread the ordinary policy, SCHED_OTHER, and asks for a time slice. If the
     * scheduler has slices (Linux 6.12), a thread that wakes up with a shorter slice than the running thread's preempts
     * that thread at once. If the kernel refuses, nothing changes.
     *
     * @param sliceNanos the slice, in nanoseconds; 0 for the scheduler's own
     * @return whether the thread still has a real-time policy
     */
    public static boolean sched_ordinary(long sliceNanos) {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocate(ATTR_BYTES, 8).address();
            if (SystemCall.SCHED_GETATTR.call(0, address, ATTR_BYTES, 0) < 0) {
                return false;
            }
            // The fields are read from a copy: the first access through a layout costs a fresh JVM milliseconds.
            ByteBuffer attr = ByteBuffer.wrap(RawMemory.get(address, ATTR_BYTES)).order(ByteOrder.nativeOrder());
            int policy = attr.getInt(POLICY_OFFSET);
            if (policy == SCHED_OTHER && sliceNanos == 0) {
                return false;
            }
            attr.putInt(POLICY_OFFSET, SCHED_OTHER);
            // Clears priority, runtime, deadline and period of the former policy. Flags and nice, which lie before
            // them, stay.
            Arrays.fill(attr.array(), PRIORITY_OFFSET, ATTR_BYTES, (byte) 0);
            attr.putLong(RUNTIME_OFFSET, sliceNanos);
            RawMemory.put(address, attr.array());
            boolean refused = SystemCall.SCHED_SETATTR.call(0, address, 0) < 0;
            return refused && (policy == SCHED_FIFO || policy == SCHED_RR || policy == SCHED_DEADLINE);
        }
    }
}
