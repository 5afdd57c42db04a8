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
    private static final long CONSUMED = POSITION + 128;
    private static final long LIMIT = CELL + 8;
    private static final long WINDOW = CELL + 32;
    private static final long MISSED = CELL + 40;

    RingRowsTest() {
        super(TraceRing.all(), all());
        Engine.get().admit(TraceRing.all());
    }

    private static List<Row> all() {
        List<Row> all = new ArrayList<>(events("_release"));
        all.addAll(events("_unordered_release"));
        all.addAll(timedEvents());
        all.addAll(copiedEvents("trace_event_memcpy_release"));
        all.addAll(copiedEvents("trace_event_memcpy_unordered_release"));
        all.addAll(timedCopies());
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
                row(event + 1 + release, ring(93), words(CELL, 21, OTHER, -5), 0, words(POSITION, 117, LAST, TIME,
                        at + 8, TIME, at + 16, OTHER, at + 24, -5)),
                row(event + 1 + release, ring(97), words(CELL, 21, OTHER, -5), EXIT_0, words()),
                row(event + 1 + release, closed, words(CELL, 21, OTHER, -5), EXIT_0, words()),
                // Impossible positions, written by another process: the record lies in the ring all the same.
                row(event + 1 + release, ring(-256 + 88), words(CELL, 24, OTHER, -5), 0, words(POSITION, -256 + 112,
                        LAST, TIME, at, TIME, at + 8, OTHER, at + 16, -5)),
                row(event + 1 + release, ring(Long.MAX_VALUE - 39), words(CELL, 24, OTHER, -5), 0, words(POSITION,
                        Long.MAX_VALUE - 15, LAST, TIME, at + 128, TIME, at + 136, OTHER, at + 144, -5)),
                row(event + 1 + release, ring(-1), words(CELL, 24, OTHER, -5), 0, words(POSITION, 24, LAST, TIME,
                        RING, TIME, RING + 8, OTHER, RING + 16, -5)),
                row(event + 2 + release, ring(256 + 88), words(CELL, 32, OTHER, 1, 2), 0, words(POSITION, 256 + 120,
                        LAST, TIME, at, TIME, at + 8, OTHER, at + 16, 1, at + 24, 2)),
                row(event + 2 + release, ring(89), words(CELL, 32, OTHER, 1, 2), EXIT_0, words()),
                row(event + 4 + release, ring(72), words(CELL, 48, OTHER, 1, 2, 3, 4), 0, words(POSITION, 120, LAST,
                        TIME,
                        at - 16, TIME, at - 8, OTHER, at, 1, at + 8, 2, at + 16, 3, at + 24, 4)),
                row(event + 4 + release, ring(73), words(CELL, 41, OTHER, 1, 2, 3, 4), EXIT_0, words()),
                row(event + 8 + release, ring(128 + 40), words(CELL, 73, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), 0,
                        words(POSITION,
                        128 + 113, LAST, TIME, at + 80, TIME, at + 88, OTHER, at + 96, 1, at + 104, 2, at + 112, 3,
                        at + 120, 4, at + 128, 5, at + 136, 6, at + 144, 7, at + 152, 8)),
                row(event + 8 + release, ring(41), words(CELL, 73, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), EXIT_0, words()));
    }

    private static List<Row> timedEvents() {
        String event = "trace_event_";
        long at = RING + 88;
        long[] ring = ring(88, LAST, 50);
        return List.of(
                row(event + "1_timed_release", ring, words(CELL, 24, OTHER, -5, 50), 0, words(POSITION, 112, at, 50,
                        at + 8, OTHER, at + 16, -5)),
                row(event + "1_timed_release", ring(97), words(CELL, 24, OTHER, -5, 50), EXIT_0, words()),
                row(event + "1_timed_release", ring, words(CELL, 24, OTHER, -5, 49), EXIT_1, words()),
                row(event + "2_timed_release", ring, words(CELL, 32, OTHER, 1, 2, 51), 0, words(POSITION, 120, LAST, 51,
                        at, 51, at + 8, OTHER, at + 16, 1, at + 24, 2)),
                row(event + "2_timed_release", ring(89), words(CELL, 32, OTHER, 1, 2, 50), EXIT_0, words()),
                row(event + "2_timed_release", ring, words(CELL, 32, OTHER, 1, 2, 49), EXIT_1, words()),
                row(event + "4_timed_release", ring(72, LAST, 50), words(CELL, 48, OTHER, 1, 2, 3, 4, 51), 0,
                        words(POSITION, 120, LAST, 51, at - 16, 51, at - 8, OTHER, at, 1, at + 8, 2, at + 16, 3,
                                at + 24, 4)),
                row(event + "4_timed_release", ring, words(CELL, 48, OTHER, 1, 2, 3, 4, 51), EXIT_0, words()),
                row(event + "4_timed_release", ring(72, LAST, 50), words(CELL, 48, OTHER, 1, 2, 3, 4, 49), EXIT_1,
                        words()),
                row(event + "8_timed_release", ring(40, LAST, 50), words(CELL, 80, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 51),
                        0, words(POSITION, 120, LAST, 51, at - 48, 51, at - 40, OTHER, at - 32, 1, at - 24, 2, at -
                        16, 3,
                                at - 8, 4, at, 5, at + 8, 6, at + 16, 7, at + 24, 8)),
                row(event + "8_timed_release", ring, words(CELL, 80, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 51), EXIT_0,
                        words()),
                row(event + "8_timed_release", ring(40, LAST, 50), words(CELL, 80, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 49),
                        EXIT_1, words()));
    }

    private static List<Row> copiedEvents(String copy) {
        long at = RING + 88;
        long[] ring = ring(88, LAST, 50, SOURCE, OTHER, SOURCE + 8, 0x55_3412L);
        long[] wide = words(POSITION, 88, CELL, RING, LIMIT, 1 << 20, CELL + 16, (1 << 20) - 1, CELL + 24, 255);
        return List.of(
                row(copy, ring, words(CELL, 26, 7, SOURCE, 10), 0, words(POSITION, 114, LAST, TIME, at, TIME, at + 8, 7,
                        at + 16, OTHER, at + 24, 0x3412)),
                row(copy, ring, words(CELL, 16, 7, SOURCE, 0), 0, words(POSITION, 104, LAST, TIME, at, TIME, at + 8,
                        7)),
                row(copy, ring(95), words(CELL, 25, 7, SOURCE, 9), EXIT_0, words()),
                row(copy, wide, words(CELL, 16, 7, SOURCE, TOO_LONG), OUT_OF_RANGE, words()));
    }

    private static List<Row> timedCopies() {
        String timed = "trace_event_memcpy_timed_release";
        long at = RING + 88;
        long[] ring = ring(88, LAST, 50, SOURCE, OTHER, SOURCE + 8, 0x55_3412L);
        long[] wide = words(POSITION, 88, CELL, RING, LIMIT, 1 << 20, CELL + 16, (1 << 20) - 1, CELL + 24, 255);
        return List.of(
                row(timed, ring, words(CELL, 26, 7, SOURCE, 10, 51), 0, words(POSITION, 114, LAST, 51, at, 51, at + 8,
                        7,
                        at + 16, OTHER, at + 24, 0x3412)),
                row(timed, ring(95), words(CELL, 25, 7, SOURCE, 9, 51), EXIT_0, words()),
                row(timed, ring, words(CELL, 26, 7, SOURCE, 10, 49), EXIT_1, words()),
                row(timed, wide, words(CELL, 16, 7, SOURCE, TOO_LONG, 51), OUT_OF_RANGE, words()));
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
