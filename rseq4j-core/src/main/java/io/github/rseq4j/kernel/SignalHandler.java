package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.KernelException;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.Collection;

/**
 * Installs an emitted function as a signal's handler until it is closed. Afterwards the signal has its former action.
 */
public final class SignalHandler implements AutoCloseable {
    /* How it works
     *
     * Giving the signal back takes a sequence of three calls, which is defined once, here:
     *
     * 1. Read the action. If its handler is a different one by now, other code uses the signal, and the sequence ends.
     * 2. Ignore the signal: the kernel discards pending signals. The former action of most signals ends the process.
     * 3. Set the former action.
     *
     * The calls are prepared as method handles of the JDK's, so that they can also be made after the class loader of
     * this library is gone (LastCalls). They are prepared before the handler is installed: from then on no memory is
     * needed to give the signal back.
     */
    private final int signal;
    private final long handler;
    private final MemorySegment former;
    private final MethodHandle giveBack;
    private final Closeable end;

    /**
     * Prepares a handler, which is not installed yet.
     *
     * @param signal the signal
     * @param handler the address of a C function that takes the signal's number, siginfo_t and ucontext_t, and is never
     *     unmapped: a thread may still be in it after the signal was given back
     */
    @SuppressWarnings("MustBeClosedChecker") // The collector ends the arena, after the handles.
    public SignalHandler(int signal, long handler) {
        this.signal = signal;
        this.handler = handler;
        Arena arena = Arena.ofAuto();
        this.former = arena.allocate(Signals.SIGACTION_BYTES, Long.BYTES);
        MemorySegment now = arena.allocate(Signals.SIGACTION_BYTES, Long.BYTES);
        MemorySegment ignored = arena.allocate(Signals.SIGACTION_BYTES, Long.BYTES);
        ignored.set(JAVA_LONG, 0, Signals.SIG_IGN);
        MethodHandle restore = LastCalls.inOrder(sigaction(arena, ignored.address(), 0),
                sigaction(arena, former.address(), 0));
        this.giveBack = LastCalls.inOrder(sigaction(arena, 0, now.address()),
                MethodHandles.guardWithTest(LastCalls.isFirst(now, handler), restore, MethodHandles.zero(void.class)));
        this.end = LastCalls.closeable(giveBack);
    }

    private MethodHandle sigaction(Arena arena, long action, long former) {
        return LastCalls.call(arena, "sigaction", signal, action, former);
    }

    /**
     * Installs the handler, for the whole process.
     *
     * @throws KernelException when the kernel refuses
     */
    public void install() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(Signals.SIGACTION_BYTES, Long.BYTES)
                    .copyFrom(MemorySegment.ofArray(Signals.action(handler)));
            Errno.check("sigaction(signal=" + signal + ")", Native.call(Native.find("sigaction"), signal,
                    action.address(), former.address()).intOrNegativeErrno());
        }
    }

    /** Returns the handler that this one replaced: the address of a function, 0 for SIG_DFL, 1 for SIG_IGN. */
    public long formerHandler() {
        return former.get(JAVA_LONG, 0);
    }

    /**
     * Returns a Closeable that deletes timers that send the signal, and then gives the signal back.
     *
     * @param timers results of {@link CpuTimers#create}. The collection, of a JDK class, is read when the returned
     *     object is closed; negative numbers in it stand for no timer
     * @return an object that makes the calls each time that it is closed; it refers to no class of this library
     */
    public Closeable endOfTimers(Collection<Integer> timers) {
        return LastCalls.closeable(LastCalls.inOrder(LastCalls.deletion(timers), giveBack));
    }

    /** Gives the signal its former action back, unless its handler is a different one by now. */
    @Override
    public void close() {
        try {
            end.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
