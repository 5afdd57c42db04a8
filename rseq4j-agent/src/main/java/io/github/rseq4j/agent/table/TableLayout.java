package io.github.rseq4j.agent.table;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.sections.TimestampBucketAddPair;

/**
 * The layout of the table's file, in bytes. The writer and the reader share it. All words have 8 bytes in native order.
 *
 * @param copies the number of copies of a cell
 */
record TableLayout(int copies) {
    /* How it works
     *
     *   0        header
     *   4 KiB    entries: 64 bytes for each method, by its number
     *   8 MiB    texts: the bytes of names, in UTF-8, each text once
     *   64 MiB   range 0: the counters of calls, 8 bytes for each method
     *            range 1 and further: histograms, as many as fit; each is a count and a sum for each
     *            bucket
     *
     * A range has the geometry of core's cells: the copies of a cell are a stride (1 MiB) apart. So a range is as long
     * as copies * 1 MiB. The file is sparse: a page takes memory when a CPU has written to it. Counters and histograms
     * lie in different ranges, so that 512 methods that are only counted take one page for each CPU.
     *
     * A text is one word: its offset in the texts, shifted left by 32, and its length. So a mode changes by one write.
     */
    /** The first word of a table: "rseq4jmt" in the order of a little-endian machine. */
    static final long MAGIC = 0x746d_6a34_7165_7372L;
    /** The version of this layout. */
    static final long VERSION = 2;
    /** The name of the file in memory; the name of a file in a folder begins with it. */
    static final String FILE_NAME = "rseq4j-agent";

    static final long MAGIC_AT = 0;
    static final long VERSION_AT = 8;
    static final long PID_AT = 16;
    /** When the table was made, in milliseconds since the epoch of Unix. */
    static final long STARTED_AT = 24;
    /** Ticks in a second. A tick is a unit of the trace's clock. */
    static final long FREQUENCY_AT = 32;
    static final long COPIES_AT = 40;
    static final long SIGNIFICANT_BITS_AT = 48;
    static final long LAST_BUCKET_AT = 56;
    /** The number of published methods. It is written after their entries. */
    static final long COUNT_AT = 64;
    /** The text that says why the counts are copied once a second; 0 if other processes read the counts themselves. */
    static final long REASON_AT = 72;
    /** When the counts were last copied, in milliseconds since the epoch of Unix; 0 if they are not copied. */
    static final long COPIED_AT = 80;
    /** The number of copies that were begun and ended: odd while the counts are copied; 0 if they are not copied. */
    static final long COPY_NUMBER_AT = 88;
    static final int HEADER_BYTES = 4096;

    /** The most methods. */
    static final int MAX_METHODS = 1 << 16;
    static final long ENTRIES_AT = HEADER_BYTES;
    static final int ENTRY_BYTES = 64;
    static final int CLASS_AT = 0;
    static final int METHOD_AT = 8;
    static final int DESCRIPTOR_AT = 16;
    static final int MODE_AT = 24;
    /** The offset in the file of the counter's copy for index 0. */
    static final int COUNTER_AT = 32;
    /** The offset in the file of bucket 0's copy for index 0; 0 if the method has no histogram. */
    static final int HISTOGRAM_AT = 40;
    /** The longest duration, in ticks. */
    static final int MAX_AT = 48;

    static final long TEXTS_AT = 8L << 20;
    static final long RANGES_AT = 64L << 20;
    static final long MAX_TEXT_BYTES = RANGES_AT - TEXTS_AT;

    static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;
    private static final int SIGNIFICANT_BITS = TimestampBucketAddPair.SIGNIFICANT_BITS;
    /** Half an hour, for a processor's counter of 2.4 GHz. */
    static final long HIGHEST_TICKS = 1L << 42;

    /** The buckets of histograms: a relative error of less than 1/16. */
    static final HistogramBuckets BUCKETS = HistogramBuckets.upTo(HIGHEST_TICKS, SIGNIFICANT_BITS);
    /** The words of a histogram: a count and a sum for each bucket. */
    static final int WORDS = 2 * BUCKETS.size();
    /** The histograms that fit into a range. */
    static final int HISTOGRAMS = (int) (STRIDE_BYTES / Long.BYTES / WORDS);
    /** The ranges of the most methods. */
    static final int MAX_RANGES = 1 + (MAX_METHODS + HISTOGRAMS - 1) / HISTOGRAMS;

    /** Returns where a method's entry begins. */
    static long entry(int site) {
        return ENTRIES_AT + (long) site * ENTRY_BYTES;
    }

    /** Returns the length of a range. */
    long rangeBytes() {
        return copies * STRIDE_BYTES;
    }

    /** Returns where a method's counter begins. */
    long counter(int site) {
        return RANGES_AT + (long) site * Long.BYTES;
    }

    /** Returns the range of a histogram. */
    static int range(int number) {
        return 1 + number / HISTOGRAMS;
    }

    /** Returns where a histogram begins, by its number. */
    long histogram(int number) {
        return RANGES_AT + range(number) * rangeBytes() + (long) (number % HISTOGRAMS) * WORDS * Long.BYTES;
    }

    /** Returns the length of a file. */
    long fileBytes(int ranges) {
        return RANGES_AT + ranges * rangeBytes();
    }
}
