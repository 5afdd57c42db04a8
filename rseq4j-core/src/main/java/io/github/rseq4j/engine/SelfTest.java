package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.Scheduling;
import io.github.rseq4j.registration.Owner;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.sections.DelayLoadAddStore;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sees with its own eyes that this kernel aborts sections, before anything relies on it: by a fence and by preemption
 * on one CPU. Some emulators never do, and Linux 6.19 on arm64 for a while did not for the latter.
 */
public final class SelfTest implements AutoCloseable {
    /* How it works
     *
     * A thread of its own runs a section that waits inside for some microseconds and is not restarted, so each abort is
     * seen. First it is pinned to the CPU it is on, and a companion on the same CPU sleeps and wakes until a section is
     * aborted while the thread was switched out (getrusage counts that). Then, free to move again, it runs the section
     * until one is aborted by the fences of a third thread while it was not switched out. That thread has announced the
     * fences meanwhile, which takes the kernel ten milliseconds.
     *
     * Both are bounded by 25 ms together, unless the scheduler has hardly switched the thread out in all that time:
     * then there was nothing to see, and the bound is stretched fifty times rather than guess. A number of rounds
     * bounds the CPU time in any case. A fence that found no section to abort proves nothing, and is said in the note;
     * many that found one and aborted nothing prove that aborts do not happen.
     *
     * The threads inherit the scheduling policy of the thread that begins the test. They take the ordinary one: at a
     * real-time priority nothing preempts a section, all of the bound is spun away, and RLIMIT_RTTIME ends the process.
     * A thread that must stay at a real-time priority stretches no bound. The caller waits for the test, but not for
     * ever: where real-time threads leave an ordinary one no CPU, the fallback serves.
     *
     * An Error in one of the threads, or an interrupt of their group, is a failure of the test like any other.
     *
     * Refused: counting on membarrier alone (it interrupts with an IPI, which worked on the kernels that missed
     * preemption), and on migration (the kernel then aborts for another reason).
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
    /** Some 30 microseconds: a fence finds it, and seldom a switch beside it. */
    private static final long FENCE_ITERATIONS = 1 << 17;
    /**
     * So many chances without an abort are a proof that aborts do not happen. A chance is missed when the thread was
     * switched out beside its section, which in a fresh JVM on a busy machine is the more likely: 16 were too few.
     */
    private static final int ENOUGH = 128;
    private static final String UNSEEN = "whether a fence aborts a section was not tried: ";
    private static final String OTHER_KERNEL = "use another kernel, or run without the emulator";
    private static final long NAP_NANOS = 50_000;
    private static final long SLICE_NANOS = 100_000;

    /**
     * What was seen.
     *
     * @param fence sections aborted by a fence
     * @param fenceNote why none was tried, or empty
     * @param preemption sections aborted by preemption on one CPU
     * @param preemptionNote why none was tried or seen, or empty
     * @param nanos how long it took
     */
    public record Outcome(long fence, String fenceNote, long preemption, String preemptionNote, long nanos) {
        /** The outcome of a test that was not run. */
        static final Outcome NOT_RUN = new Outcome(0, "not run", 0, "not run", 0);
    }

    /** What became of a section: whether it was aborted, and whether the thread was switched out around it. */
    private enum End { COMMITTED, COMMITTED_WHEN_SWITCHED, ABORTED, ABORTED_WHEN_SWITCHED }

    private enum Phase { PROOF, PREEMPTION, FENCE, DONE }

    private final CountDownLatch engineMade = new CountDownLatch(1);
    private final CountDownLatch announced = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread tester = new Tester();
    private final Thread companion = new Companion();
    private final Thread fencer = new Fencer();
    private volatile @Nullable NativeEngine engine;
    private volatile String refusal = "";
    private volatile int cpu;
    /** How many fences have returned; written by the thread that fences. */
    private volatile long fences;
    private volatile Phase phase = Phase.PROOF;
    private volatile Registration registration = Registration.none("not tested", "");
    private volatile String failure = "";
    private volatile String remedy = OTHER_KERNEL;
    private long fenceAborts;
    private long preemptionAborts;
    private long switchesWithoutAbort;
    private long committed;
    private boolean fenceFailed;
    private String fenceNote = "";
    private String preemptionNote = "";
    private long startNanos;
    private long endNanos;

