package io.github.rseq4j.trace.common;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.trace.ctf.TraceClock;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** The clock of traces: the processor's counter where it is reliable, else CLOCK_MONOTONIC. */
public final class TraceTime {
    /* How it works
     *
     * The kernel uses the processor's counter as its own clock only if it has found that the counter is the same on all
     * CPUs and never stops. Where it does so, sections read the counter. Elsewhere the caller reads CLOCK_MONOTONIC
     * before the section, and the section refuses a time before the last record's. On the fallback the sections
     * themselves read that clock.
     *
     * -Drseq4j.trace.clock=monotonic selects CLOCK_MONOTONIC also where the counter is reliable. It costs a call more
     * for each event, and a retry now and then. It makes times comparable with those of other programs.
     *
     * The counter's frequency is the number of its cycles between two moments, divided by the time between them on
     * CLOCK_MONOTONIC. It becomes more exact with that time. For a moment the clocks are read one after the other,
     * several times; the reading that took the shortest time is used.
     */
    private static final Path CLOCK_SOURCE =
            Path.of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    /** The system property that selects the clock. */
    static final String PROPERTY = "rseq4j.trace.clock";
    private static final Set<String> COUNTERS = Set.of("tsc", "arch_sys_counter");
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long SHORTEST_NANOS = 20_000_000;
    private static final int TRIES = 50;
    private static final UUID CLOCK = UUID.randomUUID();

    private static final boolean IS_FALLBACK = !Engine.get().readsCounter();
    private static final boolean IS_ASKED = System.getProperty(PROPERTY, "auto").equals("monotonic");
    private static final String SOURCE = clockSource();
    private static final boolean IS_COUNTER = !IS_FALLBACK && !IS_ASKED && COUNTERS.contains(SOURCE);

    private TraceTime() {}

    /** The handle that reads the clock, a constant for the compiler, and the moment of its first use. */
    private static final class Reading {
        private static final MethodHandle READ = IS_COUNTER ? Engine.get().timestampHandle(true) : nanoTime();
        private static final MethodHandle READ_UNORDERED = IS_COUNTER ? Engine.get().timestampHandle(false)
                : nanoTime();
        private static final Moment FIRST = moment();
    }

    /**
     * Emits the function that reads the clock, before its first use.
     *
     * @throws io.github.rseq4j.KernelException when the kernel refuses executable memory; the caller may try again
     */
    public static void require() {
        if (IS_COUNTER) {
            // The engine keeps the handles. So the initialiser of Reading, which must not fail, finds them.
            MethodHandle _ = Engine.get().timestampHandle(true);
            MethodHandle _ = Engine.get().timestampHandle(false);
        }
        Engine _ = Engine.get(Reading.class);
    }

    /**
     * The times of one moment on three clocks.
     *
     * @param cycles the time of the trace's clock
     * @param nanos the time of CLOCK_MONOTONIC
     * @param epochNanos the time of CLOCK_REALTIME, in nanoseconds since the epoch of Unix
     * @param widthNanos the time that reading the clocks took: the most by which these times can differ
     */
    record Moment(long cycles, long nanos, long epochNanos, long widthNanos) {}

    private static String clockSource() {
        try {
            return Files.readString(CLOCK_SOURCE).strip();
        } catch (IOException _) {
            // Without sysfs nothing tells that the counter is reliable.
            return "";
        }
    }

    /** Returns why the processor's counter is not the clock of traces, and the remedy. */
    public static String whyNoCounter() {
        if (IS_FALLBACK) {
            return "rseq is not available: " + Rseq.availability().reason();
        }
        if (IS_ASKED) {
            return "-D" + PROPERTY + "=monotonic selects another clock: leave it out";
        }
        return SOURCE.isEmpty() ? CLOCK_SOURCE + " cannot be read, so nothing tells that the processor's counter is"
                + " reliable: mount sysfs at /sys" : "the kernel's clock source is " + SOURCE + ", by " + CLOCK_SOURCE
                + ", and not the processor's counter (one of " + String.join(", ", new TreeSet<>(COUNTERS))
                + "): the kernel's log tells why it was not chosen";
    }

    /** Returns a handle of {@link System#nanoTime}. */
    public static MethodHandle nanoTime() {
        try {
            return MethodHandles.lookup().findStatic(System.class, "nanoTime", MethodType.methodType(long.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tells whether the caller of a section passes the time as an argument. */
    public static boolean isGiven() {
        return !IS_COUNTER && !IS_FALLBACK;
    }

    /** Tells whether the clock is the processor's counter, which sections can read. */
    public static boolean isCounter() {
        return IS_COUNTER;
    }

    /** Returns the time, in cycles. It is not before the time of any reading that happened before. */
    public static long now() {
        try {
            return (long) Reading.READ.invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /**
     * Returns the time, in cycles, without waiting for earlier instructions: a counter is read some 10 ns faster. The
     * processor may read it before earlier loads have completed, and some nanoseconds before or after its place in the
     * program. So the time may be before that of an effect's cause on another CPU.
     */
    public static long unordered() {
        try {
            return (long) Reading.READ_UNORDERED.invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    private static Moment moment() {
        Moment best = new Moment(0, 0, 0, Long.MAX_VALUE);
        long narrowest = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            long before = System.nanoTime();
            long cycles = now();
            Instant real = Instant.now();
            long after = System.nanoTime();
            if (after - before < narrowest) {
                narrowest = after - before;
                best = new Moment(cycles, before + (after - before) / 2,
                        real.getEpochSecond() * NANOS_PER_SECOND + real.getNano(), narrowest);
            }
        }
        return best;
    }

    /**
     * Returns the clock, with the frequency as measured since the first use. A counter is measured for at least 20 ms:
     * the first call may wait that long.
     */
    public static TraceClock clock() {
        Moment last = moment();
        while (IS_COUNTER && last.nanos - Reading.FIRST.nanos < SHORTEST_NANOS) {
            Thread.onSpinWait();
            last = moment();
        }
        return clock(Reading.FIRST, last, IS_COUNTER);
    }

    /**
     * Returns the bound of the error of the clock's offset, in nanoseconds: the time within which the clock and
     * CLOCK_REALTIME were read.
     */
    public static long offsetErrorNanos() {
        return Reading.FIRST.widthNanos;
    }

    /**
     * Returns the clock that two moments define.
     *
     * @param first the earlier moment; the clock's offset is computed from it
     * @param last the later moment
     * @param isCounter whether the frequency is computed; otherwise cycles are nanoseconds
     */
    public static TraceClock clock(Moment first, Moment last, boolean isCounter) {
        long frequency = !isCounter ? NANOS_PER_SECOND : BigInteger.valueOf(last.cycles - first.cycles)
                .multiply(BigInteger.valueOf(NANOS_PER_SECOND))
                .divide(BigInteger.valueOf(last.nanos - first.nanos)).longValueExact();
        BigInteger perSecond = BigInteger.valueOf(frequency);
        BigInteger[] offset = BigInteger.valueOf(first.epochNanos).multiply(perSecond)
                .divide(BigInteger.valueOf(NANOS_PER_SECOND)).subtract(BigInteger.valueOf(first.cycles))
                .divideAndRemainder(perSecond);
        long seconds = offset[0].longValueExact();
        long cycles = offset[1].longValueExact();
        return cycles < 0 ? new TraceClock(CLOCK, frequency, seconds - 1, cycles + frequency)
                : new TraceClock(CLOCK, frequency, seconds, cycles);
    }
}
