package io.github.rseq4j.sections;

import io.github.rseq4j.testing.SectionRowChecks;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** The results of each standard section, derived by hand from librseq's description of the operation. */
final class StandardSectionsTest extends SectionRowChecks {
    private static final String ADD_DOUBLE = "load_fadd_store_relaxed";
    private static final long V2 = CELL + 128;
    private static final long NODE = PLAIN + 64;
    private static final long NEXT = PLAIN + 256;

    StandardSectionsTest() {
        super(Sections.all(), all());
    }

    private static long bits(double number) {
        return Double.doubleToRawLongBits(number);
    }

    private static List<Row> adds() {
        String add = "load_add_store_relaxed";
        String indirect = "load_add_load_load_add_store_relaxed";
        long[] path = words(CELL, PLAIN, PLAIN + 16, PLAIN + 32, PLAIN + 32, OTHER | 0xFFFF_FFFFL);
        return List.of(
                row(add, words(CELL, OTHER | 0xFFFF_FFFFL), words(CELL, 1), 0, words(CELL, OTHER + (1L << 32))),
                row(add + "_x2", words(CELL, 1), words(CELL, 2, V2, -3), 0, words(CELL, 3, V2, -3)),
                row(add + "_x8", words(), words(CELL, 1, CELL, 2, CELL, 4, CELL, 8, V2, 16, V2, 32, V2, 64, V2, 128), 0,
                        words(CELL, 15, V2, 240)),
                row(ADD_DOUBLE, words(CELL, bits(0.5)), words(CELL, bits(-1.75)), 0, words(CELL, bits(-1.25))),
                row(ADD_DOUBLE, words(CELL, bits(-0.0)), words(CELL, bits(-0.0)), 0, words(CELL, bits(-0.0))),
                row(ADD_DOUBLE, words(CELL, bits(-0.0)), words(CELL, 0), 0, words(CELL, 0)),
                row(ADD_DOUBLE, words(CELL, bits(0x1p53)), words(CELL, bits(1)), 0, words(CELL, bits(0x1p53))),
                row(ADD_DOUBLE, words(CELL, bits(0x1p53)), words(CELL, bits(3)), 0, words(CELL, bits(0x1p53 + 4))),
                row(ADD_DOUBLE, words(CELL, bits(Double.MAX_VALUE)), words(CELL, bits(Double.MAX_VALUE)), 0,
                        words(CELL, bits(Double.POSITIVE_INFINITY))),
                row(ADD_DOUBLE, words(CELL, 5), words(CELL, 6), 0, words(CELL, 11)),
                row("load_add_store_" + ADD_DOUBLE, words(CELL, 1, V2, bits(2.5)), words(CELL, 3, V2, bits(0.25)), 0,
                        words(CELL, 4, V2, bits(2.75))),
                row("delay_load_add_store_relaxed", words(CELL, 8), words(CELL, 3), 0, words(CELL, 9)),
                row("load_add_store_pair_relaxed", words(CELL, 5, CELL + 8, -1, CELL + 16, 3), words(CELL, 2, -6), 0,
                        words(CELL, 7, CELL + 8, -7)),
                // DurationFunctionsTest has durations below a limit, whose buckets depend on the clock.
                row("timestamp_bucket_load_add_store_pair_relaxed", words(CELL, 5), words(CELL, 0, 0), EXIT_0, words()),
                row(add + "_int", words(CELL, OTHER | 0xFFFF_FFFFL), words(CELL, 0x9_0000_0001L), 0,
                        words(CELL, OTHER)),
                row(add + "_int", words(CELL, 5), words(CELL + 4, -1), 0, words(CELL, 0xFFFF_FFFF_0000_0005L)),
                row(indirect, path, words(CELL, 16, 1), 0, words(PLAIN + 32, OTHER + (1L << 32))),
                row(indirect + "_int", path, words(CELL, 16, 0x9_0000_0001L), 0, words(PLAIN + 32, OTHER)),
                row(indirect + "_int", words(CELL, PLAIN + 24, PLAIN + 16, NODE + 4, NODE, 7), words(CELL, -8, -1), 0,
                        words(NODE, 0xFFFF_FFFF_0000_0007L)));
    }

