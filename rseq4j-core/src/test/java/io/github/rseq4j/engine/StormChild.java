package io.github.rseq4j.engine;

import static io.github.rseq4j.machine.Routines.Input.constant;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.DynamicLinker;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Routines;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.sections.LoadAddStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

/**
 * A child JVM in which threads start and end under a storm of signals, whose handler joins the thread and runs a
 * section. A real-time signal that is sent to the process is queued, and delivered once, to any thread. So the number
 * of committed sections must equal the number of signals.
 */
public final class StormChild {
    private static final int SIGNAL = 44;
    private static final int AT_ONCE = 8;
    /** The timer's slack and the sending included, this gives ten thousand signals a second. */
    private static final long PAUSE_NANOS = 50_000;
    private static final int AT_A_TIME = 2;
    private static final int ROUNDS = 20;
    private static final int WARM_UP = 1000;

    private static final int CELL = 0;
    private static final int SECTION = 1;
    private static final int JOIN = 2;
    private static final int RESULT = 3;
    private static final int LOCALS = 5;

    private StormChild() {}

    /**
     * Runs the child.
     *
     * @param arguments the number of threads
     * @throws InterruptedException when it is interrupted
     * @throws IOException when /proc cannot be read
     */
    public static void main(String[] arguments) throws InterruptedException, IOException {
        int threads = Integer.parseInt(arguments[0]);
        PerCpuCounter counter = new PerCpuCounter();
        counter.increment();
        NativeEngine engine = (NativeEngine) Engine.get();
        long cell = engine.reserve();
        byte[] former = Signals.sigaction(SIGNAL, handler(engine, cell));
        Sender sender = new Sender();
        sender.start();
        run(WARM_UP, counter);
        System.gc();
        long mappingsBefore = mappings();
        run(threads, counter);
        System.gc();
        long mappingsAfter = mappings();
        sender.isOver = true;
        sender.join();
        long counted = 0;
        for (int tries = 0; tries < 1000 && counted != sender.sent; tries++) {
            LockSupport.parkNanos(1_000_000);
            counted = 0;
            for (int i = 0; i < engine.copies(); i++) {
                counted += RawMemory.getLong(cell + ((long) i << Engine.STRIDE_SHIFT));
            }
        }
        Signals.sigaction(SIGNAL, former);
        System.out.println("available=" + Rseq.availability().available());
        System.out.println("owner=" + Rseq.availability().owner());
        System.out.println("expected=" + ((long) (threads + WARM_UP) * ROUNDS + 1) + " by threads, " + sender.sent
                + " by handlers");
        System.out.println("counted=" + counter.sum() + " by threads, " + counted + " by handlers");
        System.out.println("signals=" + sender.sent);
        System.out.println("mappings=" + mappingsBefore + " to " + mappingsAfter);
        System.out.println("grown=" + Math.max(0, mappingsAfter - mappingsBefore));
    }

    private static void run(int threads, PerCpuCounter counter) throws InterruptedException {
        Semaphore atOnce = new Semaphore(AT_ONCE);
        for (int i = 0; i < threads; i++) {
            atOnce.acquire();
            Thread.ofPlatform().start(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    counter.increment();
                }
                atOnce.release();
            });
        }
        atOnce.acquire(AT_ONCE);
    }

    private static long mappings() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.count();
        }
    }

    /** Sends signals to the process, some ten thousand a second. */
    private static final class Sender extends Thread {
        private volatile boolean isOver;
        private volatile long sent;

        @Override
        public void run() {
            long kill = Native.find("kill");
            long pid = ProcessHandle.current().pid();
            long done = 0;
            while (!isOver) {
                for (int i = 0; i < AT_A_TIME; i++) {
                    int answer = Native.call(kill, pid, SIGNAL).intOrNegativeErrno();
                    if (answer == 0) {
                        done++;
                    } else if (answer != -Errno.EAGAIN) {
                        throw new IllegalStateException("kill answered " + Errno.name(-answer));
                    }
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            sent = done;
        }
    }

    /**
     * {@code void handler(int signal)}: runs the section up to three times, and joins the thread in between if
     * necessary.
     */
    private static long handler(NativeEngine engine, long cell) {
        Label function = new Label("handler");
        Label out = new Label("out");
        long section = engine.entry(LoadAddStore.ONE);
        long join = DynamicLinker.dlsym("rseq4j_join");
        Assembled code = engine.compiler().routines("storm", List.of(), r -> {
            r.enter(function, 1, LOCALS);
            r.set(CELL, constant(cell));
            r.set(SECTION, constant(section));
            r.set(JOIN, constant(join));
            for (int i = 0; i < 3; i++) {
                Label again = new Label("again_" + i);
                r.callTo(RESULT, SECTION, Routines.Input.local(CELL), constant(1));
                r.branchIf(RESULT, 0, out);
                r.branchIf(RESULT, (int) Status.failure(Status.ABORTED, 0), again);
                r.branchIf(JOIN, 0, again);
                r.callTo(RESULT, JOIN);
                r.bind(again);
            }
            r.bind(out);
            r.leave(RESULT);
        });
        return engine.code().install(List.of(code)).getFirst().entry();
    }
}
