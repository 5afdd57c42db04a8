package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.sections.TimestampBucketAddPair;

/** The function that adds a duration to a histogram, linked at its first use. */
public final class DurationFunctions {
    private static final Link ADD_SINCE = Engine.link(TimestampBucketAddPair.CHAIN);

    private DurationFunctions() {}

    /**
     * Adds the time since a start, and 1, to the pair of its bucket. It reads the processor's counter, so a caller
     * checks {@link Engine#readsCounter} and {@link Engine#storesPairs} before.
     *
     * @param pairs the address at index 0 of bucket 0's pair, a multiple of 16; the buckets are those of
     *     {@link TimestampBucketAddPair#SIGNIFICANT_BITS}
     * @param start the start
     * @param limit the lowest duration that has no bucket
     * @return the duration in ticks of the counter; negative if it is negative or not below the limit, and then nothing
     *     was added
     */
    public static long addSince(long pairs, long start, long limit) {
        return ADD_SINCE.run(pairs, start, limit);
    }
}
