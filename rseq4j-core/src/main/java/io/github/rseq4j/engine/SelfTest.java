package io.github.rseq4j.engine;

import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.Scheduling;
import io.github.rseq4j.registration.Registration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tests that this kernel aborts sections, by a fence and by preemption on one CPU, before any structure relies on it.
 * Some emulators abort no section. Linux 6.19 on arm64 for a while aborted none on preemption.
 */
public final class SelfTest implements AutoCloseable {
    /* How it works
     *
     * Threads: the caller, which supplies the code (FirstCode); the tester, which runs the section; the companion,
     * which preempts the tester; the fencer, which fences. The section waits some microseconds before its commit. It is
     * not restarted after an abort, so the tester sees each abort.
     *
     * 0. Tester: compiles the first functions for an example of a target, and links the shape of their calls. So the
     *    classes of the compiler and the checker are loaded while the caller links its first native call and finds the
     *    registration. The caller compiles after the tester has done so: two threads that initialise the same classes
     *    in different orders could wait for each other.
     * 1. Fencer: announces fences to the kernel. That takes ten milliseconds; steps 2 and 3 do not wait for it.
     * 2. Tester: registers itself, and pins itself to its current CPU.
     * 3. Companion: pins itself to the same CPU, then sleeps and wakes. Tester: runs the section until a run aborts
     *    during which the thread was switched out (getrusage counts that).
     * 4. Tester: may use all CPUs again. Fencer: fences without a pause. Tester: runs the section until a run aborts
     *    during which the thread was not switched out.
     * 5. Caller: compares the cell with the number of commits, and judges.
     *
     * Bounds: steps 2 to 4 take 25 ms at most. If the scheduler has hardly switched the tester out in that time, there
     * was no abort to see, and the bound becomes fifty times as long. The number of rounds is limited too, which bounds
     * the CPU time. The caller waits for at most 30 s. If real-time threads leave an ordinary thread no CPU for so
     * long, the fallback is chosen.
     *
     * Evidence: fences during which no section ran prove nothing, and the outcome's note says so. If a section ran
     * during many fences, and none of them aborted it, aborts do not happen.
     *
     * Scheduling: a thread inherits the policy of the thread that starts it, so each thread of the test first takes the
     * ordinary policy. At a real-time priority no thread would preempt the tester, it would spin until its bound, and
     * RLIMIT_RTTIME would end the process. The bound of a tester that cannot leave a real-time policy is not extended.
     *
     * An Error in one of the threads fails the test. The threads ignore interrupts.
     *
     * Refused: a test of fences alone (membarrier interrupts by an IPI, which worked on the kernels that missed
     * preemption), and a test of migration (there the kernel aborts for another reason).
     */
    /** The time after which no further round begins: 5 ms less than the bound of 25 ms, so that the last round fits. */
    private static final long BOUND_NANOS = 20_000_000;
    /** The bound if the scheduler has hardly switched the tester out, so that there was no abort to see. */
    private static final long STRETCHED_NANOS = 50 * BOUND_NANOS;
    /** Some 200 ms of CPU time at most, however long the bound is. */
    private static final int MAX_ROUNDS = 3000;
    /** The longest time for which the caller waits for a test whose tester gets no CPU. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    /** Some 70 microseconds: long enough for a switch inside the section. */
    private static final long ITERATIONS = 1 << 18;
    /** Some 30 microseconds: long enough for a fence, and short enough that switches are rare. */
    private static final long FENCE_ITERATIONS = 1 << 17;
    /**
     * This many chances without an abort prove that aborts do not happen. A switch just before or after the section
     * counts as a chance too, although it aborts nothing. Such switches are frequent in a fresh JVM on a busy machine:
     * 16 were too few.
     */
    private static final int ENOUGH = 128;
    private static final String UNSEEN = "whether a fence aborts a section was not tried: ";
    private static final String OTHER_KERNEL = "use another kernel, or run without the emulator";
    private static final long NAP_NANOS = 50_000;
    private static final long SLICE_NANOS = 100_000;

    /**
     * The outcome of the test.
     *
     * @param fence the number of aborts by a fence
     * @param fenceNote the reason why no fence was tried, or empty
     * @param preemption the number of aborts by preemption on one CPU
     * @param preemptionNote the reason why no preemption was tried or seen, or empty
     * @param nanos the duration, in nanoseconds
     */
    public record Outcome(long fence, String fenceNote, long preemption, String preemptionNote, long nanos) {
        /** The outcome of a test that was not run. */
        static final Outcome NOT_RUN = new Outcome(0, "not run", 0, "not run", 0);
    }

    /**
     * The verdict of a test.
     *
     * @param failure why sections cannot be relied on, or empty
     * @param remedy what to do about that
     * @param outcome the outcome
     */
    record Verdict(String failure, String remedy, Outcome outcome) {
        /** Tells whether sections can be relied on. */
        boolean isPassed() {
            return failure.isEmpty();
        }
    }

    private enum Phase { READY, PREEMPTION, FENCE, DONE }

