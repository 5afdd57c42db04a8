package io.github.rseq4j.trace.thread;

import io.github.rseq4j.trace.ctf.TraceThread;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/** An entry of one thread. It refers weakly to a platform thread of Java, and to no thread of another kind. */
final class ThreadEntry extends WeakReference<@Nullable Thread> {
    /** The largest number of characters of an entry of the metadata without the name. */
    private static final int FIXED_CHARS = 100;

    /** Java's number of the thread, or a number below 0 of a thread that Java does not know. */
    final long key;
    /** The kernel's number, or {@link TraceThread#NONE}. */
    final long tid;
    final boolean isVirtual;
    /** The time, in cycles, at which the thread was first seen. */
    long from;
    /** The time, in cycles, at which its end was noticed, or {@link TraceThread#OPEN}. */
    long to = TraceThread.OPEN;
    /** How many times it was found in /proc. */
    int looks;
    /** The next entry of the stack. */
    @Nullable ThreadEntry next;
    /** The number of entries of the stack from this one on. */
    int depth;

    private String name;

    private ThreadEntry(@Nullable Thread thread, long key, long tid, boolean isVirtual, long from, String name) {
        super(thread);
        this.key = key;
        this.tid = tid;
        this.isVirtual = isVirtual;
        this.from = from;
        this.name = TraceThread.cut(name);
    }

    /**
     * Returns the entry of a virtual thread.
     *
     * @param id Java's number of the thread
     * @param name its name
     */
    static ThreadEntry ofVirtual(long id, String name) {
        return new ThreadEntry(null, id, TraceThread.NONE, true, 0, name);
    }

    /**
     * Returns the entry of a platform thread of Java.
     *
     * @param thread the thread
     * @param tid the kernel's number, or {@link TraceThread#NONE}
     * @param now the time, in cycles
     */
    static ThreadEntry ofPlatform(Thread thread, long tid, long now) {
        return new ThreadEntry(thread, thread.threadId(), tid, false, now, thread.getName());
    }

    /**
     * Returns the entry of a thread that was found in /proc.
     *
     * @param key a number below 0
     * @param tid the kernel's number
     * @param now the time, in cycles
     * @param name its name
     */
    static ThreadEntry ofKernel(long key, long tid, long now, String name) {
        return new ThreadEntry(null, key, tid, false, now, name);
    }

    /** Tells whether the thread was found in /proc and has recorded no event as a thread of Java. */
    boolean isOfKernel() {
        return key < 0;
    }

    /** Tells whether the thread is known to be alive. A virtual thread never is. */
    boolean isAlive() {
        Thread thread = get();
        return isOfKernel() ? to == TraceThread.OPEN : thread != null && thread.isAlive();
    }

    String name() {
        return name;
    }

    void rename(String newName) {
        name = TraceThread.cut(newName);
    }

    /**
     * Returns the largest length of the thread's entry in the metadata: a byte of UTF-8
     * may be an escape of 4 characters in CTF 1.8, a control character one of 6 in CTF 2.
     */
    int chars() {
        int chars = FIXED_CHARS;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            chars += c >= ' ' && c < 0x7F ? 2 : c < 0x80 ? 6 : c < 0x800 ? 8 : 12;
        }
        return chars;
    }

    TraceThread thread() {
        return new TraceThread(Math.max(key, TraceThread.NONE), tid, isVirtual, from, to, name);
    }
}