    /**
     * Starts the threads of the test, so that they are ready when the engine is made.
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

    /** Ends the threads of a test that was not run, because there is no engine after all, or not to its end. */
    @Override
    public void close() {
        phase = Phase.DONE;
        engineMade.countDown();
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
            while (phase == Phase.PROOF) {
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
     * Runs the test, and returns when it is over.
     *
     * @param tested the engine
     */
    void run(NativeEngine tested) {
        registration = tested.registration();
        long before = sum(tested);
        engine = tested;
        engineMade.countDown();
        if (!await(ended, PATIENCE_NANOS)) {
            registration = Registration.none("the self-test's thread got no CPU for "
                    + TimeUnit.NANOSECONDS.toSeconds(PATIENCE_NANOS) + " s",
                    "leave ordinary threads some CPU beside real-time ones");
            close();
            return;
        }
        judge(sum(tested) - before);
    }

    /** Returns the registration with its proof, or NONE when anything failed. */
    Registration registration() {
        return registration;
    }

    /** Returns what was seen. */
    Outcome outcome() {
        return new Outcome(fenceAborts, fenceNote, preemptionAborts, preemptionNote, endNanos - startNanos);
    }

    private void test(Tester thread) {
        try {
            while (!await(engineMade, PATIENCE_NANOS)) {
                // The engine is being made; close() says when it is not.
            }
            NativeEngine tested = engine;
            if (tested != null && phase == Phase.PROOF) {
                test(tested, thread);
            }
        } catch (Throwable t) {
            fail(t);
        } finally {
            close();
            endNanos = System.nanoTime();
            ended.countDown();
        }
    }

    private void test(NativeEngine tested, Tester thread) {
        startNanos = System.nanoTime();
        registration = registration.proven(tested, tested.join());
        if (registration.owner() == Owner.NONE) {
            return;
        }
        long[] allowed = Linux.sched_getaffinity(0);
        int cpus = 0;
        for (long word : allowed) {
            cpus += Long.bitCount(word);
        }
        MethodHandle section = tested.handle(DelayLoadAddStore.CHAIN);
        preemption(tested, section, thread);
        if (preemptionAborts > 0 && cpus > 1) {
            Linux.sched_setaffinity(0, allowed);
            fence(tested, section);
        } else if (cpus == 1) {
            fenceNote = "one CPU: nothing runs beside a fence";
        }
    }

    private void fence(NativeEngine tested, MethodHandle section) {
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
            End end = once(tested, section, FENCE_ITERATIONS);
            fenceAborts += end == End.ABORTED ? 1 : 0;
            // Two more fences have returned, so one of them began and ended in this round.
            undone += fences - fencesBefore >= 2 && end == End.COMMITTED ? 1 : 0;
        }
        fenceNote = fenceAborts > 0 ? "" : undone == 0
                ? UNSEEN + "in the time there was, no fence returned while a section ran"
                : "none of " + undone + " fences beside a section aborted it; fewer than " + ENOUGH + " prove nothing";
        fenceFailed = undone >= ENOUGH && fenceAborts == 0;
    }

    private void preemption(NativeEngine tested, MethodHandle section, Tester thread) {
        cpu = tested.cpuId();
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
            switch (once(tested, section, ITERATIONS)) {
                case ABORTED_WHEN_SWITCHED -> preemptionAborts++;
                case COMMITTED_WHEN_SWITCHED -> switchesWithoutAbort++;
                default -> { }
            }
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

    /** Runs the section once and finds out what became of it. */
    private End once(NativeEngine tested, MethodHandle section, long iterations) {
        long before = Linux.involuntarySwitches();
        long status = invoke(tested, section, iterations);
        boolean switched = Linux.involuntarySwitches() != before;
        if (status == 0) {
            committed++;
            return switched ? End.COMMITTED_WHEN_SWITCHED : End.COMMITTED;
        }
        if (Status.code(status) != Status.ABORTED) {
            throw new IllegalStateException("section=" + DelayLoadAddStore.CHAIN.name() + " returned "
                    + Status.describe(status));
        }
        return switched ? End.ABORTED_WHEN_SWITCHED : End.ABORTED;
    }

    private static long invoke(NativeEngine tested, MethodHandle section, long iterations) {
        try {
            return (long) section.invokeExact(tested.selfTestCell(), iterations);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    private static long sum(NativeEngine tested) {
        long sum = 0;
        for (int i = 0; i < tested.copies(); i++) {
            sum += RawMemory.readLong(tested.selfTestCell() + ((long) i << Engine.STRIDE_SHIFT));
        }
        return sum;
    }

    private void judge(long counted) {
        if (registration.owner() == Owner.NONE) {
            return;
        }
        if (failure.isEmpty() && counted != committed) {
            failure = "a section that was aborted took effect: " + committed + " commits, " + counted + " counted";
        }
        if (failure.isEmpty() && (fenceFailed || preemptionAborts == 0)) {
            boolean shown = fenceFailed || switchesWithoutAbort >= ENOUGH;
            failure = (shown ? "aborts do not happen: " : "aborts could not be shown: ")
                    + (fenceFailed ? fenceNote : preemptionNote);
        }
        if (!failure.isEmpty()) {
            registration = Registration.none(failure, remedy);
        }
    }
}
