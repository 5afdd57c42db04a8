package io.github.rseq4j.trace.thread;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Notes each thread that records events, once. Any thread may use it. */
public final class TracedThreads {
    /* How it works
     *
     * Recording thread, at each event:
     *
     *   1. It compares its number (Java's) with one slot of the array recent: the last noted number with the same
     *      remainder. If they are equal, it has been noted.
     *   2. Otherwise it looks up its bit in the table noted. A word of the table has the bits of 32 threads, and in its
     *      upper half the number of this group of 32.
     *   3. If the bit is not set, it sets the bit, and pushes an entry on a stack by compare-and-set. It does not wait
     *      for any other thread, and an event that an agent records meanwhile does no harm.
     *
     * Tracer's thread, some milliseconds later: it moves the stack to the list, under a lock. If the stack is deep, a
     * recording thread moves it, provided that the lock is free.
     *
     * Numbers of threads increase, so the table covers the last half million threads. When a newer thread has taken the
     * word of an older one, the older one is noted again, and the list has it already.
     *
     * /proc is read only while native code may record, because only its events have the kernel's numbers.
     *
     * Refused: events at the beginning of threads, because a flight recorder overwrites them; a ThreadLocal, which
     * costs memory for each virtual thread; the bits without recent, which cost two nanoseconds more for each event.
     */
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int RECENT_COUNT = 1 << 12;
    private static final int COUNT_SHIFT = 14;
    private static final int WORD_SHIFT = 5;
    /** The number of threads that have bits at the same time. */
    public static final int NOTED_COUNT = 1 << COUNT_SHIFT + WORD_SHIFT;
    private static final long TAG = -1L << Integer.SIZE;
    private static final int DEEP = 1024;

    private final TracerCounts counts;
    private final long[] recent = new long[RECENT_COUNT];
    private final long[] noted = new long[1 << COUNT_SHIFT];
    private final AtomicReference<@Nullable ThreadEntry> stack = new AtomicReference<>();

    /** Guards the fields below. */
    private final ReentrantLock lock = new ReentrantLock();
    private final ThreadList list = new ThreadList();
    /** Entries that were taken from the stack and are not in the list yet. A Throwable between does not lose them. */
    private @Nullable ThreadEntry taken;
    private @Nullable KernelTasks tasks;

    /** @param counts counts failures */
    public TracedThreads(TracerCounts counts) {
        this.counts = counts;
        // Initialises the classes here: the stack of the first event may be too short, and a class whose initialiser
        // fails stays unusable.
        ThreadEntry _ = platform(Thread.currentThread());
    }

    private static ThreadEntry platform(Thread thread) {
        return ThreadEntry.ofPlatform(thread, Linux.isCallable() ? Linux.gettid() : TraceThread.NONE, TraceTime.now());
    }

    /**
     * Returns the last noted numbers, each at the index of its remainder. An event compares one of them. A thread whose
     * number is not in this array may have been noted too.
     */
    public long[] recent() {
        return recent;
    }

    /**
     * Tells whether a thread was noted.
     *
     * @param id Java's number of the thread
     */
    public boolean isNoted(long id) {
        long bit = bit(id);
        return ((noted[word(id)] ^ tag(id)) & (TAG | bit)) == bit;
    }

    private int word(long id) {
        return (int) (id >>> WORD_SHIFT) & noted.length - 1;
    }

    private static long tag(long id) {
        return id >>> COUNT_SHIFT + WORD_SHIFT << Integer.SIZE;
    }

    private static long bit(long id) {
        return 1L << (id & (1 << WORD_SHIFT) - 1);
    }

    private void mark(long id, boolean isNoted) {
        long old;
        long marked;
        do {
            old = (long) WORDS.getVolatile(noted, word(id));
            long own = (old & TAG) == tag(id) ? old : tag(id);
            marked = isNoted ? own | bit(id) : own & ~bit(id);
        } while (!WORDS.compareAndSet(noted, word(id), old, marked));
    }

    /**
     * Notes the calling thread, before its event is recorded. It never throws: a Throwable is counted as a failure, and
     * the thread's next event tries again.
     *
     * @param thread the calling thread
     */
    public void note(Thread thread) {
        long id = thread.threadId();
        try {
            // The mark comes first: the steps below may load classes, and an agent may record events of that.
            mark(id, true);
            push(thread.isVirtual() ? ThreadEntry.ofVirtual(id, thread.getName()) : platform(thread));
            recent[(int) id & recent.length - 1] = id;
        } catch (Throwable t) {
            mark(id, false);
            counts.failed(t);
        }
    }

    private void push(ThreadEntry entry) {
        ThreadEntry top;
        do {
            top = stack.get();
            entry.next = top;
            entry.depth = top == null ? 1 : top.depth + 1;
        } while (!stack.compareAndSet(top, entry));
        if (entry.depth >= DEEP && !lock.isHeldByCurrentThread() && lock.tryLock()) {
            try {
                settle();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Moves the stack to the list, in the order in which threads were pushed. */
    private void settle() {
        while (true) {
            for (ThreadEntry entry = taken; entry != null; entry = taken) {
                list.add(entry);
                taken = entry.next;
                entry.next = null;
            }
            ThreadEntry top = stack.getAndSet(null);
            if (top == null) {
                return;
            }
            while (top != null) {
                ThreadEntry below = top.next;
                top.next = taken;
                taken = top;
                top = below;
            }
        }
    }

    /** From now on {@link #known} looks for the kernel's threads. */
    public void watchKernel() {
        lock.lock();
        try {
            if (tasks == null) {
                KernelTasks watched = new KernelTasks();
                look(watched);
                tasks = watched;
            }
        } catch (IOException e) {
            counts.failed(e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Looks for the kernel's threads, and adds those that are new to the list.
     *
     * @param from lists the threads
     * @return the threads, as {@link KernelTasks#look} returns them
     * @throws IOException when the threads cannot be listed
     */
    public Map<Integer, Integer> look(KernelTasks from) throws IOException {
        lock.lock();
        try {
            settle();
            long now = TraceTime.now();
            Map<Integer, Integer> found = from.look();
            list.found(found, now);
            return found;
        } finally {
            lock.unlock();
        }
    }

    /** Returns a number that changes when a named thread is noted. */
    public long news() {
        lock.lock();
        try {
            settle();
            return list.news();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the threads, as the metadata has them. */
    public ThreadList.Known known() {
        lock.lock();
        try {
            KernelTasks watched = tasks;
            if (watched != null) {
                look(watched);
            }
        } catch (IOException e) {
            counts.failed(e);
        } finally {
            lock.unlock();
        }
        lock.lock();
        try {
            settle();
            return list.known();
        } finally {
            lock.unlock();
        }
    }
}
