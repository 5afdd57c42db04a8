package io.github.rseq4j.cli.selftest;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.selftest.storm.StormSignal;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.Scheduling;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.sections.DelayLoadAddStore;
import java.lang.invoke.MethodHandle;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Sees the kernel abort sections for each of its reasons, one at a time, so that each abort has one possible cause.
 */
final class AbortCauses {
    /* How it works
     *
     * One thread runs a section that waits inside and is not restarted. Around each run it asks the kernel how often it
     * was switched out, on which CPU it is, and how often the signal's handler ran. While another thread does one thing
     * to it (fences; sleeps and wakes on its CPU; flips its affinity; signals it), an abort counts for that cause only
     * when nothing else happened in the same run.
     */
    /** The reasons for which the kernel aborts a section. */
    enum Cause { FENCE, PREEMPTION, MIGRATION, SIGNAL }

    /** Some 30 microseconds: long enough to be hit, and short enough that seldom two things happen in one. */
    private static final long ITERATIONS = 1 << 17;
    /** How long more a cause is tried that was not seen once, because the machine is busy. */
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final long PAUSE_NANOS = 100_000;
    private static final long SLICE_NANOS = 100_000;
    /** So many are enough of one cause. */
    private static final int ENOUGH = 100;

    private final StormSignal signal;
    private final int[] cpus;
    private final MethodHandle section;
    private final long cell;
    private final Map<Cause, Long> seen = new EnumMap<>(Cause.class);
    private volatile int tid;
    private volatile boolean running;
    private long committed;
    private volatile Throwable failure = new IllegalStateException("the thread that runs the section did not start");

    AbortCauses(NativeEngine engine, StormSignal signal, int[] cpus) {
        this.signal = signal;
        this.cpus = cpus.clone();
        this.section = engine.handle(DelayLoadAddStore.CHAIN);
        this.cell = Cells.get().allocate(this, 1);
    }

    /**
     * Tries one cause after the other.
     *
     * @param nanosEach how long each is tried at most
     * @return how many aborts each has caused
     * @throws InterruptedException when the calling thread is interrupted
     */
    Map<Cause, Long> run(long nanosEach) throws InterruptedException {
        for (Cause cause : Cause.values()) {
            running = true;
            tid = 0;
            Thread victim = Thread.ofPlatform().daemon().name("rseq4j-section").start(() -> victim(cause, nanosEach));
            while (tid == 0) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            // A thread of its own, because one cause pins it.
            Thread provoker = Thread.ofPlatform().daemon().name("rseq4j-provoker").start(() -> provoke(cause));
            victim.join();
            provoker.join();
            if (!(failure instanceof Finished)) {
                throw new IllegalStateException("the section failed under " + cause, failure);
            }
        }
        return new EnumMap<>(seen);
    }

    /** Returns whether the sections that were committed are all counted, and no others. */
    boolean isExact() {
        return Cells.get().sum(cell) == committed;
    }

    /** Says that the thread has ended as it should. */
    private static final class Finished extends Exception {
        private static final long serialVersionUID = 1L;
    }

    private void victim(Cause cause, long nanos) {
        try {
            if (cause == Cause.PREEMPTION || cause == Cause.SIGNAL) {
                Linux.sched_setaffinity(0, cpus[0]);
            }
            tid = Linux.gettid();
            long end = System.nanoTime() + nanos;
            long aborts = 0;
            while (aborts < ENOUGH && System.nanoTime() < (aborts == 0 ? end + PATIENCE_NANOS : end)) {
                aborts += isAbortedBy(cause) ? 1 : 0;
            }
            seen.put(cause, aborts);
            failure = new Finished();
        } catch (RuntimeException | Error e) {
            failure = e;
        } finally {
            running = false;
        }
    }

    private boolean isAbortedBy(Cause cause) {
        int cpu = Rseq.currentCpu();
        long hits = signal.hits();
        long switches = Linux.involuntarySwitches();
        long status = call();
        boolean switched = Linux.involuntarySwitches() != switches;
        boolean signalled = signal.hits() != hits;
        boolean moved = Rseq.currentCpu() != cpu;
        if (status == 0) {
            committed++;
            return false;
        }
        if (Status.code(status) != Status.ABORTED) {
            throw new IllegalStateException(
                    "section=" + DelayLoadAddStore.CHAIN.name() + ": " + Status.describe(status));
        }
        return switch (cause) {
            case FENCE -> !switched && !signalled && !moved;
            case PREEMPTION -> switched && !signalled && !moved;
            case MIGRATION -> moved && !signalled;
            // On one CPU who signals must be switched to first.
            case SIGNAL -> signalled && !moved && (!switched || cpus.length == 1);
        };
    }

    private long call() {
        try {
            return (long) section.invokeExact(cell, ITERATIONS);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    private void provoke(Cause cause) {
        if (cause == Cause.PREEMPTION) {
            Linux.sched_setaffinity(0, cpus[0]);
            Scheduling.sched_ordinary(SLICE_NANOS);
        }
        int round = 0;
        while (running) {
            switch (cause) {
                case FENCE -> Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
                // On the same CPU, waking up is all it takes.
                case PREEMPTION -> { }
                case MIGRATION -> Linux.sched_setaffinity(tid, cpus[round++ % cpus.length]);
                case SIGNAL -> signal.send(tid);
            }
            if (cause != Cause.FENCE) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
