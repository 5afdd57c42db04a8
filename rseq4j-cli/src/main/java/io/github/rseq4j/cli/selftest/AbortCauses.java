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
import java.util.function.BooleanSupplier;

/** Provokes aborts for each cause separately, so that each abort has one possible cause. */
final class AbortCauses {
    /* How it works
     *
     * The victim is a thread that runs a section with a delay inside and without restarts. Before and after each run it
     * reads how often the kernel has switched it out, its CPU, and how often the signal's handler has run. The provoker
     * is a thread that does one thing: it fences; or sleeps and wakes on the victim's CPU; or changes the victim's
     * affinity; or signals the victim. An abort counts for that cause only if nothing else happened in the same run.
     */
    /** The reasons for which the kernel aborts a section. */
    enum Cause { FENCE, PREEMPTION, MIGRATION, SIGNAL }

    /** Some 30 microseconds: long enough to be hit, and short enough that two events in one run are rare. */
    private static final long ITERATIONS = 1 << 17;
    /** The additional time for a cause that was not seen yet, because the machine is busy. */
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final long PAUSE_NANOS = 100_000;
    private static final long SLICE_NANOS = 100_000;
    /** The number of aborts after which a cause is done. */
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
     * @param nanosEach the time for each cause, in nanoseconds
     * @param isStopped tells whether to leave out the causes that were not tried yet
     * @return the number of aborts by cause
     * @throws InterruptedException if the calling thread is interrupted
     */
    Map<Cause, Long> run(long nanosEach, BooleanSupplier isStopped) throws InterruptedException {
        for (Cause cause : Cause.values()) {
            if (isStopped.getAsBoolean()) {
                break;
            }
            running = true;
            tid = 0;
            Thread victim = Thread.ofPlatform().daemon().name("rseq4j-section").start(() -> victim(cause, nanosEach));
            while (tid == 0) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            // The provoker is a thread of its own, because one cause pins it to a CPU.
            Thread provoker = Thread.ofPlatform().daemon().name("rseq4j-provoker").start(() -> provoke(cause));
            victim.join();
            provoker.join();
            if (!(failure instanceof Finished)) {
                throw new IllegalStateException("the section failed under " + cause, failure);
            }
        }
        return new EnumMap<>(seen);
    }

    /** Tells whether the cell counts exactly the committed sections. */
    boolean isExact() {
        return Cells.get().sum(cell) == committed;
    }

    /** Marks the normal end of the victim. */
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
            // On one CPU the provoker can only run after a switch.
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
                // The provoker is on the same CPU: waking up is enough.
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
