package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.LockFunctions;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.memory.Headroom;
import io.github.rseq4j.memory.RemoteAccess;
import io.github.rseq4j.sections.LoadCbneAddressStore;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * A lock for each index, for data with a copy for each index whose update does not fit into one section. Taking the
 * lock of the thread's current index is one downcall, with no atomic instruction. It finds the lock taken only if its
 * holder was preempted or has migrated. A thread may also take the lock of another index, to sum up or to drain all
 * copies; this costs a fence.
 *
 * {@snippet lang = java:
 * PerCpuLock lock = new PerCpuLock();
 * long[] hits = new long[lock.indices() * 8];      // a cache line for each index
 * for (int i = 0; i < 1000; i++) {
 *     lock.run(index -> hits[index * 8]++);        // an update of one copy, by its only user
 * }
 * long[] sum = new long[1];
 * lock.runEach(index -> sum[0] += hits[index * 8]);
 * long total = sum[0];                             // 1000
 * }
 *
 * <p><b>Migration.</b> A thread holds the lock of the index that {@link #lock()} returned, until {@link #unlock}
 * releases it; it does not hold the CPU. A holder that migrates, also a virtual thread to another carrier, still holds
 * this lock and uses the copy of this index.
 *
 * <p><b>Visibility.</b> Writes of a holder are visible to the next holder of the lock of the same index.
 *
 * <p><b>Threads.</b> Every method may be called from any thread, platform or virtual. A thread may release a lock that
 * another thread took. The lock is neither reentrant nor fair: a holder that calls {@link #lock()} again waits as long
 * as it gets the same index. A thread that needs several locks takes them by index, in ascending order, and does not
 * call {@link #lock()} while it holds one.
 *
 * <p><b>Waiting.</b> A waiting thread first spins, then yields, and then parks for up to a millisecond at a time. It
 * waits in Java: it delays no safepoint and does not pin a virtual thread. Waiting is not interruptible; the interrupt
 * status is kept.
 *
 * <p><b>Progress.</b> A preempted holder blocks the threads that need the same index, and no others. So a lock should
 * be held only for short work.
 *
 * <p><b>Errors.</b> If the stack overflows while a lock is taken, the lock is not held. {@link #run} releases the lock
 * also if the stack overflows in the action or while the lock is released. An {@link #unlock} that throws an Error has
 * released nothing.
 *
 * <p><b>Misuse.</b> Releasing a lock that is free throws. Releasing a lock that another thread holds is not detected.
 *
 * <p><b>Memory.</b> 8 bytes for each CPU on which threads take locks, beside the cells of other structures. They are
 * freed after the lock was collected. Locking allocates nothing.
 *
 * <p><b>Without rseq</b> the lock works in the same way with an index for each of a few stripes; a thread keeps its
 * stripe. See {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>The lock of the current CPU is the per-CPU spin lock of the kernel's rseq selftests (param_test, Mathieu
 * Desnoyers). That lock spins, and cannot be taken from another CPU.
 *
 * @since 0.1.0
 */
public final class PerCpuLock {
    /* How it works
     *
     * A word for each index:
     *   0                      free
     *   1                      taken by a section
     *   1 + id                 taken from another CPU by the thread with this id
     *   -2 * id, -2 * id - 1   marked by the thread with this id for runEach, before and after its fence
     *
     * lock() is load_cbne_address_store_relaxed (sections.LoadCbneAddressStore). Of the sections of one index only one
     * finds 0 and commits 1. Its result is the address of the copy, so the returned index is the index of the commit.
     * Only the holder writes a word that is not 0, so unlock() is a plain store of 0.
     *
     * Order:
     *   Holder:       accesses; release fence; store of 0.
     *   Next holder:  section loads 0; acquire fence; accesses.
     * So the accesses of the holder happen before those of the next holder (fences around relaxed accesses to one
     * word). On AMD64 the fences only restrict the compiler. On AArch64 they are dmb ish and dmb ishld, after the ldr
     * of the section. The commit of 1 may be relaxed. A thread that could still find the 0 under it either runs at the
     * same index, so on the same CPU, or on a CPU that the kernel's switch has ordered by a full barrier; or it is on
     * another CPU and fences. A holder that has migrated was switched out in between, so its 1 and all of its accesses
     * come before its store of 0.
     *
     * lock(index) is a visit (memory.RemoteAccess); the word of the lock is the claim word:
     *   1. Locker, claim: compare-and-set of 0 to 1 + id, which decides between threads of other CPUs.
     *   2. Locker, fence. A section that loaded 0 before the claim may still commit its 1 over it, or has committed it
     *      into its CPU's store buffer. After the fence it is aborted and finds the word taken, or its 1 is visible.
     *   3. Locker, look: if the word still holds 1 + id, the lock is held. Otherwise a section has won the lock. The id
     *      is needed for the look. With one value for all, a thread whose claim was overwritten and released could take
     *      another thread's claim for its own. It cannot be its own from earlier, because a thread tries one word at a
     *      time and leaves none that it has lost.
     *
     * runEach is a visit of all words that are free. The claim marks them, one fence confirms all marks, and the look
     * writes this into each mark. A confirmed mark keeps no thread out. No section is on its way to the word, so a
     * thread exchanges the mark for its own number by a compare-and-set, without a fence. runEach takes the words in
     * this way, one after the other. If an index was taken when the marks were made, or since then, its word is locked
     * as by lock(index).
     *
     * Each call of a method can throw a StackOverflowError. A method that takes or releases a lock makes its only store
     * in its last call. After that call, and where it fails, one line without a call notes that the index is
     * owed: taken, but without a holder. A thread that finds an index taken releases owed ones. A visit begins with
     * Headroom.
     *
     * On the fallback sections load and store under their stripe's lock. The compare-and-set takes no lock; if it comes
     * between the two, the section's store overwrites it, and the look finds this.
     *
     * Cost: a downcall and a store; from another CPU an atomic operation and a fence, some microseconds.
     *
     * Refused: a count instead of 0 and 1, to detect a wrong unlock(), which needs a second word; a queue of waiting
     * threads, which a section cannot join in one commit.
     */
    private static final int LOOKS = 64;
    private static final int YIELDS = 16;
    private static final long FIRST_PAUSE_NANOS = 1_000;
    private static final int MAX_DOUBLINGS = 10;
    private static final int ALL = -1;

    private final Engine engine = Engine.get(Cells.class, LockFunctions.class);
    private final long cells = Cells.get().allocate(this, 1);
    /** The indices that are taken and have no holder. */
    private final boolean[] owed = new boolean[engine.copies()];
    private final RemoteAccess.Visit one = new OneWord();
    private final RemoteAccess.Visit each = new FreeWords();
    /** Written after an element of the array, and read before. */
    private volatile boolean hasOwed;

    /**
     * Creates a lock that no thread holds at any index.
     *
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuLock() {
        engine.memory();
    }

    /** Returns the word's address at index 0, for sections of the tests. */
    long cells() {
        return cells;
    }

    /** {@return the number of indices: one for each CPU, and one that threads without an index share} */
    public int indices() {
        return engine.copies();
    }

    /**
     * Takes the lock of the calling thread's current index. If it is taken, the thread waits; its index may change
     * meanwhile.
     *
     * @return the index of the lock that is held, 0 to {@link #indices} - 1
     */
    public int lock() {
        int index = tryLock();
        return index >= 0 ? index : await(-1);
    }

    /**
     * Takes the lock of the calling thread's index if it is free.
     *
     * @return the index of the lock that is held, or -1 if it is taken
     */
    public int tryLock() {
        int held = -1;
        try {
            try {
                long copy = LockFunctions.take(cells);
                held = copy < 0 ? takeMarked() : (int) (copy - cells >>> Engine.STRIDE_SHIFT);
                // The section loaded the former holder's store of 0; its writes are visible after this fence.
                VarHandle.acquireFence();
                return held;
            } finally {
                Reference.reachabilityFence(this);
            }
        } catch (VirtualMachineError e) {
            if (held >= 0) {
                owed[held] = true;
                hasOwed = true;
            }
            throw e;
        }
    }

    /** Takes the calling thread's index if a fence has confirmed a mark there, or returns -1. */
    private int takeMarked() {
        settle();
        int index = engine.index();
        return exchange(word(index), own()) ? index : -1;
    }

    /** Exchanges a mark that a fence has confirmed. The store is the last action. */
    private boolean exchange(long word, long own) {
        long seen = engine.memory().getLong(word);
        return seen < 0 && (seen & 1) != 0 && engine.memory().compareAndSetLong(word, seen, own);
    }

    private static long own() {
        return LoadCbneAddressStore.TAKEN + Thread.currentThread().threadId();
    }

    /** Releases the owed indices. */
    private void settle() {
        if (hasOwed) {
            synchronized (owed) {
                for (int index = 0; index < owed.length; index++) {
                    if (owed[index]) {
                        settle(index);
                    }
                }
            }
        }
    }

    private void settle(int index) {
        long word = word(index);
        VarHandle.releaseFence();
        // Cleared before: the next holder may owe it again.
        owed[index] = false;
        try {
            engine.memory().putLong(word, 0);
        } catch (VirtualMachineError e) {
            owed[index] = true;
            throw e;
        }
    }

    /**
     * Takes the lock of any index, and waits while it is taken. It fences all CPUs, which takes microseconds.
     *
     * @param index the index, 0 to {@link #indices} - 1
     * @throws IndexOutOfBoundsException if there is no such index
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence, membarrier(2) and, in its place,
     *     sched_setaffinity(2); then the lock is not held
     */
    public void lock(int index) {
        lockOf(index);
    }

    /**
     * Takes the lock of any index if it is free.
     *
     * @param index the index, 0 to {@link #indices} - 1
     * @return whether the lock is held; false if it is taken, or if a thread of this index takes it at the same time
     * @throws IndexOutOfBoundsException if there is no such index
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence, membarrier(2) and, in its place,
     *     sched_setaffinity(2); then the lock is not held
     */
    public boolean tryLock(int index) {
        long word = word(index);
        long own = own();
        Headroom.require();
        settle();
        try {
            if (exchange(word, own)) {
                return true;
            }
            return RemoteAccess.visit(engine, one, index, own);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The visit that takes one word. */
    private final class OneWord implements RemoteAccess.Visit {
        @Override
        public boolean claim(int index, long own) {
            long word = word(index);
            // The first look spares a word that is taken the write, and its CPU the loss of the cache line.
            return engine.memory().getLong(word) == 0 && engine.memory().compareAndSetLong(word, 0, own);
        }

        @Override
        public boolean look(int index, long own) {
            return engine.memory().getLong(word(index)) == own;
        }

        @Override
        public void unclaim(int index, long own) {
            // A section may have it by now.
            engine.memory().compareAndSetLong(word(index), own, 0);
        }
    }

    /** The visit that marks the words that are free: an even number before the fence, the next lower one after it. */
    private final class FreeWords implements RemoteAccess.Visit {
        @Override
        public boolean claim(int index, long mark) {
            remark(0, mark);
            return true;
        }

        @Override
        public boolean look(int index, long mark) {
            remark(mark, mark - 1);
            return true;
        }

        @Override
        public void unclaim(int index, long mark) {
            remark(mark, 0);
        }
    }

    /**
     * Releases a lock that is held.
     *
     * @param index the result of {@link #lock()} or {@link #tryLock()}, or the argument of {@link #lock(int)}
     * @throws IndexOutOfBoundsException if there is no such index
     * @throws IllegalMonitorStateException if it is not locked
     */
    public void unlock(int index) {
        try {
            free(index);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** Releases a lock. The store is the last action. */
    private void free(int index) {
        long word = word(index);
        if (engine.memory().getLong(word) <= 0) {
            throw new IllegalMonitorStateException("index=" + index + " is not locked");
        }
        VarHandle.releaseFence();
        engine.memory().putLong(word, 0);
    }

    /**
     * Takes the lock of the calling thread's current index, runs an action, and releases the lock, also if the action
     * throws.
     *
     * @param action receives the index of the lock that is held
     */
    public void run(IntConsumer action) {
        run(-1, action);
    }

    /**
     * Runs an action for each index in ascending order, while it holds the lock of this index alone. It fences once,
     * and once more for each index that it finds taken.
     *
     * @param action receives the index of the lock that is held
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence, membarrier(2) and, in its place,
     *     sched_setaffinity(2); then no action has run, unless another thread held a lock: the actions of lower
     *     indices may have run then
     */
    public void runEach(IntConsumer action) {
        Headroom.require();
        long mark = -2 * Thread.currentThread().threadId();
        try {
            RemoteAccess.visit(engine, each, ALL, mark);
            for (int index = 0; index < indices(); index++) {
                run(index, action);
            }
        } finally {
            // Clears the marks that the loop did not reach: any thread may exchange a mark that stays.
            remark(mark - 1, 0);
            Reference.reachabilityFence(this);
        }
    }

    private void remark(long from, long to) {
        for (int index = 0; index < indices(); index++) {
            long word = word(index);
            if (engine.memory().getLong(word) == from) {
                engine.memory().compareAndSetLong(word, from, to);
            }
        }
    }

    /** Runs an action for an index or, if the number is negative, for the calling thread's index. */
    private void run(int wanted, IntConsumer action) {
        int held = wanted < 0 ? lock() : lockOf(wanted);
        boolean isFreed = false;
        try {
            try {
                action.accept(held);
            } finally {
                free(held);
                isFreed = true;
            }
        } catch (VirtualMachineError e) {
            if (!isFreed) {
                owed[held] = true;
                hasOwed = true;
            }
            throw e;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private int lockOf(int index) {
        return tryLock(index) ? index : await(index);
    }

    private long word(int index) {
        if (index < 0 || index >= indices()) {
            throw new IndexOutOfBoundsException("index=" + index + ", must be 0 to " + (indices() - 1));
        }
        return cells + ((long) index << Engine.STRIDE_SHIFT);
    }

    /** Tries again until the lock is held: that of an index or, if the number is negative, of the thread's index. */
    private int await(int wanted) {
        boolean interrupted = false;
        int held = -1;
        try {
            for (int round = 0; held < 0; round++) {
                interrupted |= pause(round);
                if (wanted < 0) {
                    held = tryLock();
                } else if (tryLock(wanted)) {
                    held = wanted;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return held;
        } catch (VirtualMachineError e) {
            if (held >= 0) {
                owed[held] = true;
                hasOwed = true;
            }
            throw e;
        }
    }

    /**
     * Waits longer in later rounds. Clears the thread's interrupt status and returns it. Yielding only makes a short
     * wait shorter: nothing relies on it.
     */
    @SuppressWarnings("ThreadPriorityCheck")
    private static boolean pause(int round) {
        if (round < LOOKS) {
            Thread.onSpinWait();
            return false;
        }
        if (round < LOOKS + YIELDS) {
            Thread.yield();
            return false;
        }
        // An interrupted thread does not park: it would keep its CPU, or its carrier, from the holder.
        boolean interrupted = Thread.interrupted();
        LockSupport.parkNanos(FIRST_PAUSE_NANOS << Math.min(round - LOOKS - YIELDS, MAX_DOUBLINGS));
        return interrupted;
    }
}
