package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.kernel.Linux;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Runs the threads of a storm and disturbs them. There are many more threads than CPUs, platform and virtual ones.
 * While they work they are moved between CPUs, interrupted by signals, and fenced.
 */
public final class Weather {
    /** The number of platform threads. */
    static final int PLATFORM_THREADS = 2 * Runtime.getRuntime().availableProcessors() + 2;

    private static final long SIGNAL_PAUSE_NANOS = 100_000;
    private static final long FLIP_PAUSE_NANOS = 500_000;
    /** The time after which a request to stop is seen. */
    private static final long STOP_NANOS = 100_000_000;
    private static final int BREATHS = 64;
    private static final int MAX_SLEEP_NANOS = 50_000;
    private static final int MAX_SPINS = 200;

    private final int[] cpus;
    private final long[] affinity;
    private final @Nullable StormSignal signal;
    private final Set<Integer> tids = ConcurrentHashMap.newKeySet();
    private volatile boolean running;
    private volatile boolean isStopped;
    private volatile Faults faults = new Faults();
    private long flips;
    private long fences;

    /**
     * Creates the disturbances.
     *
     * @param cpus the CPUs to which threads are moved
     * @param affinity the threads' affinity at the end, as a mask
     * @param signal the signal that interrupts threads; without one they are neither interrupted nor moved nor fenced
     */
    public Weather(int[] cpus, long[] affinity, @Nullable StormSignal signal) {
        this.cpus = cpus.clone();
        this.affinity = affinity.clone();
        this.signal = signal;
    }

    /** Returns a weather whose only disturbance is the number of threads, for the fallback. */
    public static Weather calm() {
        return new Weather(new int[0], new long[0], null);
    }

    /** Returns the CPUs to which threads are moved. */
    int[] cpus() {
        return cpus.clone();
    }

    /** Ends the storm that runs, and all later ones. Any thread may call this method. */
    public void stop() {
        isStopped = true;
    }

    /** Tells whether the storms were stopped. */
    boolean isStopped() {
        return isStopped;
    }

    /** Tells whether the storm is over, so that its threads must end. */
    boolean isOver() {
        return !running;
    }

    /**
     * Pauses between two operations or inside one: most calls return at once, a few take a short or a longer pause.
     *
     * @param random selects the pause
     */
    @SuppressWarnings("ThreadPriorityCheck")
    void breathe(SplittableRandom random) {
        switch (random.nextInt(BREATHS)) {
            case 0 -> Thread.yield();
            case 1 -> LockSupport.parkNanos(1 + random.nextInt(MAX_SLEEP_NANOS));
            case 2, 3, 4, 5 -> {
                for (int i = random.nextInt(MAX_SPINS); i > 0; i--) {
                    Thread.onSpinWait();
                }
            }
            default -> { }
        }
    }

    /**
     * Runs a storm.
     *
     * @param storm the storm
     * @param nanos its duration, in nanoseconds
     * @return the outcome
     * @throws InterruptedException if the calling thread is interrupted; the storm's threads then end soon
     */
    public Outcome run(Storm storm, long nanos) throws InterruptedException {
        long start = System.nanoTime();
        long abortsBefore = aborts(storm);
        long hitsBefore = signal == null ? 0 : signal.hits();
        Faults found = new Faults();
        faults = found;
        flips = 0;
        fences = 0;
        tids.clear();
        running = true;
        List<Thread> workers = new ArrayList<>();
        List<Thread> weather = new ArrayList<>();
        try {
            for (int i = 0; i < PLATFORM_THREADS + storm.virtualThreads(); i++) {
                workers.add(worker(storm, i < PLATFORM_THREADS, new SplittableRandom(start + i)));
            }
            weather.add(watched("manage", () -> storm.manage(this, new SplittableRandom(~start))));
            if (signal != null) {
                weather.add(watched("signals", () -> signals(signal)));
                weather.add(watched("flips", this::flips));
            }
            for (long left = nanos; left > 0 && !isStopped; left = start + nanos - System.nanoTime()) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("interrupted in the storm of " + storm.name());
                }
                LockSupport.parkNanos(Math.min(left, STOP_NANOS));
            }
        } finally {
            running = false;
        }
        // The disturbing threads end first, because they use the ids of the working threads.
        for (Thread thread : weather) {
            thread.join();
        }
        for (Thread thread : workers) {
            thread.join();
        }
        storm.settle(found);
        return new Outcome(storm.name(), storm.operations(), aborts(storm) - abortsBefore, found.list(),
                signal == null ? 0 : signal.hits() - hitsBefore, flips, fences, System.nanoTime() - start);
    }

    private static long aborts(Storm storm) {
        return storm.sections().stream().mapToLong(Operation::aborts).sum();
    }

    private Thread worker(Storm storm, boolean isPlatform, SplittableRandom random) {
        Runnable work = () -> {
            int tid = signal == null ? 0 : Linux.gettid();
            if (tid > 0) {
                tids.add(tid);
            }
            try {
                watch("work", () -> storm.work(this, random));
            } finally {
                if (isPlatform) {
                    tids.remove(tid);
                }
            }
        };
        return isPlatform ? Thread.ofPlatform().daemon().name("rseq4j-storm").start(work)
                : Thread.ofVirtual().name("rseq4j-storm-virtual").start(work);
    }

    private Thread watched(String part, Runnable body) {
        return Thread.ofPlatform().daemon().name("rseq4j-storm-" + part).start(() -> watch(part, body));
    }

    /** Runs a thread's body; an exception or error that ends it is a fault. */
    private void watch(String part, Runnable body) {
        try {
            body.run();
        } catch (RuntimeException | Error e) {
            faults.add("a thread failed in " + part + ": " + e);
        }
    }

    private void signals(StormSignal storm) {
        while (running) {
            tids.forEach(storm::send);
            LockSupport.parkNanos(SIGNAL_PAUSE_NANOS);
        }
    }

    private void flips() {
        int round = 0;
        while (running) {
            for (int tid : tids) {
                Linux.sched_setaffinity(tid, cpus[round++ % cpus.length]);
                flips++;
            }
            Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
            fences++;
            LockSupport.parkNanos(FLIP_PAUSE_NANOS);
        }
        tids.forEach(tid -> Linux.sched_setaffinity(tid, affinity));
    }
}
