package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.github.rseq4j.KernelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Sends signals to threads of this process, and sets their actions. {@link SignalHandler} installs a handler until it
 * is closed.
 */
public final class Signals {
    /** The signal that a breakpoint instruction raises ({@code asm-generic/signal.h}). */
    public static final int SIGTRAP = 5;
    /** The action that discards a signal, also one that is pending ({@code asm-generic/signal-defs.h}). */
    public static final long SIG_IGN = 1;

    private static final int SA_SIGINFO = 4;
    private static final int SA_ONSTACK = 0x0800_0000;
    private static final int SA_RESTART = 0x1000_0000;
    private static final int SIGACTION_FLAGS_OFFSET = 136;
    /** glibc's and musl's struct sigaction: handler, a 128-byte mask, int flags, restorer. */
    static final int SIGACTION_BYTES = 152;

    private Signals() {}

    /**
     * tgkill(2): sends a signal to one thread of this process.
     *
     * @param tid the thread
     * @param signal the signal
     * @return 0 or -errno
     */
    public static int tgkill(int tid, int signal) {
        return (int) SystemCall.TGKILL.call(ProcessHandle.current().pid(), tid, signal);
    }

    /**
     * sigaction(3): sets the action of a signal for the whole process.
     *
     * @param signal the signal
     * @param handler the address of a C function that takes the signal's number, siginfo_t and ucontext_t
     * @return the bytes of the former action, for {@link #sigaction(int, byte[])}
     * @throws KernelException when the kernel refuses
     */
    public static byte[] sigaction(int signal, long handler) {
        return sigaction(signal, action(handler));
    }

    /** Returns the bytes of an action with a handler. */
    static byte[] action(long handler) {
        byte[] action = new byte[SIGACTION_BYTES];
        MemorySegment bytes = MemorySegment.ofArray(action);
        bytes.set(JAVA_LONG_UNALIGNED, 0, handler);
        bytes.set(JAVA_INT_UNALIGNED, SIGACTION_FLAGS_OFFSET, SA_RESTART | SA_SIGINFO | SA_ONSTACK);
        return action;
    }

    /**
     * Returns the handler of an action: the address of a function, 0 for SIG_DFL, 1 for SIG_IGN.
     *
     * @param action bytes that {@link #sigaction(int, byte[])} returned
     */
    public static long handler(byte[] action) {
        return MemorySegment.ofArray(action).get(JAVA_LONG_UNALIGNED, 0);
    }

    /**
     * sigaction(3) with an action that an earlier call returned.
     *
     * @param signal the signal
     * @param action its bytes; an empty array changes nothing
     * @return the bytes of the former action
     * @throws KernelException when the kernel refuses
     */
    public static byte[] sigaction(int signal, byte[] action) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment now = arena.allocate(SIGACTION_BYTES, 8);
            MemorySegment former = arena.allocate(SIGACTION_BYTES, 8);
            now.copyFrom(MemorySegment.ofArray(action));
            long result = Native.call(Native.find("sigaction"), signal, action.length == 0 ? 0 : now.address(),
                    former.address()).intOrNegativeErrno();
            Errno.check("sigaction(signal=" + signal + ")", result);
            return former.toArray(JAVA_BYTE);
        }
    }
}
