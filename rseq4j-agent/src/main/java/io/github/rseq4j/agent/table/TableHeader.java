package io.github.rseq4j.agent.table;

import io.github.rseq4j.histogram.HistogramBuckets;
import java.nio.ByteBuffer;

/**
 * The header of a table, checked.
 *
 * @param startedMillis when the table was made, in milliseconds since the epoch of Unix
 * @param frequencyHz the ticks in a second
 * @param layout the layout
 * @param buckets the buckets of histograms
 * @param count the number of methods
 * @param reason the text that says why counts are copied, or 0
 * @param copiedMillis when they were copied last, in milliseconds since the epoch of Unix, or 0
 */
record TableHeader(long startedMillis, long frequencyHz, TableLayout layout, HistogramBuckets buckets, int count,
        long reason, long copiedMillis) {
    private static final long MAX_COPIES = 1 << 16;

    /**
     * Checks a header.
     *
     * @param from the bytes
     * @throws TableException if no reader of this version can use them
     */
    static TableHeader of(ByteBuffer from) throws TableException {
        if (word(from, TableLayout.MAGIC_AT) != TableLayout.MAGIC) {
            throw new TableException("the agent's table is not complete: the agent is just being attached, or the file"
                    + " is not one of rseq4j's; try again");
        }
        long version = word(from, TableLayout.VERSION_AT);
        if (version != TableLayout.VERSION) {
            throw new TableException("the agent's table has version " + version + ", and this rseq4j reads version "
                    + TableLayout.VERSION + ": use the rseq4j from which the agent's jar is");
        }
        long frequency = in(from, "frequency", TableLayout.FREQUENCY_AT, 1, Long.MAX_VALUE);
        int copies = (int) in(from, "copies", TableLayout.COPIES_AT, 1, MAX_COPIES);
        int bits = (int) in(from, "significantBits", TableLayout.SIGNIFICANT_BITS_AT, HistogramBuckets.MIN_BITS,
                HistogramBuckets.MAX_BITS);
        int last = (int) in(from, "lastBucket", TableLayout.LAST_BUCKET_AT, 1,
                HistogramBuckets.upTo(Long.MAX_VALUE, bits).last());
        int count = (int) in(from, "methods", TableLayout.COUNT_AT, 0, TableLayout.MAX_METHODS);
        return new TableHeader(word(from, TableLayout.STARTED_AT), frequency, new TableLayout(copies),
                new HistogramBuckets(bits, last), count, word(from, TableLayout.REASON_AT),
                word(from, TableLayout.COPIED_AT));
    }

    private static long word(ByteBuffer from, long at) {
        return from.getLong((int) at);
    }

    private static long in(ByteBuffer from, String name, long at, long least, long most) throws TableException {
        long value = word(from, at);
        if (value < least || value > most) {
            throw damaged(name + "=" + value + ", must be " + least + " to " + most);
        }
        return value;
    }

    /**
     * Returns the exception for a table that no agent has written so.
     *
     * @param fault what is wrong
     */
    static TableException damaged(String fault) {
        return new TableException("the agent's table is damaged (" + fault + "): attach the agent to a new JVM");
    }
}