    private final CountDownLatch rehearsed = new CountDownLatch(1);
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch announced = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread tester = new Tester();
    private final Thread companion = new Companion();
    private final Thread fencer = new Fencer();
    private volatile @Nullable FirstCode tested;
    private volatile String refusal = "";
    private volatile int cpu;
    /** The number of fences that have returned; written by the fencer. */
    private volatile long fences;
    private volatile Phase phase = Phase.READY;
    private volatile String failure = "";
    private volatile String remedy = OTHER_KERNEL;
    private long fenceAborts;
    private long preemptionAborts;
    private long switchesWithoutAbort;
    private boolean fenceFailed;
    private String fenceNote = "";
    private String preemptionNote = "";
    private long startNanos;
    private long endNanos;

    /**
     * Starts the threads of the test, so that they are ready when the first code is emitted. Their first native calls
     * wait for the initialiser of {@link Native}.
     *
     * @throws OutOfMemoryError when a thread cannot be started
     */
    SelfTest() {
        boolean started = false;
        try {
            for (Thread thread : new Thread[] {fencer, tester, companion}) {
                thread.setDaemon(true);
                thread.start();
            }
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /** Waits until the classes of the compiler and the checker are initialised, or one of them could not be. */
    void awaitRehearsal() {
        await(rehearsed, PATIENCE_NANOS);
    }

    /** Ends the threads of the test, also of a test that was not run or has not ended. */
    @Override
    public void close() {
        phase = Phase.DONE;
        begun.countDown();
        LockSupport.unpark(companion);
        LockSupport.unpark(fencer);
    }

    /** A thread of the test. */
    private abstract sealed class Part extends Thread {
        private final long sliceNanos;
        /** Whether the thread could not leave a real-time policy. */
        boolean isRealTime;

        Part(String name, long sliceNanos) {
            super(null, null, name, 0, false);
            this.sliceNanos = sliceNanos;
        }

        @Override
        public final void run() {
            try {
                prepare();
                // The classes of FFM are first used by one thread, which initialises Native; see step 0.
                if (Native.refusal() != null) {
                    return;
                }
                isRealTime = Scheduling.sched_ordinary(sliceNanos);
                work();
            } catch (Throwable t) {
                fail(t);
            }
        }

        /** Runs before the thread's first native call, and makes none. */
        void prepare() {}

        abstract void work();

        /** Waits, and clears an interrupt, which would turn each later wait into a spin. */
        final void parkNanos(long nanos) {
            LockSupport.parkNanos(nanos);
            Thread.interrupted();
        }
    }

    private void fail(Throwable t) {
        Registration failed = Choice.failed(t);
        remedy = failed.remedy();
        failure = "the self-test failed: " + failed.reason();
        close();
    }

    /** Waits for a latch. An interrupt does not end the wait; it is set again afterwards. */
    private static boolean await(CountDownLatch latch, long nanos) {
        long end = System.nanoTime() + nanos;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return latch.await(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The thread that runs the section. */
    private final class Tester extends Part {
        Tester() {
            super("rseq4j-selftest", 0);
        }

        @Override
        void prepare() {
            try {
                FirstCode.rehearse();
            } finally {
                rehearsed.countDown();
            }
        }

        @Override
        void work() {
            FirstCode.linkShape();
            test(this);
        }
    }

    /** The thread that preempts the tester. It is started early, so that it is ready in time. */
    private final class Companion extends Part {
        Companion() {
            // It depends on the scheduler whether a thread that wakes up preempts at once. A short slice makes that
            // likely. If the kernel refuses the slice, the tick preempts some milliseconds later.
            super("rseq4j-selftest-companion", SLICE_NANOS);
        }

        @Override
        void work() {
            while (phase == Phase.READY) {
                parkNanos(PATIENCE_NANOS);
            }
            Linux.sched_setaffinity(0, cpu);
            while (phase == Phase.PREEMPTION) {
                parkNanos(NAP_NANOS);
            }
        }
    }

    /** The thread that fences. */
    private final class Fencer extends Part {
        Fencer() {
            super("rseq4j-selftest-fencer", 0);
        }

        @Override
        void work() {
            int answer = Linux.membarrier(Linux.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
            if (answer < 0) {
                refusal = "membarrier(REGISTER_PRIVATE_EXPEDITED_RSEQ) answered " + Errno.name(-answer);
            }
            announced.countDown();
            long returned = 0;
            while (phase != Phase.DONE) {
                if (phase == Phase.FENCE) {
                    Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
                    fences = ++returned;
                } else {
                    parkNanos(PATIENCE_NANOS);
                }
            }
        }
    }

    /**
     * Runs the test and waits for its end. Called once.
     *
     * @param code the code with the section; the claim for which it was emitted is proven
     */
    Verdict run(FirstCode code) {
        tested = code;
        begun.countDown();
        if (!await(ended, PATIENCE_NANOS)) {
            close();
            return new Verdict("the self-test's thread got no CPU for "
                    + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NANOS) + " s",
                    "leave ordinary threads some CPU beside real-time ones", outcome());
        }
        if (failure.isEmpty() && (fenceFailed || preemptionAborts == 0)) {
            boolean isShown = fenceFailed || switchesWithoutAbort >= ENOUGH;
            failure = (isShown ? "aborts do not happen: " : "aborts could not be shown: ")
                    + (fenceFailed ? fenceNote : preemptionNote);
        }
        return new Verdict(failure, remedy, outcome());
    }

    private Outcome outcome() {
        return new Outcome(fenceAborts, fenceNote, preemptionAborts, preemptionNote, endNanos - startNanos);
    }

    private void test(Tester thread) {
        try {
            while (!await(begun, PATIENCE_NANOS)) {
                // The code is not emitted yet. If there will be none, close() ends the wait.
            }
            FirstCode code = tested;
            if (code != null && phase == Phase.READY) {
                test(code, thread);
            }
        } catch (Throwable t) {
            fail(t);
        } finally {
            close();
            endNanos = System.nanoTime();
            ended.countDown();
        }
    }

    private void test(FirstCode code, Tester thread) {
        startNanos = System.nanoTime();
        int joined = code.claim().join();
        if (joined < 0) {
            Registration refused = code.claim().notJoined(-joined);
            failure = refused.reason();
            remedy = refused.remedy();
            return;
        }
        long[] allowed = Linux.sched_getaffinity(0);
        int cpus = 0;
        for (long word : allowed) {
            cpus += Long.bitCount(word);
        }
        Trials trials = new Trials(code);
        preemption(trials, code.area().cpuId(), thread);
        if (preemptionAborts > 0 && cpus > 1) {
            Linux.sched_setaffinity(0, allowed);
            fence(trials);
        } else if (cpus == 1) {
            fenceNote = "one CPU: nothing runs beside a fence";
        }
        if (failure.isEmpty()) {
            failure = trials.miscount();
        }
    }

    private void fence(Trials trials) {
        if (!await(announced, Math.max(0, startNanos + BOUND_NANOS - System.nanoTime()))) {
            fenceNote = UNSEEN + "membarrier(REGISTER_PRIVATE_EXPEDITED_RSEQ) has not answered yet";
            return;
        }
        fenceNote = refusal;
        if (!fenceNote.isEmpty()) {
            return;
        }
        int undone = 0;
        phase = Phase.FENCE;
        LockSupport.unpark(fencer);
        while (phase == Phase.FENCE && fenceAborts == 0 && System.nanoTime() - startNanos < BOUND_NANOS) {
            long fencesBefore = fences;
            Trials.End end = trials.once(FENCE_ITERATIONS);
            fenceAborts += end == Trials.End.ABORTED ? 1 : 0;
            // Two more fences have returned, so the second of them began and ended in this round.
            undone += fences - fencesBefore >= 2 && end == Trials.End.COMMITTED ? 1 : 0;
        }
        fenceNote = fenceAborts > 0 ? "" : undone == 0
                ? UNSEEN + "in the time there was, no fence returned while a section ran"
                : "none of " + undone + " fences beside a section aborted it; fewer than " + ENOUGH + " prove nothing";
        fenceFailed = undone >= ENOUGH && fenceAborts == 0;
    }

    private void preemption(Trials trials, int here, Tester thread) {
        cpu = here;
        int pinned = Linux.sched_setaffinity(0, cpu);
        if (pinned < 0) {
            preemptionNote = "sched_setaffinity(cpu=" + cpu + ") answered " + Errno.name(-pinned);
            remedy = "allow sched_setaffinity(2) in the seccomp filter";
            return;
        }
        phase = Phase.PREEMPTION;
        LockSupport.unpark(companion);
        long fromNanos = System.nanoTime();
        for (int round = 0; preemptionAborts == 0 && round < MAX_ROUNDS && isInTime(fromNanos, thread); round++) {
            Trials.End end = trials.once(ITERATIONS);
            preemptionAborts += end == Trials.End.ABORTED_WHEN_SWITCHED ? 1 : 0;
            switchesWithoutAbort += end == Trials.End.COMMITTED_WHEN_SWITCHED ? 1 : 0;
        }
        if (preemptionAborts == 0) {
            preemptionNote = "no abort by preemption was seen, " + switchesWithoutAbort + " switches without one";
            if (switchesWithoutAbort < ENOUGH) {
                remedy = thread.isRealTime ? "use the library first on a thread without a real-time priority"
                        : "use the library first when the machine is less busy, or use another kernel";
            }
        }
    }

    /**
     * Tells whether a further round may begin. Too few chances prove nothing, so the bound is longer until there are
     * enough.
     */
    private boolean isInTime(long fromNanos, Tester thread) {
        long now = System.nanoTime();
        return phase != Phase.DONE && (now - startNanos < BOUND_NANOS
                || !thread.isRealTime && switchesWithoutAbort < ENOUGH && now - fromNanos < STRETCHED_NANOS);
    }
}
