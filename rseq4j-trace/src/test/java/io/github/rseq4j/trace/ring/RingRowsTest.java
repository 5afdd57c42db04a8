package io.github.rseq4j.trace.ring;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.testing.SectionRowChecks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Results of the rings' sections, computed by hand. */
final class RingRowsTest extends SectionRowChecks {
    private static final long EXIT_3 = -19;
    private static final long POSITION = PLAIN;
    private static final long RING = POSITION + TraceRing.STATE_BYTES;
    private static final long SOURCE = RING + 256;
    private static final long LAST = POSITION + 8;
    private static final long DISCARDED = POSITION + 16;
    private static final long EPOCH = POSITION + 24;
    private static final long FULL_END = POSITION + 32;
    private static final long CONSUMED = POSITION + 128;
    private static final long LIMIT = CELL + 8;
    private static final long WINDOW = CELL + 32;
    private static final long MISSED = CELL + 40;
    private static final long EPOCH_SIZE = CELL + 48;
    private static final long HEADER_WITH_TIME = sum(OTHER, TIME);

    RingRowsTest() {
        super(TraceRing.all(), all());
        Engine.get().admit(TraceRing.all());
    }

    private static long sum(long left, long right) {
        return left + right;
    }

    private static List<Row> all() {
        List<Row> all = new ArrayList<>(events("_release"));
        all.addAll(events("_unordered_release"));
        all.addAll(timedEvents());
        all.addAll(copiedEvents("trace_event_memcpy_release"));
        all.addAll(copiedEvents("trace_event_memcpy_unordered_release"));
        all.addAll(timedCopies());
        all.addAll(fullEvents());
        all.addAll(switches());
        return all;
    }

    /** Two sub-buffers of 128 bytes, of which 120 may be filled. */
    private static long[] ring(long position, long... more) {
        long[] head = words(POSITION, position, CELL, RING, LIMIT, 120, CELL + 16, 127, CELL + 24, 255);
        long[] all = Arrays.copyOf(head, head.length + more.length);
        System.arraycopy(more, 0, all, head.length, more.length);
        return all;
    }

