package io.github.rseq4j.trace.thread;

import io.github.rseq4j.trace.ctf.TraceThread;
import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/** What a tracer knows of one thread. It refers weakly to a platform thread of Java, and to no other thread. */
final class ThreadEntry extends WeakReference<@Nullable Thread> {
    /** What an entry of the metadata has besides the name, at most. */
    private static final int FIXED_CHARS = 100;

    /** Java's number of the thread, or a number below 0 of a thread that Java does not know. */
    final long key;
    /** The kernel's number, or {@link TraceThread#NONE}. */
    final long tid;
    final boolean isVirtual;
    /** When the thread was seen first, in cycles. */
    long from;
    /** When it was seen that it had ended, in cycles, or {@link TraceThread#OPEN}. */
    long to = TraceThread.OPEN;
    /** How often it was found in /proc. */
    int looks;
    /** The next entry of a stack. */
    @Nullable ThreadEntry next;
    /** How many entries the stack has, with this one. */
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
     * @param id Java's number of it
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
     * @param now in cycles
     */
    static ThreadEntry ofPlatform(Thread thread, long tid, long now) {
        return new ThreadEntry(thread, thread.threadId(), tid, false, now, thread.getName());
    }

    /**
     * Returns the entry of a thread that Java need not know.
     *
     * @param key a number below 0
     * @param tid the kernel's number
     * @param now in cycles
     * @param name its name
     */
    static ThreadEntry ofKernel(long key, long tid, long now, String name) {
        return new ThreadEntry(null, key, tid, false, now, name);
    }

    /** Tells whether Java need not know the thread. */
    boolean isOfKernel() {
        return key < 0;
    }

    /** Tells whether the thread is known to live. */
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

    /** Returns how long the thread's entry of the metadata is at most: a byte may be an escape of four characters. */
    int chars() {
        int chars = FIXED_CHARS;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            chars += c >= ' ' && c < 0x7F ? 2 : c < 0x80 ? 4 : c < 0x800 ? 8 : 12;
        }
        return chars;
    }

    TraceThread thread() {
        return new TraceThread(Math.max(key, TraceThread.NONE), tid, isVirtual, from, to, name);
    }
}
