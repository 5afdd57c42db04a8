package io.github.rseq4j.cli.process;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.process.Ptrace.RseqConfiguration;
import io.github.rseq4j.cli.process.Ptrace.Waited;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.Signals;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Stops threads of another process one by one, and reads their registrations. Used by one platform thread. */
public final class PtraceSession {
    /* How it works
     *
     * For one thread after another: SEIZE, INTERRUPT, wait, read, DETACH. The other threads continue meanwhile. The
     * stopped thread notices a pause of some tens of microseconds, as after a preemption. The stop changes nothing
     * else:
     *
     * - The detach delivers a signal that arrived before the stop, with its siginfo.
     * - A thread that job control has stopped (SIGSTOP) stays stopped; the kernel ensures that at the detach.
     * - A blocking system call continues. The kernel restarts most calls. Some answer EINTR after any stop (signal(7):
     *   epoll_wait, sigtimedwait, semop, sockets with a timeout); the session makes the kernel restart those as well,
     *   unless a handler runs. A timeout then starts again. Refused: leaving EINTR, which a program without signal
     *   handlers need not expect.
     * - When this JVM ends, in whatever way, the kernel detaches every thread.
     *
     * Refused: stopping all threads at the same time. It would show one moment, but would stop a JVM of a thousand
     * threads for a tenth of a second. Refused: PTRACE_ATTACH, whose SIGSTOP is visible.
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
     * Creates a session.
     *
     * @param architecture this machine's architecture
     * @throws InputException if ptrace(2) is forbidden
     */
    public PtraceSession(Architecture architecture) {
        this.tracing = architecture.tracing();
        int answer = Ptrace.seize(0);
        if (answer != -Errno.ESRCH) {
            throw InputException.cannot("ptrace(2) is forbidden for every process here: it answered "
                    + Errno.name(-answer) + "; run outside of the container, or allow it in the seccomp profile");
        }
        warmUp();
    }

    /** The outcome for a thread. */
    public sealed interface Look {}

    /**
     * A thread that was read.
     *
     * @param registration its registration
     * @param threadPointer its thread pointer, or null if it runs 32-bit code
     * @param area the first bytes of the area, none if they cannot be read
     */
    public record Seen(RseqConfiguration registration, @Nullable Long threadPointer, byte[] area) implements Look {
        /** Returns the distance of its area from its thread pointer; null if it has no area, or it is unknown. */
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
     * @param errno the answer of the kernel
     */
    public record Refused(int errno) implements Look {}

    /** Makes each call once without effect, so that no thread is stopped while this JVM links and loads classes. */
    private void warmUp() {
        // No process is its own child. 0 would mean any child of this JVM, and reap it before its waiter does.
        int self = (int) ProcessHandle.current().pid();
        for (int i = 0; i < WARM_UP; i++) {
            look(0);
            await(self);
            read(0, new Waited(0, Signals.SIGTRAP << Byte.SIZE));
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

    /** Returns the times from request to detach for each stopped thread, in nanoseconds, ascending. */
    public List<Long> stopsNanos() {
        return stopsNanos.stream().sorted().toList();
    }

    /** Stops and reads a thread. */
    public Look look(int tid) {
        int seized = Ptrace.seize(tid);
        if (seized < 0) {
            return seized == -Errno.ESRCH ? new Gone() : new Refused(-seized);
        }
        // This fails only if the thread has ended, which the wait reports.
        Ptrace.interrupt(tid);
        return await(tid);
    }

    /** Waits for a thread for which a stop was requested. */
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
                // Only the first stuck thread costs the full wait: a frozen process can have a thousand threads.
                patienceNanos = LEAST_PATIENCE_NANOS;
                return new Stuck();
            }
            // Polling without a pause could keep the CPU from the thread that is to stop, for a time slice.
            if (nanos > PROMPT_NANOS) {
                LockSupport.parkNanos(nanos < PATIENCE_NANOS / 100 ? PARK_NANOS : LONG_PARK_NANOS);
            }
        }
    }

    private Look read(int tid, Waited stop) {
        try {
            long[] registers = Ptrace.getregset(tid, tracing.registerSet(), tracing.registers());
            boolean complete = registers.length == tracing.registers();
            if (complete && stop.event() == Ptrace.PTRACE_EVENT_STOP && stop.signal() == Signals.SIGTRAP) {
                restart(tid, registers);
            }
            return seen(tid, complete ? registers[tracing.threadPointer()] : null, Ptrace.get_rseq_configuration(tid));
        } catch (KernelException e) {
            if (e.errno() == Errno.ESRCH) {
                return new Gone();
            }
            throw e;
        } finally {
            // A PTRACE_EVENT stop has no signal to deliver.
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

    /** Makes the kernel restart a system call that would otherwise answer EINTR because of the stop. */
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
