package io.github.rseq4j.engine;

import static io.github.rseq4j.engine.StandardSectionsTest.CELL;
import static io.github.rseq4j.engine.StandardSectionsTest.EXIT_0;
import static io.github.rseq4j.engine.StandardSectionsTest.EXIT_1;
import static io.github.rseq4j.engine.StandardSectionsTest.EXIT_2;
import static io.github.rseq4j.engine.StandardSectionsTest.NEXT;
import static io.github.rseq4j.engine.StandardSectionsTest.OTHER;
import static io.github.rseq4j.engine.StandardSectionsTest.OUT_OF_RANGE;
import static io.github.rseq4j.engine.StandardSectionsTest.PLAIN;
import static io.github.rseq4j.engine.StandardSectionsTest.TIME;
import static io.github.rseq4j.engine.StandardSectionsTest.TOO_LONG;
import static io.github.rseq4j.engine.StandardSectionsTest.row;
import static io.github.rseq4j.engine.StandardSectionsTest.words;

import io.github.rseq4j.engine.StandardSectionsTest.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What the sections of a tracer's rings do, worked out by hand. */
final class TraceRingRows {
    private static final long EXIT_3 = -19;

    private TraceRingRows() {}

    static List<Row> all() {
        List<Row> all = new ArrayList<>(events());
        all.addAll(timedEvents());
        all.addAll(copiedEvents());
        all.addAll(switches());
        return all;
    }

    /** Two sub-buffers of 128 bytes, of which 120 may be filled. */
    private static long[] ring(long position, long... more) {
        long[] head = words(CELL, position, CELL + 8, 120, CELL + 16, 127, CELL + 24, 255, CELL + 32, PLAIN);
        long[] all = Arrays.copyOf(head, head.length + more.length);
        System.arraycopy(more, 0, all, head.length, more.length);
        return all;
    }

    private static List<Row> events() {
        String event = "trace_event_";
        long last = CELL + 40;
        long at = PLAIN + 88;
        long[] closed = words(CELL, 88, CELL + 16, 127, CELL + 24, 255, CELL + 32, PLAIN);
        return List.of(
                row(event + "1_release", ring(93), words(CELL, 21, OTHER, -5), 0, words(CELL, 117, last, TIME,
                        at + 8, TIME, at + 16, OTHER, at + 24, -5)),
                row(event + "1_release", ring(97), words(CELL, 21, OTHER, -5), EXIT_0, words()),
                row(event + "1_release", closed, words(CELL, 21, OTHER, -5), EXIT_0, words()),
                row(event + "2_release", ring(256 + 88), words(CELL, 32, OTHER, 1, 2), 0, words(CELL, 256 + 120,
                        last, TIME, at, TIME, at + 8, OTHER, at + 16, 1, at + 24, 2)),
                row(event + "2_release", ring(89), words(CELL, 32, OTHER, 1, 2), EXIT_0, words()),
                row(event + "4_release", ring(72), words(CELL, 48, OTHER, 1, 2, 3, 4), 0, words(CELL, 120, last, TIME,
                        at - 16, TIME, at - 8, OTHER, at, 1, at + 8, 2, at + 16, 3, at + 24, 4)),
                row(event + "4_release", ring(73), words(CELL, 41, OTHER, 1, 2, 3, 4), EXIT_0, words()),
                row(event + "8_release", ring(128 + 40), words(CELL, 73, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), 0, words(CELL,
                        128 + 113, last, TIME, at + 80, TIME, at + 88, OTHER, at + 96, 1, at + 104, 2, at + 112, 3,
                        at + 120, 4, at + 128, 5, at + 136, 6, at + 144, 7, at + 152, 8)),
                row(event + "8_release", ring(41), words(CELL, 73, OTHER, 1, 2, 3, 4, 5, 6, 7, 8), EXIT_0, words()));
    }

    private static List<Row> timedEvents() {
        String event = "trace_event_";
        long last = CELL + 40;
        long at = PLAIN + 88;
        long[] ring = ring(88, last, 50);
        return List.of(
                row(event + "1_timed_release", ring, words(CELL, 24, OTHER, -5, 50), 0, words(CELL, 112, at, 50,
                        at + 8, OTHER, at + 16, -5)),
                row(event + "1_timed_release", ring(97), words(CELL, 24, OTHER, -5, 50), EXIT_0, words()),
                row(event + "1_timed_release", ring, words(CELL, 24, OTHER, -5, 49), EXIT_1, words()),
                row(event + "2_timed_release", ring, words(CELL, 32, OTHER, 1, 2, 51), 0, words(CELL, 120, last, 51,
                        at, 51, at + 8, OTHER, at + 16, 1, at + 24, 2)),
                row(event + "2_timed_release", ring(89), words(CELL, 32, OTHER, 1, 2, 50), EXIT_0, words()),
                row(event + "2_timed_release", ring, words(CELL, 32, OTHER, 1, 2, 49), EXIT_1, words()),
                row(event + "4_timed_release", ring(72, last, 50), words(CELL, 48, OTHER, 1, 2, 3, 4, 51), 0,
                        words(CELL, 120, last, 51, at - 16, 51, at - 8, OTHER, at, 1, at + 8, 2, at + 16, 3,
                                at + 24, 4)),
                row(event + "4_timed_release", ring, words(CELL, 48, OTHER, 1, 2, 3, 4, 51), EXIT_0, words()),
                row(event + "4_timed_release", ring(72, last, 50), words(CELL, 48, OTHER, 1, 2, 3, 4, 49), EXIT_1,
                        words()),
                row(event + "8_timed_release", ring(40, last, 50), words(CELL, 80, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 51),
                        0, words(CELL, 120, last, 51, at - 48, 51, at - 40, OTHER, at - 32, 1, at - 24, 2, at - 16, 3,
                                at - 8, 4, at, 5, at + 8, 6, at + 16, 7, at + 24, 8)),
                row(event + "8_timed_release", ring, words(CELL, 80, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 51), EXIT_0,
                        words()),
                row(event + "8_timed_release", ring(40, last, 50), words(CELL, 80, OTHER, 1, 2, 3, 4, 5, 6, 7, 8, 49),
                        EXIT_1, words()));
    }