    private static List<Row> events(String release) {
        String event = "trace_event_";
        long at = RING + 88;
        long[] closed = words(POSITION, 88, CELL + 16, 127, CELL + 24, 255);
        return List.of(
                row(event + 1 + release, now(93), words(CELL, 13, OTHER, -5), 0, words(POSITION, 109, LAST, TIME,
                        at + 8, HEADER_WITH_TIME, at + 16, -5)),
                row(event + 1 + release, now(105), words(CELL, 13, OTHER, -5), EXIT_0, words(LAST, TIME)),
                row(event + 1 + release, closed, words(CELL, 13, OTHER, -5), EXIT_0, words()),
                // Too long after the epoch, or the record that would have begun the epoch was not committed.
                row(event + 1 + release, ring(88), words(CELL, 16, OTHER, -5), EXIT_2, words(LAST, TIME)),
                row(event + 1 + release, now(93, FULL_END, 97), words(CELL, 16, OTHER, -5), EXIT_2, words(LAST, TIME)),
                row(event + 1 + release, now(93, FULL_END, 96), words(CELL, 16, OTHER, -5), 0,
                        words(POSITION, 112, LAST, TIME, at + 8, HEADER_WITH_TIME, at + 16, -5)),
                // Impossible positions, written by another process: the record lies in the ring all the same.
                row(event + 1 + release, now(-256 + 88), words(CELL, 16, OTHER, -5), 0, words(POSITION, -256 + 104,
                        LAST, TIME, at, HEADER_WITH_TIME, at + 8, -5)),
                row(event + 1 + release, now(Long.MAX_VALUE - 39), words(CELL, 16, OTHER, -5), 0, words(POSITION,
                        Long.MAX_VALUE - 23, LAST, TIME, at + 128, HEADER_WITH_TIME, at + 136, -5)),
                row(event + 1 + release, now(-1), words(CELL, 16, OTHER, -5), 0, words(POSITION, 16, LAST, TIME,
                        RING, HEADER_WITH_TIME, RING + 8, -5)),
                row(event + 2 + release, ring(88), words(CELL, 24, OTHER, 1, 2), EXIT_2,
                        words(LAST, TIME)),
                row(event + 2 + release, now(256 + 88), words(CELL, 24, OTHER, 1, 2), 0, words(POSITION, 256 + 112,
                        LAST, TIME, at, HEADER_WITH_TIME, at + 8, 1, at + 16, 2)),
                row(event + 2 + release, now(97), words(CELL, 24, OTHER, 1, 2), EXIT_0, words(LAST, TIME)),
                row(event + 4 + release, ring(80), words(CELL, 40, OTHER, 1, 2, 3, 4), EXIT_2,
                        words(LAST, TIME)),
                row(event + 4 + release, now(80), words(CELL, 40, OTHER, 1, 2, 3, 4), 0, words(POSITION, 120, LAST,
                        TIME, at - 8, HEADER_WITH_TIME, at, 1, at + 8, 2, at + 16, 3, at + 24, 4)),
                row(event + 4 + release, now(81), words(CELL, 33, OTHER, 1, 2, 3, 4), EXIT_0, words(LAST, TIME)),
                row(event + 8 + release, ring(40), words(CELL, 72, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), EXIT_2,
                        words(LAST, TIME)),
                row(event + 8 + release, now(128 + 48), words(CELL, 65, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), 0,
                        words(POSITION, 128 + 113, LAST, TIME, at + 88, HEADER_WITH_TIME, at + 96, 1, at + 104, 2,
                                at + 112, 3, at + 120, 4, at + 128, 5, at + 136, 6, at + 144, 7, at + 152, 8)),
                row(event + 8 + release, now(49), words(CELL, 65, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), EXIT_0,
                        words(LAST, TIME)));
    }

    /** A ring whose epoch never ends. */
    private static long[] now(long position, long... more) {
        long[] all = Arrays.copyOf(more, more.length + 2);
        all[more.length] = EPOCH_SIZE;
        all[more.length + 1] = -1;
        return ring(position, all);
    }

    /** A ring with a last time of 50, whose epoch began at 16. */
    private static long[] late(long position) {
        return ring(position, LAST, 50, EPOCH, 16, EPOCH_SIZE, 1 << 10);
    }

    private static List<Row> timedEvents() {
        String event = "trace_event_";
        long at = RING + 88;
        long[] ring = late(88);
        return List.of(
                row(event + "1_timed_release", ring, words(CELL, 16, OTHER, -5, 50), 0, words(POSITION, 104,
                        at, OTHER + 34, at + 8, -5)),
                row(event + "1_timed_release", ring(105), words(CELL, 16, OTHER, -5, 50), EXIT_0, words(LAST, 50)),
                row(event + "1_timed_release", ring, words(CELL, 16, OTHER, -5, 49), EXIT_1, words()),
                row(event + "1_timed_release", ring, words(CELL, 16, OTHER, -5, 1040), EXIT_2,
                        words(LAST, 1040)),
                row(event + "2_timed_release", late(88), words(CELL, 24, OTHER, 1, 2, 1040), EXIT_2,
                        words(LAST, 1040)),
                row(event + "2_timed_release", ring, words(CELL, 24, OTHER, 1, 2, 51), 0, words(POSITION, 112, LAST, 51,
                        at, OTHER + 35, at + 8, 1, at + 16, 2)),
                row(event + "2_timed_release", ring(97), words(CELL, 24, OTHER, 1, 2, 50), EXIT_0, words(LAST, 50)),
                row(event + "2_timed_release", ring, words(CELL, 24, OTHER, 1, 2, 49), EXIT_1, words()),
                row(event + "4_timed_release", late(80), words(CELL, 40, OTHER, 1, 2, 3, 4, 1040), EXIT_2,
                        words(LAST, 1040)),
                row(event + "4_timed_release", late(72), words(CELL, 40, OTHER, 1, 2, 3, 4, 51), 0,
                        words(POSITION, 112, LAST, 51, at - 16, OTHER + 35, at - 8, 1, at, 2, at + 8, 3, at + 16, 4)),
                row(event + "4_timed_release", ring, words(CELL, 40, OTHER, 1, 2, 3, 4, 51), EXIT_0, words(LAST, 51)),
                row(event + "4_timed_release", late(72), words(CELL, 40, OTHER, 1, 2, 3, 4, 49), EXIT_1,
                        words()),
                row(event + "8_timed_release", late(40), words(CELL, 72, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 1040), EXIT_2,
                        words(LAST, 1040)),
                row(event + "8_timed_release", late(40), words(CELL, 72, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 51),
                        0, words(POSITION, 112, LAST, 51, at - 48, OTHER + 35, at - 40, 1, at - 32, 2, at - 24, 3,
                                at - 16, 4, at - 8, 5, at, 6, at + 8, 7, at + 16, 8)),
                row(event + "8_timed_release", ring, words(CELL, 72, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 51), EXIT_0,
                        words(LAST, 51)),
                row(event + "8_timed_release", late(40), words(CELL, 72, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 49),
                        EXIT_1, words()));
    }

