package io.github.rseq4j.cli.process;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.process.Ptrace.RseqConfiguration;
import io.github.rseq4j.cli.process.Ptrace.Waited;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Stops one thread of another process, reads its registration, and lets it go as it was. For one platform thread. */
public final class PtraceSession {
    /* How it works
     *
     * SEIZE, INTERRUPT, wait, read, DETACH, one thread after another: the others run on meanwhile, and what one thread
     * notices is a pause of some tens of microseconds, as from a preemption. What the stop must not change:
     *
     * - A signal that arrived first is delivered by the detach, with what its sender said of it.
     * - A thread that job control has stopped (SIGSTOP) stays stopped; the kernel sees to that when it is let go.
     * - A blocking system call goes on. Most are restarted by the kernel; some answer EINTR after any stop (signal(7):
     *   epoll_wait, sigtimedwait, semop, sockets with a timeout). Those are told to restart unless a handler runs, as
     *   the kernel does with the others. A timeout then starts anew; refused: EINTR, which a program that handles no
     *   signals need not expect.
     * - When this JVM ends, however it does, the kernel lets go of every thread.
     *
     * Refused: stopping all threads at once, which would show one moment, but stops a JVM of a thousand threads for a
     * tenth of a second; PTRACE_ATTACH, whose SIGSTOP can be seen.
     */
    private static final int WARM_UP = 250;
    private static final int EINTR = 4;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LEAST_PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long PROMPT_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(10);
    private static final long LONG_PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Architecture.Tracing tracing;
    private long patienceNanos = PATIENCE_NANOS;
    private final List<Long> stopsNanos = new ArrayList<>();

    /**
     * Makes a session that has no thread yet.
     *
     * @param architecture this machine's
     * @throws InputException when nothing can be traced
     */
    public PtraceSession(Architecture architecture) {
        this.tracing = architecture.tracing();
        int answer = Ptrace.seize(0);
        if (answer != -Errno.ESRCH) {
            throw new InputException("ptrace(2) is forbidden here, for whatever process: it answered "
                    + Errno.name(-answer) + "; run outside of the container, or allow it in its seccomp profile");
        }
        warmUp();
    }

    /** What came of looking at a thread. */
    public sealed interface Look {}

    /**
     * A thread that was read.
     *
     * @param registration what the kernel has registered
     * @param threadPointer its thread pointer, null when it runs 32-bit code
     * @param area the area's first bytes, fewer where they cannot be read
     */
    public record Seen(RseqConfiguration registration, @Nullable Long threadPointer, byte[] area) implements Look {
        /** Returns how far its area lies from its thread pointer; null when it has none, or it cannot be told. */
        public @Nullable Long distance() {
            long start = registration.area();
            return threadPointer == null || start == 0 ? null : (Long) (start - threadPointer);
        }
    }

    /** A thread that has ended. */
    public record Gone() implements Look {}

    /** A thread that does not stop: it is in an uninterruptible system call, or frozen. */
    public record Stuck() implements Look {}

    /**
     * A thread that may not be traced.
     *
     * @param errno what the kernel answered
     */
    public record Refused(int errno) implements Look {}

    /** Calls everything in vain, so that no thread stands still while this JVM links and loads what it takes. */
    private void warmUp() {
        // Nobody is his own child. 0 would mean any child of this JVM, and take its end from who waits for it.
        int self = (int) ProcessHandle.current().pid();
        for (int i = 0; i < WARM_UP; i++) {
            look(0);
            await(self);
            read(0, new Waited(0, Linux.SIGTRAP << Byte.SIZE));
            restart(0, new long[tracing.registers()]);
            Ptrace.interrupt(0);
            Ptrace.pokeuser(0, 0, 0);
            LockSupport.parkNanos(1);
            try {
                seen(0, 0L, Ptrace.get_rseq_configuration(0));
            } catch (KernelException e) {
                seen(0, 0L, new RseqConfiguration(1, RseqArea.ORIGINAL_BYTES, 0, 0));
            }
        }
    }

    /** Returns how long each thread was stopped, ascending: from asking it to stop until it was let go. */
    public List<Long> stopsNanos() {
        return stopsNanos.stream().sorted().toList();
    }

    /** Looks at a thread. */
    public Look look(int tid) {
        int seized = Ptrace.seize(tid);
        if (seized < 0) {
            return seized == -Errno.ESRCH ? new Gone() : new Refused(-seized);
        }
        // This fails only when the thread has ended, and waiting tells that.
        Ptrace.interrupt(tid);
        return await(tid);
    }

    /** Waits for a thread that was asked to stop. */
    public Look await(int tid) {
        long start = System.nanoTime();
        while (true) {
            Waited waited = Ptrace.wait4(tid);
            if (waited.tid() < 0 || (waited.tid() > 0 && !waited.isStopped())) {
                return new Gone();
            }
            long nanos = System.nanoTime() - start;
            if (waited.tid() > 0) {
                Look look = read(tid, waited);
                stopsNanos.add(System.nanoTime() - start);
                return look;
            }
            if (nanos > patienceNanos) {
                // Whoever is stuck costs all his patience but once: a frozen process can have a thousand threads.
                patienceNanos = LEAST_PATIENCE_NANOS;
                return new Stuck();
            }
            // Asking on and on would keep the CPU from the very thread that is to stop, for a time slice.
            if (nanos > PROMPT_NANOS) {
                LockSupport.parkNanos(nanos < PATIENCE_NANOS / 100 ? PARK_NANOS : LONG_PARK_NANOS);
            }
        }
    }

    private Look read(int tid, Waited stop) {
        try {
            long[] registers = Ptrace.getregset(tid, tracing.registerSet(), tracing.registers());
            boolean complete = registers.length == tracing.registers();
            if (complete && stop.event() == Ptrace.PTRACE_EVENT_STOP && stop.signal() == Linux.SIGTRAP) {
                restart(tid, registers);
            }
            return seen(tid, complete ? registers[tracing.threadPointer()] : null, Ptrace.get_rseq_configuration(tid));
        } catch (KernelException e) {
            if (e.errno() == Errno.ESRCH) {
                return new Gone();
            }
            throw e;
        } finally {
            // An event of its own has no signal that would be due.
            Ptrace.detach(tid, stop.event() == 0 ? stop.signal() : 0);
        }
    }

    private static Seen seen(int tid, @Nullable Long threadPointer, RseqConfiguration registration) {
        int wanted = registration.area() == 0 ? 0
                : (int) Math.min(Integer.toUnsignedLong(registration.sizeBytes()), RseqArea.ORIGINAL_BYTES);
        byte[] area = new byte[wanted];
        boolean isReadable = Ptrace.process_vm_readv(tid, registration.area(), area) == wanted;
        return new Seen(registration, threadPointer, isReadable ? area : new byte[0]);
    }

    /** Has a system call restarted that the kernel would let fail because of our stop. */
    private void restart(int tid, long[] registers) {
        if (tracing.result() < 0 || registers[tracing.result()] != -EINTR) {
            return;
        }
        for (int call : tracing.uninterrupted()) {
            if (registers[tracing.call()] == call) {
                Ptrace.pokeuser(tid, tracing.result(), -Ptrace.ERESTARTNOHAND);
            }
        }
    }
}
