package io.github.rseq4j.demo.load;

import java.util.concurrent.TimeUnit;

/**
 * The times of the requests of a load. They are fixed before the first request, so a slow answer delays none of them.
 *
 * @param perSecond the number of documents that arrive in a second, at equal distances
 * @param nanos the time of the whole load, in nanoseconds
 */
public record Schedule(double perSecond, long nanos) {
    private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    /**
     * Creates a schedule.
     *
     * @throws IllegalArgumentException if no document would arrive
     */
    public Schedule {
        if (!(perSecond > 0) || nanos <= 0) {
            throw new IllegalArgumentException("perSecond=" + perSecond + ", nanos=" + nanos + ", must be positive");
        }
    }

    /** Returns the number of documents. */
    public long documents() {
        return Math.max(1, Math.round(perSecond * nanos / NANOS_PER_SECOND));
    }

    /** Returns the time of a document since the first one, in nanoseconds. The first one has number 0. */
    long nanosOf(long number) {
        return Math.round(number / perSecond * NANOS_PER_SECOND);
    }
}