    private static Stream<Row> addsByTable() {
        long[] cells = {CELL, V2, CELL, CELL + 8, V2, V2, CELL, V2};
        return IntStream.rangeClosed(2, 8).mapToObj(count -> {
            long[] table = new long[2 * count];
            long[] arguments = new long[1 + count];
            arguments[0] = PLAIN;
            Map<Long, Long> sums = new TreeMap<>();
            for (int i = 0; i < count; i++) {
                table[2 * i] = PLAIN + 8L * i;
                table[2 * i + 1] = cells[i];
                arguments[1 + i] = 1L << i;
                sums.merge(cells[i], 1L << i, Long::sum);
            }
            long[] after = sums.entrySet().stream()
                    .flatMapToLong(each -> LongStream.of(each.getKey(), each.getValue())).toArray();
            return row("load_load_add_store_relaxed_x" + count, table, arguments, 0, after);
        });
    }

    private static Stream<Row> addsByArrays() {
        String name = "load_cbae_load_load_add_store_relaxed_x";
        long deltas = PLAIN + 64;
        return IntStream.rangeClosed(2, 8).boxed().flatMap(count -> {
            // The numbers are 1, 2, 0, 1, 2, 0, ..., two ints in each word; the deltas are powers of two.
            long[] before = new long[4 * count];
            long[] sums = new long[3];
            for (int i = 0; i < count; i++) {
                int number = (i + 1) % 3;
                before[2 * i] = PLAIN + 8L * (i / 2);
                before[2 * i + 1] = i % 2 == 0 ? number : before[2 * i - 1] | (long) number << 32;
                before[2 * (count + i)] = deltas + 8L * i;
                before[2 * (count + i) + 1] = 1L << i;
                sums[number] += 1L << i;
            }
            long[] all = words(CELL, PLAIN, deltas, 3);
            return Stream.of(row(name + count, before, all, 0, words(CELL, sums[0], CELL + 8, sums[1],
                            CELL + 16, sums[2])),
                    row(name + count, before, words(CELL, PLAIN, deltas, 2), EXIT_0, words()));
        });
    }

    private static Stream<Row> addsOfAnArrayByTable() {
        long deltas = PLAIN + 64;
        return IntStream.rangeClosed(2, 8).mapToObj(count -> {
            long[] before = new long[4 * count];
            for (int i = 0; i < count; i++) {
                before[4 * i] = PLAIN + 8L * i;
                before[4 * i + 1] = i == 1 ? V2 : CELL;
                before[4 * i + 2] = deltas + 8L * i;
                before[4 * i + 3] = 1L << i;
            }
            return row("load_load_load_add_store_relaxed_x" + count, before, words(PLAIN, deltas), 0,
                    words(CELL, (1L << count) - 3, V2, 2));
        });
    }

    private static List<Row> stacks() {
        String push = "array_push_release";
        String pop = "array_pop_relaxed";
        long[] closed = words(CELL, -1, CELL + 8, 8);
        return List.of(
                row(push, words(), words(CELL, 16, -9), 0, words(CELL + 8, 8, CELL + 48, -9)),
                row(push, words(CELL, 16, CELL + 24, 8, CELL + 32, 16), words(CELL, 16, 7), 0,
                        words(CELL + 24, 16, CELL + 72, 7)),
                row(push, words(CELL + 8, 16), words(CELL, 16, 7), EXIT_0, words()),
                row(push, closed, words(CELL, 16, 7), EXIT_1, words()),
                row(pop, words(CELL + 8, 16, CELL + 48, 5, CELL + 56, 6), words(CELL), 6, words(CELL + 8, 8)),
                row(pop, words(CELL, 16, CELL + 24, 8, CELL + 32, 24, CELL + 72, 9), words(CELL), 9,
                        words(CELL + 24, 0)),
                row(pop, words(CELL + 24, 8), words(CELL), EXIT_0, words()),
                row(pop, words(CELL + 8, 8, CELL + 48, -1), words(CELL), EXIT_2, words()),
                row(pop, closed, words(CELL), EXIT_1, words()));
    }

