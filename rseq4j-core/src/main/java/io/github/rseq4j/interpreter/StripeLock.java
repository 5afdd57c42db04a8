package io.github.rseq4j.interpreter;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The lock of a stripe. It is held for the few instructions of a section, which neither waits nor calls foreign code.
 */
@SuppressWarnings("UnusedVariable")
public final class StripeLock {
    /* How it works
     *
     *   acquire:  compare-and-set held from 0 to 1; if another thread holds the lock, spin, then yield, then sleep
     *   release:  store 0 with release order
     *
     * So an update takes one atomic instruction; a monitor takes two. The holder does not know of waiting threads,
     * hence a waiting thread wakes by itself. A holder that the scheduler has preempted keeps other threads of its
     * stripe waiting, as with a monitor.
     *
     * A StackOverflowError can come at the entry of any method, also of release. A caller that catches it stores 0 to
     * the field, which is no call. The field is volatile for this store; it is as large as two cache lines, because
     * other stripes' locks lie beside it in the heap.
     *
     * Refused: ReentrantLock. Its release stores a volatile word, which is an atomic instruction on x86-64.
     */
    private static final VarHandle HELD = held();
    private static final int SPINS = 1 << 6;
    private static final int YIELDS = 1 << 8;
    private static final long SLEEP_NANOS = 50_000;

    private long padding1;
    private long padding2;
    private long padding3;
    private long padding4;
    private long padding5;
    private long padding6;
    private long padding7;
    /** 1 while a thread holds the lock. The holder stores 0 where {@link #release} could not be called. */
    public volatile int held;
    private long padding8;
    private long padding9;
    private long padding10;
    private long padding11;
    private long padding12;
    private long padding13;
    private long padding14;

    StripeLock() {}

    private static VarHandle held() {
        try {
            return MethodHandles.lookup().findVarHandle(StripeLock.class, "held", int.class);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Takes the lock. Called by the generated code too. */
    public void acquire() {
        if (!HELD.compareAndSet(this, 0, 1)) {
            await();
        }
    }

    private void await() {
        int tries = 0;
        do {
            pause(tries++);
        } while (!HELD.compareAndSet(this, 0, 1));
    }

    /**
     * Waits for a thread that is inside of a section: shortly at first, and the longer the more often it was called.
     *
     * @param tries the number of calls before this one
     */
    @SuppressWarnings("ThreadPriorityCheck") // It lets the holder run, and sleeps if that does not help.
    public static void pause(int tries) {
        if (tries < SPINS) {
            Thread.onSpinWait();
        } else if (tries < YIELDS) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(SLEEP_NANOS);
        }
    }

    /** Gives the lock back. Called by the generated code too. */
    public void release() {
        HELD.setRelease(this, 0);
    }

    /** Takes the lock and gives it back at once. */
    void pass() {
        acquire();
        held = 0;
    }
}
