package io.github.rseq4j.trace.common;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
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

/** The clock of traces: the processor's counter, or CLOCK_MONOTONIC where that is not to be relied on. */
public final class TraceTime {
    /* How it works
     *
     * The kernel uses the processor's counter for its own clock only where it found it to be the same on all CPUs and
     * to never stop. So where it does, sections read the counter; else the caller reads CLOCK_MONOTONIC ahead of the
     * section, which refuses a time before the last record's. On the fallback the sections themselves read that clock.
     *
     * -Drseq4j.trace.clock=monotonic has CLOCK_MONOTONIC read where the counter would serve: what it costs is a call
     * more and a retry now and then, what it gains are times that are those of other programs' clocks.
     *
     * The counter's frequency is what it counted between two moments, by CLOCK_MONOTONIC: the longer between, the
     * better. A moment is taken as often as needed for the two clocks to be read without an interruption between.
     */
    private static final Path CLOCK_SOURCE =
            Path.of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    /** Asks for a clock. */
    static final String PROPERTY = "rseq4j.trace.clock";
    private static final Set<String> COUNTERS = Set.of("tsc", "arch_sys_counter");
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final long SHORTEST_NANOS = 20_000_000;
    private static final int TRIES = 50;
    private static final UUID CLOCK = UUID.randomUUID();

    private static final boolean IS_FALLBACK = Engine.get() instanceof FallbackEngine;
    private static final boolean IS_ASKED = System.getProperty(PROPERTY, "auto").equals("monotonic");
    private static final String SOURCE = clockSource();
    private static final boolean IS_COUNTER = !IS_FALLBACK && !IS_ASKED && COUNTERS.contains(SOURCE);

    private TraceTime() {}

    /** What reads the clock, a constant. */
    private static final class Reading {
        private static final MethodHandle READ = IS_COUNTER ? Engine.get().timestampHandle() : nanoTime();
        private static final Moment FIRST = moment();
    }

    /**
     * Emits what reads the clock, before somebody reads it.
     *
     * @throws io.github.rseq4j.KernelException when the kernel refuses executable memory; it may be tried again
     */
    public static void require() {
        if (IS_COUNTER) {
            // The engine keeps it, so that the holder's initialiser, which must not fail, finds it.
            MethodHandle _ = Engine.get().timestampHandle();
        }
        Engine _ = Engine.get(Reading.class);
    }

    /**
     * The same moment by three clocks.
     *
     * @param cycles the trace's
     * @param nanos CLOCK_MONOTONIC's
     * @param epochNanos CLOCK_REALTIME's, in nanoseconds from the epoch of Unix
     */
    record Moment(long cycles, long nanos, long epochNanos) {}

    private static String clockSource() {
        try {
            return Files.readString(CLOCK_SOURCE).strip();
        } catch (IOException _) {
            // Without sysfs nothing says that the counter can be relied on.
            return "";
        }
    }

    /** Says why the processor's counter is not the clock of traces, and what to do about it. */
    public static String whyNoCounter() {
        if (IS_FALLBACK) {
            return "rseq is not available: " + Rseq.availability().reason();
        }
        if (IS_ASKED) {
            return "-D" + PROPERTY + "=monotonic asks for another clock: leave it out";
        }
        return SOURCE.isEmpty() ? CLOCK_SOURCE + " cannot be read, so nothing says that the processor's counter can be"
                + " relied on: mount sysfs at /sys" : "the kernel's clock source is " + SOURCE + ", by " + CLOCK_SOURCE
                + ", and not the processor's counter (one of " + String.join(", ", new TreeSet<>(COUNTERS))
                + "): the kernel's log tells why it was not chosen";
    }

    public static MethodHandle nanoTime() {
        try {
            return MethodHandles.lookup().findStatic(System.class, "nanoTime", MethodType.methodType(long.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Tells whether who calls a section gives it the time. */
    public static boolean isGiven() {
        return !IS_COUNTER && !IS_FALLBACK;
    }

    /** Returns the time, in cycles. */
    public static long now() {
        try {
            return (long) Reading.READ.invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    private static Moment moment() {
        Moment best = new Moment(0, 0, 0);
        long narrowest = Long.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            long before = System.nanoTime();
            long cycles = now();
            Instant real = Instant.now();
            long after = System.nanoTime();
            if (after - before < narrowest) {
                narrowest = after - before;
                best = new Moment(cycles, before + (after - before) / 2,
                        real.getEpochSecond() * NANOS_PER_SECOND + real.getNano());
            }
        }
        return best;
    }

    /**
     * Returns the clock as well as it is known by now. The first time it is asked for, that may take as long as it
     * takes to know it to some millionths.
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
     * Returns the clock that two moments make.
     *
     * @param first the earlier one, which the time of the day is taken from
     * @param last the later one
     * @param isCounter whether the frequency is to be found, or is that of nanoseconds
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