    private static List<Row> stacksOfSeveral() {
        String push = "array_push_memcpy_release";
        String pop = "array_pop_memcpy_relaxed";
        String pushRecord = "array_push_memcpy_length_release";
        String popRecord = "array_pop_length_memcpy_relaxed";
        long[] closed = words(CELL, -1, CELL + 8, 8);
        long[] stacked = words(CELL + 8, 24, CELL + 48, 1, CELL + 56, 2, CELL + 64, 3);
        long[] record = words(CELL + 8, 32, CELL + 56, OTHER, CELL + 64, 0x99, CELL + 72, 9);
        return List.of(
                row(push, words(CELL + 8, 8, PLAIN, 1, PLAIN + 8, 2), words(CELL, 24, PLAIN, 16), 0,
                        words(CELL + 8, 24, CELL + 56, 1, CELL + 64, 2)),
                row(push, words(CELL + 8, 8), words(CELL, 23, PLAIN, 16), EXIT_0, words()),
                row(push, closed, words(CELL, 24, PLAIN, 8), EXIT_1, words()),
                row(pop, stacked, words(CELL, PLAIN, 16), 0, words(CELL + 8, 8, PLAIN, 2, PLAIN + 8, 3)),
                row(pop, stacked, words(CELL, PLAIN, 32), EXIT_0, words()),
                row(pop, closed, words(CELL, PLAIN, 8), EXIT_1, words()),
                row(pushRecord, words(PLAIN, OTHER, PLAIN + 8, 0x0199), words(CELL, 24, PLAIN, 9, 16), 0,
                        words(CELL + 8, 24, CELL + 48, OTHER, CELL + 56, 0x99, CELL + 64, 9)),
                row(pushRecord, words(), words(CELL, 23, PLAIN, 9, 16), EXIT_0, words()),
                row(pushRecord, closed, words(CELL, 64, PLAIN, 9, 16), EXIT_1, words()),
                row(popRecord, record, words(CELL, PLAIN), 9, words(CELL + 8, 8, PLAIN, OTHER, PLAIN + 8, 0x99)),
                row(popRecord, words(), words(CELL, PLAIN), EXIT_0, words()),
                row(popRecord, closed, words(CELL, PLAIN), EXIT_1, words()));
    }

    private static List<Row> rings() {
        String push = "ring_push_release";
        String pushRecord = "ring_push_memcpy_release";
        String pad = "ring_pad_release";
        long tail = CELL + 64;
        long slots = CELL + 128;
        long[] record = words(CELL, 80, tail, 72, PLAIN, OTHER, PLAIN + 8, 0x0199);
        return List.of(
                row(push, words(), words(CELL, -9, 4, 3), 0, words(CELL, 1, slots, -9)),
                row(push, words(CELL, 7, tail, 4), words(CELL, 5, 4, 3), 0, words(CELL, 8, slots + 24, 5)),
                row(push, words(CELL, 8, tail, 5), words(CELL, 5, 4, 3), 0, words(CELL, 9, slots, 5)),
                row(push, words(CELL, 8, tail, 4), words(CELL, 5, 4, 3), EXIT_0, words()),
                row(pushRecord, record, words(CELL, PLAIN, 9, 24, 64, 63), 0,
                        words(CELL, 104, slots + 16, 9, slots + 24, OTHER, slots + 32, 0x99)),
                row(pushRecord, words(CELL, 56, tail, 8), words(CELL, PLAIN, 0, 8, 64, 63), 0,
                        words(CELL, 64, slots + 56, 0)),
                row(pushRecord, words(CELL, 56, tail, 8), words(CELL, PLAIN, 8, 24, 64, 63), EXIT_0, words()),
                row(pushRecord, words(CELL, 56, tail, 8), words(CELL, PLAIN, 8, 16, 64, 63), EXIT_1, words()),
                row(pushRecord, words(), words(CELL, PLAIN, TOO_LONG, 8, 64, 63), OUT_OF_RANGE, words()),
                row(pad, words(CELL, 112, tail, 64), words(CELL, 24, 64, 63), 0, words(CELL, 128, slots + 48, -1)),
                row(pad, words(CELL, 120, tail, 56), words(CELL, 16, 64, 63), EXIT_0, words()),
                row(pad, words(CELL, 112, tail, 64), words(CELL, 16, 64, 63), EXIT_1, words()));
    }

