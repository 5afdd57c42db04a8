package io.github.rseq4j.trace.cpu;

import io.github.rseq4j.kernel.CpuTimers;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.SignalHandler;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.thread.KernelTasks;
import io.github.rseq4j.trace.thread.LooseThread;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Samples the CPU time of all threads of the process, until it is closed. A process has one sampler at a time. */
public final class Sampling implements AutoCloseable {
    /* How it works
     *
     * Each thread, even one that the JVM does not know, gets a timer of its own CPU time, which sends it SIGPROF. The
     * handler is emitted code that records the address of the interrupted instruction. The sampler's thread looks for
     * new and ended threads.
     *
     * The address ranges of code are recorded at the beginning, when they change, and with each snapshot. So readers
     * can find the library of an address.
     *
     * At the end the sampler deletes the timers and gives SIGPROF its former action back (SignalHandler). The handler's
     * code stays mapped, because threads may still be in it. When the class loader of this class is collected, the
     * sampler's thread deletes the timers and gives SIGPROF back too (LooseThread).
     *
     * Refused: one timer for the process. Kernels before 6.4 send its signals to the main thread, which in a JVM only
     * waits.
     */
    /** The highest number of samples for each second of CPU time. */
    public static final int MAX_HZ = 10_000;
    private static final int SIGPROF = 27;
    private static final long SIG_DFL = 0;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long LOOK_NANOS = 20_000_000;
    private static final int LOOKS_FOR_CODE = 50;
    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final Pattern CODE =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \\S+ \\d+ *(.*)");

    /** Records the address ranges of code. */
    @FunctionalInterface
    public interface CodeMap {
        /**
         * Records a range of executable memory.
         *
         * @param start its first address
         * @param end the address after its last byte
         * @param offset the offset of its first byte in the file
         * @param path the file, or empty for code that was emitted at run time
         */
        void mapping(long start, long end, long offset, String path);
    }

    private static final AtomicBoolean IS_SAMPLING = new AtomicBoolean();

    private final CodeMap events;
    private final NativeEvents.Event handler;
    private final TracedThreads threads;
    private final TracerCounts counts;
    private final KernelTasks tasks = new KernelTasks();
    private final long intervalNanos;
    /**
     * The timers, by the thread's number in /proc. A negative value is the error that the kernel returned instead of a
     * timer.
     */
    private final Map<Integer, Integer> timers = new HashMap<>();
    private final SignalHandler signal;
    private final Closeable end;
    private final Thread worker;
    private final LongSupplier step = this::step;
    private int looks;
    private Set<String> code = Set.of();
    private volatile boolean isClosing;
    private boolean isClosed;

    private Sampling(CodeMap events, NativeEvents.Event handler, TracedThreads threads, TracerCounts counts,
            int hz) {
        this.events = events;
        this.handler = handler;
        this.threads = threads;
        this.counts = counts;
        this.intervalNanos = NANOS_PER_SECOND / hz;
        this.signal = new SignalHandler(SIGPROF, handler.entry());
        this.end = signal.endOfTimers(timers.values());
        this.worker = LooseThread.repeating("rseq4j-sampler", step, List.of(end));
    }

    /**
     * Begins to sample.
     *
     * @param events records the address ranges of code
     * @param handler records samples
     * @param threads receives the kernel's threads
     * @param counts counts failures
     * @param hz the number of samples for each second of CPU time
     * @throws IllegalStateException when another sampler runs, SIGPROF has a handler, or no thread can have a timer
     */
    public static Sampling start(CodeMap events, NativeEvents.Event handler, TracedThreads threads, TracerCounts counts,
            int hz) {
        if (!IS_SAMPLING.compareAndSet(false, true)) {
            throw new IllegalStateException("another sampler runs in this process: close it first");
        }
        Sampling sampler = null;
        try {
            requireFree(Signals.handler(Signals.sigaction(SIGPROF, new byte[0])));
            Sampling made = new Sampling(events, handler, threads, counts, hz);
            sampler = made;
            made.signal.install();
            requireFree(made.signal.formerHandler());
            made.look();
            made.requireTimer();
            made.recordCode();
            RawMemory.putLong(handler.enabledWord(), 1);
            made.worker.start();
            return made;
        } catch (Throwable t) {
            if (sampler != null) {
                sampler.close();
            } else {
                IS_SAMPLING.set(false);
            }
            throw t;
        }
    }

