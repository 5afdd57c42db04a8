package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.memory.Headroom;
import io.github.rseq4j.memory.RemoteAccess;
import io.github.rseq4j.sections.LoadCbneAddressStore;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * A lock for each CPU's index, for data with a copy for each index whose update does not fit one section. Taking the
 * lock of the CPU that the thread runs on is one downcall, with no atomic instruction, and seldom finds it taken: only
 * by a holder that was preempted or has moved away. The lock of another index can be taken as well, for who adds up or
 * drains all copies; that costs a fence.
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
 * <p><b>What is held.</b> The lock of the index that {@link #lock()} returned, until {@link #unlock} releases it, and
 * not the CPU: a holder that migrates, or a virtual thread that goes on on another carrier, holds what it held, and
 * uses that index's copy of the data. What a holder has written is seen by who holds the lock of this index next.
 *
 * <p><b>Threads.</b> Every method may be called from any thread, platform or virtual, and a lock may be released by
 * another thread than took it. It is neither reentrant nor fair: a holder that takes a lock again waits for itself when
 * it gets the same index. Who needs several takes them by index, in ascending order, and does not call {@link #lock()}
 * while it holds one. Waiting looks some times, then yields, then parks for up to a millisecond at a time, always in
 * Java: it delays no safepoint, pins no virtual thread and leaves its carrier to others. It cannot be interrupted; an
 * interrupt that came meanwhile is kept.
 *
 * <p><b>Errors.</b> Where the stack overflows while a lock is taken it is not held; {@link #run} releases it also when
 * the stack overflows in the action, or in releasing it. An {@link #unlock} that throws an error has released nothing.
 *
 * <p><b>Progress.</b> A thread that is preempted while it holds a lock keeps those out which run on its CPU meanwhile,
 * and no others: hold it for short work.
 *
 * <p><b>Memory.</b> 8 bytes for each CPU that takes locks, packed beside other structures' cells; they go back when the
 * lock is collected. Nothing is allocated by locking.
 *
 * <p><b>Misuse.</b> Releasing an index that is not held throws when it is found free; where another thread holds it by
 * then, that cannot be told.
 *
 * <p><b>Without rseq</b> it works the same for each of a few stripes, a thread keeping to one; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>The lock of the CPU one runs on is the per-CPU spin lock of the kernel's own tests of rseq (param_test, Mathieu
 * Desnoyers), which spins, and has no lock from afar.
 */
public final class PerCpuLock {
    /* How it works
     *
     * A word for each index: 0 free, 1 taken by a section, 1 + id taken from afar by the thread with this id, -2 * id
     * and -2 * id - 1 marked by the thread with this id for runEach, before and after its fence.
     *
     * lock() is load_cbne_address_store_relaxed (engine.LoadCbneAddressStore): of the sections of one index only one
     * finds 0 and commits 1. Its result is the address of the copy, so the index is the one that was committed to, and
     * no later look at the CPU can disagree. A word that is not 0 is written by its holder alone, so unlock() is a
     * plain store of 0.
     *
     * Order: the holder's accesses stand ahead of a release fence and the store of 0; the next holder's section loads
     * this 0, and an acquire fence stands behind it. So what the one wrote happens before what the other does (fences
     * around relaxed accesses to one word). On AMD64 loads stay in order, and stores too, and the fences only bind the
     * compiler; on AArch64 they are dmb ish and dmb ishld, behind the section's ldr. That the 1 is committed relaxed is
     * enough: who could find the 0 under it runs on the same index, hence on this CPU, whose own loads see it, or where
     * the kernel's switch was a full barrier; or it comes from afar and fences. A holder that has migrated changes
     * nothing about that: it was switched out in between, and its 1 and all its accesses are ahead of its own store of
     * 0, whichever CPU that comes from.
     *
     * lock(index) is a visit (memory.RemoteAccess); the word of the lock is the claim word:
     *   1. Locker, claim: compare-and-set of 0 to 1 + id, which decides between threads from afar.
     *   2. Locker, fence. A section that loaded 0 before the claim may still commit its 1 over it, or has committed it
     *      into its CPU's store buffer. After the fence it is aborted and finds the word taken, or its 1 is visible.
     *   3. Locker, look: where the word still holds 1 + id, the lock is held. Where it does not, a section has won, and
     *      the word is its holder's.
     * The id is needed for the look. With one value for all, a thread whose claim was overwritten and released could
     * take another thread's claim for its own. It cannot be its own from earlier, because a thread tries one word at a
     * time and leaves none that it has lost.
     *
     * runEach is a visit of all words that are free. The claim marks them, one fence confirms all marks, and the look
     * says so in each. A confirmed mark keeps no thread out: no section is on its way to the word, so a thread that
     * wants it exchanges the mark for its own number by a compare-and-set, without a fence. runEach takes the words so,
     * one after the other. The word of an index that was taken when the marks were made, or since, is locked as by
     * lock(index).
     *
     * A StackOverflowError comes where a method is called. What takes a lock, or releases it, has its only store in its
     * last call; behind it, and where that call fails, one line without a call notes that the index is owed. Who finds
     * an index taken releases what is owed. From afar there is Headroom first.
     *
     * On the fallback sections load and store under their stripe's lock, and the compare-and-set takes none: it may
     * come between the two, and is written over, which the look finds.
     *
     * Cost: a downcall and a store; from afar an atomic operation and a fence, some microseconds.
     *
     * Refused: a count in place of 0 and 1, to tell what unlock() releases, which needs a second word; a queue of those
     * that wait, which a section cannot join in one commit.
     */
    private static final int LOOKS = 64;
    private static final int YIELDS = 16;
    private static final long FIRST_PAUSE_NANOS = 1_000;
    private static final int MAX_DOUBLINGS = 10;
    private static final int ALL = -1;

    private final Engine engine = Engine.get(Cells.class, LockFunctions.class);
    private final long cells = Cells.get().allocate(this, 1);
    /** The indices that are taken and that nobody holds. */
    private final boolean[] owed = new boolean[engine.copies()];
    private final RemoteAccess.Visit one = new OneWord();
    private final RemoteAccess.Visit each = new FreeWords();
    /** Written after an element of the array, and read before. */
    private volatile boolean hasOwed;

    /** Makes a lock whose indices are all free. */
    public PerCpuLock() {
        engine.memory();
    }

    /** Returns the word's address at index 0, for sections of the tests. */
    long cells() {
        return cells;
    }

    /** {@return how many indices there are: each CPU's, and one that threads without an index share} */
    public int indices() {
        return engine.copies();
    }

    /**
     * Takes the lock of the calling thread's index, and waits while it is taken; the index may change while it waits.
     *
     * @return the index whose lock is held, 0 to {@link #indices} - 1
     */
    public int lock() {
        int index = tryLock();
        return index >= 0 ? index : await(-1);
    }

    /**
     * Takes the lock of the calling thread's index if it is free.
     *
     * @return the index whose lock is held, or -1 when it is taken
     */
    public int tryLock() {
        int held = -1;
        try {
            try {
                long copy = LockFunctions.take(cells);
                held = copy < 0 ? takeMarked() : (int) (copy - cells >>> Engine.STRIDE_SHIFT);
                // What the holder before released was loaded by the section: what it wrote is seen behind this.
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

    /** Takes the calling thread's index if it is free for whoever makes no section of it, or returns -1. */
    private int takeMarked() {
        settle();
        int index = engine.index();
        return exchange(word(index), own()) ? index : -1;
    }

    /** Exchanges a mark that a fence has confirmed. The store is the last that is done. */
    private boolean exchange(long word, long own) {
        long seen = engine.memory().getLong(word);
        return seen < 0 && (seen & 1) != 0 && engine.memory().compareAndSetLong(word, seen, own);
    }

    private static long own() {
        return LoadCbneAddressStore.TAKEN + Thread.currentThread().threadId();
    }

    /** Releases what nobody holds. */
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
     * Takes the lock of any index, and waits while it is taken. It aborts sections on all CPUs: it is for who looks at
     * all copies now and then.
     *
     * @param index whose, 0 to {@link #indices} - 1
     * @throws IndexOutOfBoundsException when there is no such index
     * @throws io.github.rseq4j.KernelException when the kernel refuses a fence; the lock is then not held
     */
    public void lock(int index) {
        lockOf(index);
    }

    /**
     * Takes the lock of any index if it is free.
     *
     * @param index whose, 0 to {@link #indices} - 1
     * @return whether it is held: not when it is taken, or was taken meanwhile by a thread of this index
     * @throws IndexOutOfBoundsException when there is no such index
     * @throws io.github.rseq4j.KernelException when the kernel refuses a fence; the lock is then not held
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
     * @param index what {@link #lock()} or {@link #tryLock()} returned, or {@link #lock(int)} was given
     * @throws IndexOutOfBoundsException when there is no such index
     * @throws IllegalMonitorStateException when it is not locked
     */
    public void unlock(int index) {
        try {
            free(index);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /** The store is the last that is done. */
    private void free(int index) {
        long word = word(index);
        if (engine.memory().getLong(word) <= 0) {
            throw new IllegalMonitorStateException("index=" + index + " is not locked");
        }
        VarHandle.releaseFence();
        engine.memory().putLong(word, 0);
    }

    /**
     * Runs an action while the lock of the calling thread's index is held, and releases it however the action ends.
     *
     * @param action takes the index whose lock is held
     */
    public void run(IntConsumer action) {
        run(-1, action);
    }

    /**
     * Runs an action for each index in ascending order, while the lock of this index, and no other one, is held. It
     * fences once, and once more for each index that it finds taken.
     *
     * @param action takes the index whose lock is held
     * @throws io.github.rseq4j.KernelException when the kernel refuses a fence; no action has run then
     */
    public void runEach(IntConsumer action) {
        long mark = -2 * Thread.currentThread().threadId();
        try {
            RemoteAccess.visit(engine, each, ALL, mark);
            for (int index = 0; index < indices(); index++) {
                run(index, action);
            }
        } finally {
            // What was not come to. A mark that stays would be anybody's.
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

    /** Runs an action for an index or, when it is negative, for the calling thread's. */
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

    /** Tries again until it is held, for an index or, when it is negative, for the calling thread's. */
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
     * Waits the longer the more rounds there were; returns whether the thread was interrupted, and is no more. Yielding
     * only makes a short wait shorter: nothing relies on it.
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