    private static List<Row> replacements() {
        String one = "load_cbne_store_relaxed";
        String two = "load_cbne_load_cbne_store_relaxed";
        String take = "load_cbne_address_store_relaxed";
        return List.of(
                row(take, words(), words(CELL), CELL, words(CELL, 1)),
                row(take, words(CELL, 1), words(CELL), EXIT_0, words()),
                row(take, words(CELL, OTHER), words(CELL), EXIT_0, words()),
                row(one, words(CELL, 5), words(CELL, 5, -9), 0, words(CELL, -9)),
                row(one, words(CELL, OTHER | 5), words(CELL, 5, -9), EXIT_0, words()),
                row(one + "_int", words(CELL, OTHER | 5), words(CELL, 5, -9), 0, words(CELL, OTHER | 0xFFFF_FFF7L)),
                row(one + "_int", words(CELL, OTHER | 5), words(CELL, 0x9_0000_0005L, 6), 0, words(CELL, OTHER | 6)),
                row(one + "_int", words(CELL, OTHER | 5), words(CELL, 4, 6), EXIT_0, words()),
                row(two, words(CELL, 5, V2, 6), words(CELL, 5, V2, 6, 7), 0, words(CELL, 7)),
                row(two, words(CELL, 5, V2, 6), words(CELL, 6, V2, 6, 7), EXIT_0, words()),
                row(two, words(CELL, 5, V2, OTHER | 6), words(CELL, 5, V2, 6, 7), EXIT_1, words()),
                row(two, words(CELL, 5, V2, 6), words(CELL, 6, V2, 5, 7), EXIT_0, words()),
                row(two + "_int", words(CELL, OTHER | 5, V2, OTHER | 6), words(CELL, 5, V2, 6, 7), 0,
                        words(CELL, OTHER | 7)),
                row(two + "_int", words(CELL, 5, V2, 6), words(CELL, 6, V2, 6, 7), EXIT_0, words()),
                row(two + "_int", words(CELL, 5, V2, 6), words(CELL, 5, V2, 5, 7), EXIT_1, words()));
    }

    private static List<Row> lists() {
        String pop = "load_cbeq_store_add_load_store_relaxed";
        String popOnly = "load_cbeq_add_load_store_relaxed";
        long[] addresses = words(CELL, NODE, NODE + 24, NEXT);
        long[] offsets = words(CELL, OTHER | 64, NODE + 24, OTHER | 256);
        return List.of(
                row(pop, addresses, words(CELL, 0, 24, PLAIN), NODE, words(CELL, NEXT, PLAIN, NODE)),
                row(pop, words(CELL, NODE, NODE, 0), words(CELL, 0, 0, PLAIN), NODE, words(CELL, 0, PLAIN, NODE)),
                row(pop, words(CELL, 0, PLAIN, 3), words(CELL, 0, 24, PLAIN), EXIT_0, words()),
                row(pop, addresses, words(CELL, NODE, 24, PLAIN), EXIT_0, words()),
                row(pop + "_int", offsets, words(CELL, 0, 24, PLAIN, PLAIN), 64,
                        words(CELL, OTHER | 256, PLAIN, 64)),
                row(pop + "_int", words(CELL, 1, NODE + 24, 2, NODE, OTHER), words(CELL, 0xFFFF_FFFFL, 24, NODE + 4,
                        NODE - 1), 1, words(CELL, 2, NODE, 1L << 32)),
                row(pop + "_int", words(CELL, 0xFFFF_FFFFL), words(CELL, -1, 24, PLAIN, PLAIN), EXIT_0, words()),
                row(pop + "_int", words(CELL, 0xF000_0000L, NODE, 5), words(CELL, 0, 0, PLAIN, NODE - 0xF000_0000L),
                        0xF000_0000L, words(CELL, 5, PLAIN, 0xF000_0000L)),
                row(popOnly, addresses, words(CELL, 0, 24), NODE, words(CELL, NEXT)),
                row(popOnly, words(), words(CELL, 0, 24), EXIT_0, words()),
                row(popOnly + "_int", offsets, words(CELL, 0, 24, PLAIN), 64, words(CELL, OTHER | 256)),
                row(popOnly + "_int", words(CELL, OTHER), words(CELL, 0, 24, PLAIN), EXIT_0, words()));
    }

