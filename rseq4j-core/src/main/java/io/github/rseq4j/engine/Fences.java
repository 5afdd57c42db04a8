package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Cpus;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import org.jspecify.annotations.Nullable;

/** Ends the sections that are running, on one CPU or on all: by membarrier(2), or by a thread that visits the CPUs. */
final class Fences {
    /* How it works
     *
     * The kernel accepts membarrier after the process has announced that it will fence. If the kernel refuses (a
     * seccomp filter, Linux before 5.10), a new thread pins itself to each CPU in turn. A thread that ran a section
     * there was switched out, and a switch aborts its section. A CPU to which the new thread may not move is offline,
     * or excluded by the process's cpuset, so no section of this process runs there.
     */
    /** Every CPU. */
    static final int ALL = -1;

    private boolean announced;
    private boolean refused;

    /** Returns when every section that ran when this was called has committed or was aborted. */
    void fence() {
        fence(ALL);
    }

    /**
     * Returns when every section that ran on one CPU when this was called has committed or was aborted.
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
            // A filter may have come since, and EINVAL is a CPU that is offline: nothing runs there, as the walk finds.
            walk(cpu);
        }
    }

    /** Throws what a fence would throw. */
    void require() {
        // A CPU that there cannot be is accepted and costs nothing; a filter refuses the call for it all the same.
        int answer = announce() ? Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ,
                Linux.MEMBARRIER_CMD_FLAG_CPU, Integer.MAX_VALUE) : -Errno.EPERM;
        if (answer < 0 && answer != -Errno.EINVAL) {
            // Only by going there is it known that the thread may.
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

    /** A thread of its own, because the caller's affinity is the caller's. */
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

    /** The thread that goes from CPU to CPU. */
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

        /** A thread that ended in another way has been to no more than some of the CPUs. */
        void requireDone() {
            if (thrown instanceof KernelException refusal) {
                // Another one, made here: it is the caller's frames that say which operation was refused.
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