    private static List<Row> copiedEvents() {
        String copy = "trace_event_memcpy_release";
        String timed = "trace_event_memcpy_timed_release";
        long last = CELL + 40;
        long at = PLAIN + 88;
        long[] ring = ring(88, last, 50, NEXT, OTHER, NEXT + 8, 0x55_3412L);
        long[] wide = words(CELL, 88, CELL + 8, 1 << 20, CELL + 16, (1 << 20) - 1, CELL + 24, 255, CELL + 32, PLAIN);
        return List.of(
                row(copy, ring, words(CELL, 26, 7, NEXT, 10), 0, words(CELL, 114, last, TIME, at, TIME, at + 8, 7,
                        at + 16, OTHER, at + 24, 0x3412)),
                row(copy, ring, words(CELL, 16, 7, NEXT, 0), 0, words(CELL, 104, last, TIME, at, TIME, at + 8, 7)),
                row(copy, ring(95), words(CELL, 25, 7, NEXT, 9), EXIT_0, words()),
                row(copy, wide, words(CELL, 16, 7, NEXT, TOO_LONG), OUT_OF_RANGE, words()),
                row(timed, ring, words(CELL, 26, 7, NEXT, 10, 51), 0, words(CELL, 114, last, 51, at, 51, at + 8, 7,
                        at + 16, OTHER, at + 24, 0x3412)),
                row(timed, ring(95), words(CELL, 25, 7, NEXT, 9, 51), EXIT_0, words()),
                row(timed, ring, words(CELL, 26, 7, NEXT, 10, 49), EXIT_1, words()),
                row(timed, wide, words(CELL, 16, 7, NEXT, TOO_LONG, 51), OUT_OF_RANGE, words()));
    }

    private static List<Row> switches() {
        String name = "trace_switch_release";
        String timed = "trace_switch_timed_release";
        long last = CELL + 40;
        long discarded = CELL + 48;
        long consumed = CELL + 128;
        long next = PLAIN + 128;
        long[] ring = ring(117, last, 50, discarded, 5);
        return List.of(
                row(name, ring, words(CELL, 24), 0, words(CELL, 216, last, TIME, PLAIN + 40, TIME, PLAIN + 48, 117,
                        PLAIN + 72, 5, next + 32, TIME, next + 64, 128)),
                row(name, ring(128 + 90, consumed, 128), words(CELL, 80), 0, words(CELL, 256 + 88, last, TIME,
                        next + 40, TIME, next + 48, 90, PLAIN + 32, TIME, PLAIN + 64, 256)),
                row(name, ring(128 + 90, CELL + 56, Long.MAX_VALUE), words(CELL, 80), 0, words(CELL, 256 + 88, last,
                        TIME, next + 40, TIME, next + 48, 90, PLAIN + 32, TIME, PLAIN + 64, 256)),
                row(name, ring(89), words(CELL, 24), EXIT_0, words()),
                row(name, ring(128 + 90), words(CELL, 80), EXIT_1, words()),
                row(name, words(CELL, 90, CELL + 16, 127), words(CELL, 80), EXIT_2, words()),
                row(timed, ring, words(CELL, 24, 50), 0, words(CELL, 216, PLAIN + 40, 50, PLAIN + 48, 117,
                        PLAIN + 72, 5, next + 32, 50, next + 64, 128)),
                row(timed, ring(89), words(CELL, 24, 50), EXIT_0, words()),
                row(timed, ring(128 + 90), words(CELL, 80, 50), EXIT_1, words()),
                row(timed, words(CELL, 90, CELL + 16, 127), words(CELL, 80, 50), EXIT_2, words()),
                // What was stored of the sub-buffer's end is not committed, and is stored again.
                row(timed, ring, words(CELL, 24, 49), EXIT_3, words(PLAIN + 48, 117, PLAIN + 72, 5)),
                row("trace_discard_relaxed", ring(117, discarded, 5), words(CELL, 3), 0, words(discarded, 8)),
                row("trace_discard_relaxed", words(CELL, 117, discarded, 5), words(CELL, 3), EXIT_2, words()));
    }
}
