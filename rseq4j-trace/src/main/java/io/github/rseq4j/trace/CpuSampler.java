package io.github.rseq4j.trace;

import io.github.rseq4j.engine.NativeEvents;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.KernelException;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RawMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Samples what all threads of the process use CPU time for, see {@link Tracer#sampleCpu}. It runs until it, or its
 * tracer, is closed.
 */
public final class CpuSampler implements AutoCloseable {
    /* How it works
     *
     * Each thread, also one that the JVM does not know, has a timer of its own CPU time, which sends it SIGPROF; the
     * handler is emitted code that records the instruction that was interrupted. A thread of ours looks for threads
     * that are new or have ended.
     *
     * Where code lies is recorded at the beginning, when it changes, and with each snapshot: so readers can tell which
     * library an address is in.
     *
     * The handler is never taken away: a signal may be on its way. It records nothing then.
     *
     * Refused: one timer for the process. Kernels before 6.4 send its signals to the main thread, which waits.
     */
    /** The most samples a second of CPU time. */
    public static final int MAX_HZ = 10_000;
    private static final int SIGPROF = 27;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long LOOK_NANOS = 20_000_000;
    private static final int LOOKS_FOR_CODE = 50;
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final Path MAPS = Path.of("/proc/self/maps");
    private static final Pattern CODE =
            Pattern.compile("([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \\S+ \\d+ *(.*)");

    private static final AtomicBoolean IS_SAMPLING = new AtomicBoolean();
    private static final AtomicBoolean IS_INSTALLED = new AtomicBoolean();

    private final CpuEvents events;
    private final NativeEvents.Event handler;
    private final TracerCounts counts;
    private final long intervalNanos;
    private final Map<Integer, Integer> timers = new HashMap<>();
    private final Thread worker;
    private Set<String> code = Set.of();
    private volatile boolean isClosing;
    private boolean isClosed;

    private CpuSampler(CpuEvents events, NativeEvents.Event handler, TracerCounts counts, int hz) {
        this.events = events;
        this.handler = handler;
        this.counts = counts;
        this.intervalNanos = NANOS_PER_SECOND / hz;
        this.worker = Thread.ofPlatform().daemon().name("rseq4j-sampler").unstarted(this::work);
    }

    /**
     * Begins to sample.
     *
     * @param events records where code lies
     * @param handler records samples
     * @param counts counts failures
     * @param hz how many a second of CPU time
     * @throws IllegalStateException when somebody else samples or handles the signal
     */
    static CpuSampler start(CpuEvents events, NativeEvents.Event handler, TracerCounts counts, int hz) {
        if (!IS_SAMPLING.compareAndSet(false, true)) {
            throw new IllegalStateException("another sampler runs in this process: close it first");
        }
        byte[] former = Linux.sigaction(SIGPROF, handler.entry());
        if (!IS_INSTALLED.get() && !Linux.isDefault(former)) {
            Linux.sigaction(SIGPROF, former);
            IS_SAMPLING.set(false);
            throw new IllegalStateException("SIGPROF has a handler already: another profiler runs in this process");
        }
        IS_INSTALLED.set(true);
        CpuSampler sampler = new CpuSampler(events, handler, counts, hz);
        sampler.look();
        sampler.recordCode();
        RawMemory.putLong(handler.enabledWord(), 1);
        sampler.worker.start();
        return sampler;
    }

    private void work() {
        for (int looks = 1; !isClosing; looks++) {
            LockSupport.parkNanos(LOOK_NANOS);
            look();
            if (looks % LOOKS_FOR_CODE == 0) {
                recordNewCode();
            }
        }
    }

    /** Gives threads that are new a timer, and takes it from those that have ended. */
    private synchronized void look() {
        if (isClosed) {
            return;
        }
        try (Stream<Path> tasks = Files.list(TASKS)) {
            Set<Integer> there = new HashSet<>();
            tasks.forEach(task -> there.add(Integer.parseInt(String.valueOf(task.getFileName()))));
            for (Iterator<Map.Entry<Integer, Integer>> i = timers.entrySet().iterator(); i.hasNext();) {
                Map.Entry<Integer, Integer> each = i.next();
                if (!there.contains(each.getKey())) {
                    Linux.timer_delete(each.getValue());
                    i.remove();
                }
            }
            for (int tid : there) {
                if (!timers.containsKey(tid)) {
                    arm(tid);
                }
            }
        } catch (IOException e) {
            counts.failed(e);
        }
    }

    private void arm(int tid) {
        int timer = Linux.cpuTimer(tid, SIGPROF, intervalNanos);
        if (timer >= 0) {
            timers.put(tid, timer);
        } else if (timer != -Errno.EINVAL) {
            // EINVAL: the thread has ended meanwhile.
            counts.failed(new KernelException("timer_create(tid=" + tid + ")", -timer));
        }
    }

    private void recordNewCode() {
        Set<String> now = readCode();
        if (!now.equals(code)) {
            record(now);
        }
    }

    /** Records where code lies. */
    void recordCode() {
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
            // What Java has compiled since.
            recordNewCode();
            RawMemory.putLong(handler.enabledWord(), 0);
            timers.values().forEach(Linux::timer_delete);
            timers.clear();
        }
        IS_SAMPLING.set(false);
    }
}
