package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Timers that send a signal to one thread each time that it has used a given amount of CPU time. */
public final class CpuTimers {
    private static final int SIGEV_THREAD_ID = 4;
    /** struct sigevent: value 0, signo 8, notify 12, tid 16. */
    private static final int SIGEVENT_BYTES = 64;
    private static final int THREAD_CPU_CLOCK = 6;
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private CpuTimers() {}

    /**
     * timer_create(2) and timer_settime(2): sends a signal to a thread each time that it has used a given amount of CPU
     * time.
     *
     * @param tid the thread
     * @param signal the signal
     * @param intervalNanos the amount of CPU time
     * @return the timer or -errno
     */
    public static int create(int tid, int signal, long intervalNanos) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(SIGEVENT_BYTES, 8);
            event.set(JAVA_INT_UNALIGNED, 8, signal);
            event.set(JAVA_INT_UNALIGNED, 12, SIGEV_THREAD_ID);
            event.set(JAVA_INT_UNALIGNED, 16, tid);
            MemorySegment timer = arena.allocate(JAVA_LONG);
            // linux/posix-timers.h: the clock of another thread is the inverted thread id, shifted left by three bits,
            // and the kind of clock in these bits.
            int result = (int) SystemCall.TIMER_CREATE.call(~tid << 3 | THREAD_CPU_CLOCK, event.address(),
                    timer.address());
            if (result < 0) {
                return result;
            }
            int made = timer.get(JAVA_INT_UNALIGNED, 0);
            MemorySegment times = arena.allocate(4L * Long.BYTES, 8);
            for (int at = 0; at < 4 * Long.BYTES; at += 2 * Long.BYTES) {
                times.set(JAVA_LONG, at, intervalNanos / NANOS_PER_SECOND);
                times.set(JAVA_LONG, at + Long.BYTES, intervalNanos % NANOS_PER_SECOND);
            }
            result = (int) SystemCall.TIMER_SETTIME.call(made, 0, times.address(), 0);
            if (result < 0) {
                timer_delete(made);
                return result;
            }
            return made;
        }
    }

    /**
     * timer_delete(2).
     *
     * @param timer what {@link #create} returned
     * @return 0 or -errno
     */
    public static int timer_delete(int timer) {
        return (int) SystemCall.TIMER_DELETE.call(timer);
    }
}