    private static List<Row> copiedEvents(String copy) {
        long at = RING + 88;
        long[] ring = now(88, LAST, 50, SOURCE, OTHER, SOURCE + 8, 0x55_3412L);
        return List.of(
                row(copy, ring, words(CELL, 18, 7, SOURCE, 10), 0, words(POSITION, 106, LAST, TIME, at, 7 + TIME,
                        at + 8, OTHER, at + 16, 0x3412)),
                row(copy, ring, words(CELL, 8, 7, SOURCE, 0), 0, words(POSITION, 96, LAST, TIME, at, 7 + TIME)),
                row(copy, now(103), words(CELL, 17, 7, SOURCE, 9), EXIT_0, words(LAST, TIME)),
                row(copy, ring(88), words(CELL, 8, 7, SOURCE, 0), EXIT_2, words(LAST, TIME)),
                row(copy, wide(), words(CELL, 8, 7, SOURCE, TOO_LONG), OUT_OF_RANGE, words(LAST, TIME,
                        at, 7 + TIME)));
    }

    /** A ring in which records of any length fit. */
    private static long[] wide() {
        return words(POSITION, 88, CELL, RING, LIMIT, 1 << 20, CELL + 16, (1 << 20) - 1, CELL + 24, 255,
                EPOCH_SIZE, -1);
    }

    private static List<Row> timedCopies() {
        String timed = "trace_event_memcpy_timed_release";
        long at = RING + 88;
        long[] ring = ring(88, LAST, 50, EPOCH_SIZE, 100, SOURCE, OTHER, SOURCE + 8, 0x55_3412L);
        return List.of(
                row(timed, ring, words(CELL, 18, 7, SOURCE, 10, 51), 0, words(POSITION, 106, LAST, 51, at, 7 + 51,
                        at + 8, OTHER, at + 16, 0x3412)),
                row(timed, ring(103), words(CELL, 17, 7, SOURCE, 9, 51), EXIT_0, words(LAST, 51)),
                row(timed, ring, words(CELL, 18, 7, SOURCE, 10, 49), EXIT_1, words()),
                row(timed, ring, words(CELL, 18, 7, SOURCE, 10, -1), EXIT_2, words(LAST, -1)),
                row(timed, wide(), words(CELL, 8, 7, SOURCE, TOO_LONG, 51), OUT_OF_RANGE, words(LAST, 51,
                        at, 7 + 51)));
    }