    private static void requireFree(long action) {
        if (action != SIG_DFL && action != Signals.SIG_IGN) {
            throw new IllegalStateException("SIGPROF has a handler already: another profiler runs in this process");
        }
    }

    private synchronized void requireTimer() {
        if (timers.values().stream().noneMatch(timer -> timer >= 0)) {
            int errno = timers.values().stream().findFirst().orElse(-Errno.ESRCH);
            throw new IllegalStateException("no thread can be given a timer of its CPU time: timer_create answered "
                    + Errno.name(-errno) + ": if that is EAGAIN, raise RLIMIT_SIGPENDING; if it is EINVAL or ESRCH,"
                    + " mount the /proc of this process's namespace");
        }
    }

    private long step() {
        if (isClosing) {
            return 0;
        }
        try {
            look();
            if (++looks % LOOKS_FOR_CODE == 0) {
                recordNewCode();
            }
        } catch (Throwable t) {
            counts.failed(t);
        }
        return LOOK_NANOS;
    }

    /** Makes timers for new threads, and deletes those of threads that have ended. */
    private synchronized void look() {
        if (isClosed) {
            return;
        }
        try {
            Map<Integer, Integer> there = threads.look(tasks);
            for (Iterator<Map.Entry<Integer, Integer>> i = timers.entrySet().iterator(); i.hasNext();) {
                Map.Entry<Integer, Integer> each = i.next();
                if (!there.containsKey(each.getKey())) {
                    delete(each.getValue());
                    i.remove();
                }
            }
            for (Map.Entry<Integer, Integer> task : there.entrySet()) {
                if (timers.getOrDefault(task.getKey(), -1) < 0) {
                    arm(task.getKey(), task.getValue());
                }
            }
        } catch (IOException e) {
            counts.failed(e);
        }
    }

    private static void delete(int timer) {
        if (timer >= 0) {
            CpuTimers.timer_delete(timer);
        }
    }

    private void arm(int task, int tid) {
        int timer = tid == 0 ? -Errno.ESRCH : CpuTimers.create(tid, SIGPROF, intervalNanos);
        if (timer < 0 && !KernelTasks.isThere(task)) {
            // The thread has ended meanwhile.
            timers.remove(task);
            return;
        }
        Integer before = timers.put(task, timer);
        // A failure is counted once for each thread, although each look tries again.
        if (timer < 0 && before == null) {
            counts.failed(Errno.refusal("timer_create(tid=" + tid + ")", -timer));
        }
    }

    private void recordNewCode() {
        Set<String> now = readCode();
        if (!now.equals(code)) {
            record(now);
        }
    }

    /** Records all address ranges of code. */
    public void recordCode() {
        record(readCode());
    }

    private void record(Set<String> now) {
        code = now;
        for (String line : now) {
            Matcher matcher = CODE.matcher(line);
            if (matcher.matches()) {
                events.mapping(Long.parseUnsignedLong(matcher.group(1), 16),
                        Long.parseUnsignedLong(matcher.group(2), 16), Long.parseUnsignedLong(matcher.group(3), 16),
                        matcher.group(4));
            }
        }
    }

    private Set<String> readCode() {
        Set<String> lines = new LinkedHashSet<>();
        try (Stream<String> maps = Files.lines(MAPS)) {
            maps.filter(line -> CODE.matcher(line).matches()).forEach(lines::add);
        } catch (IOException e) {
            counts.failed(e);
        }
        return lines;
    }

    /** Ends sampling. */
    @Override
    public void close() {
        isClosing = true;
        LockSupport.unpark(worker);
        synchronized (this) {
            if (isClosed) {
                return;
            }
            isClosed = true;
            // The JIT compiler may have emitted code since the last look.
            if (RawMemory.getLong(handler.enabledWord()) != 0) {
                recordNewCode();
            }
            RawMemory.putLong(handler.enabledWord(), 0);
            try {
                end.close();
            } catch (IOException e) {
                counts.failed(e);
            }
            timers.clear();
        }
        IS_SAMPLING.set(false);
    }
}
