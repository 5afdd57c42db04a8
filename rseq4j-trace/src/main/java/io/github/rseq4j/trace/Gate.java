package io.github.rseq4j.trace;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/** Decides which calls of one event are recorded: one in n, and at most a number each second. Any thread. */
final class Gate {
    /* How it works
     *
     * One in n: each call adds 1 to the count of its stripe, which follows from the thread's number. A call is recorded
     * if the count is a multiple of n. The counts of the stripes begin at equal distances, so that few calls of many
     * threads are one in n, too. Stripes lie in cache lines of their own.
     *
     * A number each second: the generic cell rate algorithm. spent is the time up to which the rate is used up. A
     * recorded call moves it by the interval of the rate; a call that would move it beyond now is left out. A pause
     * saves up to a second of the rate. Only recorded calls write the word, so calls that are left out do not contend.
     * Reading the clock takes longer than all the rest. So a stripe measures how fast its calls come while they are
     * left out, and leaves out up to 31 of them without the clock: as many as come in a quarter of the time after which
     * a call will be recorded again.
     *
     * Refused: a limit for each CPU or thread. A thread alone could then use only its part of the rate.
     */
    /** The most calls each second that a rate can state. */
    static final int MAX_PER_SECOND = 10_000_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(long[].class);
    /** The words of a stripe: two cache lines, because processors fetch them in pairs. */
    private static final int WORDS_EACH = 16;
    /** The words of a stripe after its count: the calls that are still left out without the clock. */
    private static final int UNMEASURED = 1;
    /** That number when it was chosen; -1 before. */
    private static final int FORMER = 2;
    /** The time when it was chosen. */
    private static final int MEASURED_AT = 3;
    private static final long MAX_UNMEASURED = 31;
    private static final int STRIPES = Math.clamp(4L * Integer.highestOneBit(
            Runtime.getRuntime().availableProcessors()), 4, 64);
    /** The gate that lets all calls pass. */
    static final Gate OPEN = new Gate(1, 0, counts());

    private final int oneIn;
    private final int perSecond;
    private final long intervalNanos;
    private final long[] calls = new long[STRIPES * WORDS_EACH];
    private final long[] omitted;
    private final AtomicLong spent;

    /**
     * Makes a gate.
     *
     * @param oneIn the number of calls of which one is recorded, at least 1
     * @param perSecond the number of calls that are recorded each second, up to {@link #MAX_PER_SECOND}; 0 for all
     * @param omitted receives the counts of calls that are left out: the result of {@link #counts}
     */
    Gate(int oneIn, int perSecond, long[] omitted) {
        this.oneIn = oneIn;
        this.perSecond = perSecond;
        this.omitted = omitted;
        this.intervalNanos = perSecond == 0 ? 0 : (NANOS_PER_SECOND + perSecond - 1) / perSecond;
        this.spent = new AtomicLong(System.nanoTime() - burstNanos());
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            calls[stripe * WORDS_EACH] = (long) stripe * oneIn / STRIPES;
            calls[stripe * WORDS_EACH + FORMER] = -1;
        }
    }

    private long burstNanos() {
        return intervalNanos * perSecond;
    }

    /** Chooses how many calls of a stripe are left out without the clock, when the next one can be recorded later. */
    private void leaveOutMore(int stripe, long now, long waitNanos) {
        long former = (long) WORD.getOpaque(calls, stripe + FORMER);
        long elapsed = now - (long) WORD.getOpaque(calls, stripe + MEASURED_AT);
        long more = former < 0 ? 0 : Math.clamp(waitNanos * (former + 1) / (4 * Math.max(elapsed, 1)), 0,
                MAX_UNMEASURED);
        WORD.setOpaque(calls, stripe + MEASURED_AT, now);
        WORD.setOpaque(calls, stripe + FORMER, more);
        WORD.setOpaque(calls, stripe + UNMEASURED, more);
    }

    int oneIn() {
        return oneIn;
    }

    int perSecond() {
        return perSecond;
    }

    /** Makes the counts of an event's calls that are left out. */
    static long[] counts() {
        return new long[STRIPES * WORDS_EACH];
    }

    /** Returns the sum of counts. */
    static long sum(long[] counts) {
        long sum = 0;
        for (int i = 0; i < counts.length; i += WORDS_EACH) {
            sum += (long) WORD.getOpaque(counts, i);
        }
        return sum;
    }

    /** Tells whether to record a call, and counts it if not. */
    boolean admits() {
        int stripe = ((int) Thread.currentThread().threadId() & STRIPES - 1) * WORDS_EACH;
        if ((oneIn == 1 || (long) WORD.getAndAdd(calls, stripe, 1L) % oneIn == 0)
                && (intervalNanos == 0 || isWithinRate(stripe))) {
            return true;
        }
        long _ = (long) WORD.getAndAdd(omitted, stripe, 1L);
        return false;
    }

    private boolean isWithinRate(int stripe) {
        // Threads of one stripe may overwrite each other's numbers here: they are estimates.
        long unmeasured = (long) WORD.getOpaque(calls, stripe + UNMEASURED);
        if (unmeasured > 0) {
            WORD.setOpaque(calls, stripe + UNMEASURED, unmeasured - 1);
            return false;
        }
        long now = System.nanoTime();
        while (true) {
            long used = spent.get();
            // Differences, because nanoTime may overflow.
            long next = (now - used > burstNanos() ? now - burstNanos() : used) + intervalNanos;
            if (next - now > 0) {
                leaveOutMore(stripe, now, next - now);
                return false;
            }
            if (spent.weakCompareAndSetVolatile(used, next)) {
                return true;
            }
        }
    }
}