    private static Stream<Row> pushes(String order) {
        String push = "load_add_store_store_" + order;
        return Stream.of(
                row(push, words(CELL, NEXT, NODE + 24, 5), words(CELL, NODE, 24), 0,
                        words(CELL, NODE, NODE + 24, NEXT)),
                row(push, words(NODE, 5), words(CELL, NODE, 0), 0, words(CELL, NODE, NODE, 0)),
                row(push + "_int", words(CELL, OTHER | 256, NODE + 24, OTHER), words(CELL, 64, 24, PLAIN), 0,
                        words(CELL, OTHER | 64, NODE + 24, OTHER | 256)),
                row(push + "_int", words(NODE, OTHER | 7), words(CELL, 0xF000_0000L, 4, NODE - 0xF000_0000L), 0,
                        words(CELL, 0xF000_0000L, NODE, 7)));
    }

    private static Stream<Row> storesAndCopies(String order) {
        String stores = "load_cbne_store_store_" + order;
        String copy = "load_cbne_memcpy_store_" + order;
        long[] bytes = words(CELL, OTHER | 1, V2, -1, PLAIN, 0x0807_0605_0403_0201L, PLAIN + 8, 0x0A09L);
        return Stream.of(
                row(stores, words(CELL, 1, V2, 2), words(CELL, 1, V2, -5, 9), 0, words(CELL, 9, V2, -5)),
                row(stores, words(CELL, OTHER | 1, V2, 2), words(CELL, 1, V2, 5, 9), EXIT_0, words()),
                row(stores + "_int", words(CELL, OTHER | 1, V2, OTHER | 2), words(CELL, 1, V2, -5, 9), 0,
                        words(CELL, OTHER | 9, V2, OTHER | 0xFFFF_FFFBL)),
                row(stores + "_int", words(CELL, OTHER | 1, V2, 2), words(CELL, 2, V2, 5, 9), EXIT_0, words()),
                row(copy, bytes, words(CELL, OTHER | 1, V2, PLAIN, 10, 2), 0,
                        words(CELL, 2, V2, 0x0807_0605_0403_0201L, V2 + 8, 0x0A09L)),
                row(copy, bytes, words(CELL, OTHER | 1, V2, PLAIN + 1, 0, 2), 0, words(CELL, 2)),
                row(copy, bytes, words(CELL, 1, V2, PLAIN, 8, 2), EXIT_0, words()),
                row(copy, bytes, words(CELL, OTHER | 1, V2, PLAIN, TOO_LONG, 2), OUT_OF_RANGE, words()),
                row(copy, bytes, words(CELL, OTHER | 1, V2, PLAIN, -1, 2), OUT_OF_RANGE, words()),
                row(copy + "_int", bytes, words(CELL, 1, V2 + 1, PLAIN + 2, 3, 2), 0,
                        words(CELL, OTHER | 2, V2, 0xFFFF_FFFF_0504_03FFL)),
                row(copy + "_int", bytes, words(CELL, 2, V2, PLAIN, 8, 2), EXIT_0, words()),
                row(copy + "_int", bytes, words(CELL, 1, V2, PLAIN, TOO_LONG, 2), OUT_OF_RANGE, words()));
    }

    private static List<Row> all() {
        return Stream.of(adds().stream(), addsByTable(), addsByArrays(), addsOfAnArrayByTable(),
                stacks().stream(), stacksOfSeveral().stream(),
                rings().stream(),
                replacements().stream(), lists().stream(), pushes("relaxed"), pushes("release"),
                storesAndCopies("relaxed"), storesAndCopies("release")).flatMap(rows -> rows).toList();
    }
}
