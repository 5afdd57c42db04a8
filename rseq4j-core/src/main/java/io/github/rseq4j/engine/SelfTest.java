package io.github.rseq4j.engine;

import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Scheduling;
import io.github.rseq4j.registration.Registration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tests that this kernel aborts sections, before anything relies on it: by a fence, and by preemption on one CPU. Some
 * emulators abort none, and Linux 6.19 on arm64 for a while aborted none on preemption.
 */
public final class SelfTest implements AutoCloseable {
    /* How it works
     *
     * Threads: the caller, which has the engine's first code; the tester, which runs the section; the companion, which
     * preempts the tester; the fencer. The section waits some microseconds before its commit and is not restarted, so
     * each abort is seen.
     *
     * 1. Fencer: announces fences to the kernel, which takes ten milliseconds. The other steps do not wait for it.
     * 2. Tester: registers itself, and pins itself to the CPU that it is on.
     * 3. Companion: pins itself to the same CPU, then sleeps and wakes. Tester: runs the section until a run aborts
     *    during which the thread was switched out (getrusage counts that).
     * 4. Tester: may use all CPUs again. Fencer: fences without a pause. Tester: runs the section until a run aborts
     *    during which the thread was not switched out.
     * 5. Caller: compares the cell with the number of commits, and judges.
     *
     * Bounds: steps 2 to 4 take 25 ms at most. Where the scheduler has hardly switched the tester out in that time,
     * nothing could be seen, and the bound becomes fifty times as long. A number of rounds bounds the CPU time in any
     * case. The caller waits no longer than 30 s: where real-time threads leave an ordinary thread no CPU, the fallback
     * serves.
     *
     * Evidence: fences that met no section prove nothing, and the note says so. Many fences that met a section and
     * aborted none prove that aborts do not happen.
     *
     * Scheduling: the threads inherit the policy of the thread that starts them, and take the ordinary one. At a
     * real-time priority nothing preempts a section, the tester spins for all of its bound, and RLIMIT_RTTIME ends the
     * process. A thread that cannot leave a real-time priority gets no longer bound.
     *
     * An Error in one of the threads, or an interrupt of their group, is a failure of the test like any other.
     *
     * Refused: to rely on membarrier alone (it interrupts with an IPI, which worked on the kernels that missed
     * preemption), and to test migration (the kernel then aborts for another reason).
     */
    /** When no further round is begun: 5 ms before the bound of all of it, so that the last one fits. */
    private static final long BOUND_NANOS = 20_000_000;
    /** The bound when the scheduler has hardly switched the thread out: then there was nothing to see. */
    private static final long STRETCHED_NANOS = 50 * BOUND_NANOS;
    /** Some 200 ms of CPU time at most, however long the bound is. */
    private static final int MAX_ROUNDS = 3000;
    /** How long the caller waits for a test whose thread gets no CPU. */
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    /** Some 70 microseconds: long enough to be switched out inside. */
    private static final long ITERATIONS = 1 << 18;
    /** Some 30 microseconds: long enough for a fence, and seldom switched out. */
    private static final long FENCE_ITERATIONS = 1 << 17;
    /**
     * So many chances without an abort prove that aborts do not happen. A switch counts as a chance also when it came
     * just before or after the section, which on a busy machine is the more likely in a fresh JVM: 16 were too few.
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
     * The answer of a test.
     *
     * @param failure why sections cannot be relied on, or empty
     * @param remedy what to do about that
     * @param outcome what was seen
     */
    record Verdict(String failure, String remedy, Outcome outcome) {
        /** Tells whether sections can be relied on. */
        boolean isPassed() {
            return failure.isEmpty();
        }
    }

    private enum Phase { READY, PREEMPTION, FENCE, DONE }

    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch announced = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread tester = new Tester();
    private final Thread companion = new Companion();
    private final Thread fencer = new Fencer();
    private volatile @Nullable FirstCode tested;
    private volatile String refusal = "";
    private volatile int cpu;
    /** How many fences have returned; written by the thread that fences. */
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
     * Starts the threads of the test, so that they are ready when the first code is emitted.
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

    /** Ends the threads of a test that was not run, because there was nothing to test, or not to its end. */
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
                isRealTime = Scheduling.sched_ordinary(sliceNanos);
                work();
            } catch (Throwable t) {
                fail(t);
            }
        }

        abstract void work();

        /** Waits, interrupted or not: an interrupt that stays set would turn each wait into a spin. */
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

    /** Waits for a latch, interrupted or not. */
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

    /** The thread that runs the sections. */
    private final class Tester extends Part {
        Tester() {
            super("rseq4j-selftest", 0);
        }

        @Override
        void work() {
            test(this);
        }
    }

    /** The thread that preempts it. It is started early, so that it is ready when it is needed. */
    private final class Companion extends Part {
        Companion() {
            // Schedulers differ in whether a thread that wakes preempts at once. A short slice makes it likely; if it
            // is refused, the tick preempts, some milliseconds later.
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
     * Runs the test, once, and returns when it is over.
     *
     * @param code what is tested; the claim that it was emitted for is proven
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
                // The code is being emitted; close() says when there is none.
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
            // Two more fences have returned, so one of them began and ended in this round.
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

    /** Too few chances prove nothing, so the bound is stretched for them. */
    private boolean isInTime(long fromNanos, Tester thread) {
        long now = System.nanoTime();
        return phase != Phase.DONE && (now - startNanos < BOUND_NANOS
                || !thread.isRealTime && switchesWithoutAbort < ENOUGH && now - fromNanos < STRETCHED_NANOS);
    }
}
