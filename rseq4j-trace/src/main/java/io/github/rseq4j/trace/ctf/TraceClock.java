package io.github.rseq4j.trace.ctf;

import java.time.Instant;
import java.util.UUID;

/**
 * The clock of a trace, which converts cycles to time. Immutable.
 *
 * @param uuid identifies the clock: cycles of traces with the same clock can be compared
 * @param frequencyHz the number of cycles a second
 * @param offsetSeconds the seconds from the epoch of Unix to cycle 0 of the clock
 * @param offsetCycles the cycles that are added to these seconds
 * @since 0.1.0
 */
public record TraceClock(UUID uuid, long frequencyHz, long offsetSeconds, long offsetCycles) {
    /** The lowest frequency, in Hz. */
    public static final long MIN_FREQUENCY_HZ = 1_000_000;
    /** The highest frequency, in Hz: the cycles of a second times 10^9 fit into 64 bits. */
    public static final long MAX_FREQUENCY_HZ = 9_000_000_000L;
    /** The largest distance of cycle 0 from the epoch, in seconds. */
    public static final long MAX_OFFSET_SECONDS = 1L << 33;

    private static final long NANOS_PER_SECOND = 1_000_000_000;

    /**
     * Checks the components.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public TraceClock {
        check("freq", frequencyHz, MIN_FREQUENCY_HZ, MAX_FREQUENCY_HZ);
        check("offset_s", offsetSeconds, -MAX_OFFSET_SECONDS, MAX_OFFSET_SECONDS);
        check("offset", offsetCycles, 0, frequencyHz - 1);
    }

    private static void check(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(what + "=" + value + ": must be " + min + " to " + max);
        }
    }

    /**
     * {@return the time of a cycle}
     *
     * @param cycles the clock's value, unsigned
     */
    public Instant instant(long cycles) {
        long cyclesOfSecond = Long.remainderUnsigned(cycles, frequencyHz) + offsetCycles;
        long seconds = Long.divideUnsigned(cycles, frequencyHz) + offsetSeconds + cyclesOfSecond / frequencyHz;
        return Instant.ofEpochSecond(seconds, cyclesOfSecond % frequencyHz * NANOS_PER_SECOND / frequencyHz);
    }

    /**
     * {@return the duration of a number of cycles in nanoseconds, or {@code Long.MAX_VALUE} if it is longer}
     *
     * @param cycles the number of cycles, unsigned
     */
    public long nanos(long cycles) {
        long seconds = Long.divideUnsigned(cycles, frequencyHz);
        return seconds >= Long.MAX_VALUE / NANOS_PER_SECOND ? Long.MAX_VALUE : seconds * NANOS_PER_SECOND
                + Long.remainderUnsigned(cycles, frequencyHz) * NANOS_PER_SECOND / frequencyHz;
    }
}
