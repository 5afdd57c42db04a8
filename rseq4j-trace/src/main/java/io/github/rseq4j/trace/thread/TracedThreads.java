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

/** Learns which threads record events, once for each thread. Any thread. */
public final class TracedThreads {
    /* How it works
     *
     * An event compares its thread's number, Java's, with the last number that was noted of those with the same
     * remainder. Where it is another number, a table of bits tells whether the thread was noted: a word has the bits of
     * 32 threads and, in its upper half, which 32 threads these are. Numbers go up, so the table covers the last
     * half million threads; an older thread is noted again after a newer one has taken its word, and is found in the
     * list.
     *
     * A thread that was not noted puts an entry on a stack, by one compare-and-set: it waits for nobody, and an agent
     * that records an event meanwhile does no harm. The tracer's thread moves the stack to the list, some milliseconds
     * later, under a lock. Where the stack is deep a recording thread moves it, if the lock is free.
     *
     * /proc is read while native code may record: only its events have the kernel's numbers.
     *
     * Refused: events for the beginning of threads, which a flight recorder overwrites; a ThreadLocal, which costs
     * memory for each virtual thread; the bits alone, which cost two nanoseconds for each event.
     */
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int RECENT_COUNT = 1 << 12;
    private static final int COUNT_SHIFT = 14;
    private static final int WORD_SHIFT = 5;
    /** So many threads have bits at once. */
    public static final int NOTED_COUNT = 1 << COUNT_SHIFT + WORD_SHIFT;
    private static final long TAG = -1L << Integer.SIZE;
    private static final int DEEP = 1024;

    private final TracerCounts counts;
    private final long[] recent = new long[RECENT_COUNT];
    private final long[] noted = new long[1 << COUNT_SHIFT];
    private final AtomicReference<@Nullable ThreadEntry> stack = new AtomicReference<>();

    /** Guards what follows. */
    private final ReentrantLock lock = new ReentrantLock();
    private final ThreadList list = new ThreadList();
    /** What was taken from the stack and is not in the list yet: it is not lost when something is thrown. */
    private @Nullable ThreadEntry taken;
    private @Nullable KernelTasks tasks;

    /** @param counts counts failures */
    public TracedThreads(TracerCounts counts) {
        this.counts = counts;
        // Here, and not on the stack of the first event: a class whose initialiser fails there is lost.
        ThreadEntry _ = platform(Thread.currentThread());
    }

    private static ThreadEntry platform(Thread thread) {
        return ThreadEntry.ofPlatform(thread, Linux.isCallable() ? Linux.gettid() : TraceThread.NONE, TraceTime.now());
    }

    /**
     * Returns the numbers of threads that were noted, each at its remainder: an event compares one of them. A thread
     * that is not there may have been noted all the same.
     */
    public long[] recent() {
        return recent;
    }

    /**
     * Tells whether a thread was noted.
     *
     * @param id Java's number of it
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
     * Notes the calling thread, before its event is recorded. It never throws: what is thrown is counted, and the
     * thread's next event tries again.
     *
     * @param thread the calling thread
     */
    public void note(Thread thread) {
        long id = thread.threadId();
        try {
            // First of all: what follows may load classes, and an agent may record events of that.
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

    /** Moves the stack to the list, in the order in which threads came. */
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

    /** Has the kernel's threads looked for, from now on. */
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
     * Looks which threads the kernel has, and names those that are new.
     *
     * @param from lists them
     * @return their numbers, as {@link KernelTasks#look} returns them
     * @throws IOException when they cannot be listed
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

    /** Returns a number that changes when a thread is noted that has a name. */
    public long news() {
        lock.lock();
        try {
            settle();
            return list.news();
        } finally {
            lock.unlock();
        }
    }

    /** Returns all that is known of threads now. */
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
