package io.github.rseq4j.micrometer;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** The greatest value of the last steps of time, of values of at least 0. */
final class RecentMaximum {
    /* How it works
     *
     * A record compares with the greatest value since the last step, and writes only a greater one. Of n values in
     * random order some ln n are written, so the threads mostly read a cache line that they share.
     *
     * A reader moves this value to past[0] at the first reading after a step, and what was there further back. So a
     * record reads no clock, a value is seen by one reading at least, and it never expires earlier than in Micrometer.
     *
     * Refused: Micrometer's TimeWindowMax. Each record reads the clock, which takes longer than the rest of it.
     *
     * The bits of doubles of at least 0 have the order of the doubles.
     */
    private final Clock clock;
    private final long stepMillis;
    private final AtomicLong current = new AtomicLong();
    private final long[] past;
    private long sinceMillis;

    /** Creates a maximum whose values last for as many steps of an expiry as the configuration has buffers. */
    RecentMaximum(Clock clock, DistributionStatisticConfig config) {
        this.clock = clock;
        stepMillis = Math.max(1, Objects.requireNonNull(config.getExpiry(), "expiry").toMillis());
        past = new long[Math.max(1, Objects.requireNonNull(config.getBufferLength(), "bufferLength"))];
        sinceMillis = clock.wallTime();
    }

    void record(double value) {
        long bits = Double.doubleToRawLongBits(value);
        for (long seen = current.getOpaque(); bits > seen; seen = current.getOpaque()) {
            if (current.weakCompareAndSetVolatile(seen, bits)) {
                return;
            }
        }
    }

    synchronized double read() {
        long steps = (clock.wallTime() - sinceMillis) / stepMillis;
        if (steps > 0) {
            int dropped = (int) Math.min(steps, past.length);
            System.arraycopy(past, 0, past, dropped, past.length - dropped);
            Arrays.fill(past, 0, dropped, 0);
            past[0] = current.getAndSet(0);
            sinceMillis += steps * stepMillis;
        }
        long max = current.get();
        for (long each : past) {
            max = Math.max(max, each);
        }
        return Double.longBitsToDouble(max);
    }
}
