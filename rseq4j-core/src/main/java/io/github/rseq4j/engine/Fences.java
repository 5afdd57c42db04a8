package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Cpus;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the sections that are running, or has them aborted, on one CPU or on all: by membarrier(2), or by a thread
 * that visits the CPUs.
 */
final class Fences {
    /* How it works
     *
     * The kernel accepts membarrier after the process has announced that it will fence. If the kernel refuses (a
     * seccomp filter, Linux before 5.10), a new thread pins itself to each CPU in turn. A thread that ran a section
     * there was switched out, and a switch aborts its section. A CPU to which the kernel does not let the new thread
     * move (EINVAL) is offline, or excluded by the process's cpuset, so no section of this process runs there.
     */
    /** Every CPU. */
    static final int ALL = -1;

    private boolean announced;
    private boolean refused;

    /** Waits until every section that ran when this was called has committed or was aborted. */
    void fence() {
        fence(ALL);
    }

    /**
     * Waits until every section that ran on one CPU when this was called has committed or was aborted.
     *
     * @param cpu the CPU, or {@link #ALL}
     */
    void fence(int cpu) {
        if (!announce()) {
            walk(cpu);
            return;
        }
        int answer = Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
                cpu == ALL ? 0 : Linux.MEMBARRIER_CMD_FLAG_CPU, cpu == ALL ? 0 : cpu);
        if (answer < 0) {
            // A seccomp filter may have been installed since. EINVAL means an offline CPU, on which no section runs;
            // the walk skips it.
            walk(cpu);
        }
    }

    /** Throws what a fence would throw. */
    void require() {
        // No machine has this CPU, so the call fences nothing and costs little. A seccomp filter refuses it like any
        // other.
        int answer = announce() ? Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
                Linux.MEMBARRIER_CMD_FLAG_CPU, Integer.MAX_VALUE) : -Errno.EPERM;
        if (answer < 0 && answer != -Errno.EINVAL) {
            // Only a walk shows whether the kernel refuses the walk.
            walk(ALL);
        }
    }

    private synchronized boolean announce() {
        if (!announced && !refused) {
            refused = Linux.membarrier(Linux.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0) < 0;
            announced = !refused;
        }
        return announced;
    }

    /** Fences by a new thread, because the caller's affinity must not change. */
    static void walk(int cpu) {
        Walker walker = new Walker(cpu);
        walker.start();
        boolean interrupted = false;
        while (walker.isAlive()) {
            try {
                walker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        walker.requireDone();
    }

    /** The thread that visits each CPU. */
    private static final class Walker extends Thread {
        private final int only;
        /** Read after the thread has ended. */
        private boolean isDone;
        private @Nullable Throwable thrown;

        Walker(int only) {
            super(null, null, "rseq4j-fence", 0, false);
            this.only = only;
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                int first = only == ALL ? 0 : only;
                int last = only == ALL ? Cpus.possible() - 1 : only;
                for (int cpu = first; cpu <= last; cpu++) {
                    int answer = Linux.sched_setaffinity(0, cpu);
                    if (answer != -Errno.EINVAL) {
                        Errno.check("sched_setaffinity(cpu=" + cpu + "), because membarrier(2) is refused",
                                answer);
                    }
                }
                isDone = true;
            } catch (Throwable t) {
                thrown = t;
            }
        }

        /** Throws if the thread ended early: then it has visited only some of the CPUs. */
        void requireDone() {
            if (thrown instanceof KernelException refusal) {
                // A new exception, made here, so that its stack trace shows the caller's operation.
                KernelException told = Errno.refusal(refusal.call(), refusal.errno());
                told.initCause(refusal);
                throw told;
            }
            if (!isDone) {
                throw new IllegalStateException("the thread that goes from CPU to CPU has ended early", thrown);
            }
        }
    }
}