    private static List<Row> fullEvents() {
        String full = "trace_event_full_release";
        String timed = "trace_event_full_timed_release";
        long at = RING + 88;
        long[] ring = ring(88, LAST, 50, FULL_END, 200, SOURCE, OTHER, SOURCE + 8, 0x55_3412L);
        return List.of(
                row(full, ring, words(CELL, 24, 7, OTHER, SOURCE, 0), 0, words(POSITION, 112, LAST, TIME,
                        EPOCH, HIGH_TIME, FULL_END, 112, at, 7 + LOW_TIME, at + 8, TIME, at + 16, OTHER)),
                row(full, ring(89), words(CELL, 25, 7, OTHER, SOURCE, 1), EXIT_0, words(LAST, TIME)),
                row(full, wide(), words(CELL, 24, 7, OTHER, SOURCE, TOO_LONG), OUT_OF_RANGE, words(LAST, TIME)),
                row(timed, ring(80, LAST, 50, SOURCE, 0x7F), words(CELL, 25, 7, OTHER, SOURCE, 1, (5 << 24) + 3), 0,
                        words(POSITION, 105, LAST, (5 << 24) + 3, EPOCH, 5 << 24, FULL_END, 105, at - 8, 10,
                                at, (5 << 24) + 3, at + 8, OTHER, at + 16, 0x7F)),
                row(timed, ring(89), words(CELL, 25, 7, OTHER, SOURCE, 1, 51), EXIT_0, words(LAST, 51)),
                row(timed, ring, words(CELL, 24, 7, OTHER, SOURCE, 0, 49), EXIT_1, words()),
                row(timed, wide(), words(CELL, 24, 7, OTHER, SOURCE, TOO_LONG, 51), OUT_OF_RANGE, words(LAST, 51)));
    }

    private static List<Row> switches() {
        String name = "trace_switch_release";
        String timed = "trace_switch_timed_release";
        long next = RING + 128;
        long[] ring = ring(117, LAST, 50, DISCARDED, 5);
        return List.of(
                row(name, ring, words(CELL, 24), 0, words(POSITION, 216, LAST, TIME, RING + 40, TIME, RING + 48, 117,
                        RING + 72, 5, next + 32, TIME, next + 64, 128)),
                row(name, ring(128 + 90, CONSUMED, 128), words(CELL, 80), 0, words(POSITION, 256 + 88, LAST, TIME,
                        next + 40, TIME, next + 48, 90, RING + 32, TIME, RING + 64, 256)),
                row(name, ring(128 + 90, WINDOW, Long.MAX_VALUE), words(CELL, 80), 0, words(POSITION, 256 + 88, LAST,
                        TIME, next + 40, TIME, next + 48, 90, RING + 32, TIME, RING + 64, 256)),
                row(name, ring(89), words(CELL, 24), EXIT_0, words()),
                row(name, ring(128 + 90), words(CELL, 80), EXIT_1, words()),
                row(name, words(POSITION, 90, CELL + 16, 127), words(CELL, 80), EXIT_2, words()),
                row(timed, ring, words(CELL, 24, 50), 0, words(POSITION, 216, RING + 40, 50, RING + 48, 117,
                        RING + 72, 5, next + 32, 50, next + 64, 128)),
                row(timed, ring(89), words(CELL, 24, 50), EXIT_0, words()),
                row(timed, ring(128 + 90), words(CELL, 80, 50), EXIT_1, words()),
                row(timed, words(CELL, 90, CELL + 16, 127), words(CELL, 80, 50), EXIT_2, words()),
                // The words at the end of the sub-buffer were stored but not committed. The next run stores them again.
                row(timed, ring, words(CELL, 24, 49), EXIT_3, words(RING + 48, 117, RING + 72, 5)),
                row("trace_discard_relaxed", ring(117, DISCARDED, 5), words(CELL, 3), 0, words(DISCARDED, 8)),
                row("trace_discard_relaxed", words(POSITION, 117, DISCARDED, 5), words(CELL, 3), EXIT_2, words()),
                row("trace_miss_relaxed", words(MISSED, 5), words(CELL, 3), 0, words(MISSED, 8)));
    }
}
