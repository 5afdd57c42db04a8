package io.github.rseq4j.sections;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Listing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What each standard section does, worked out by hand from what librseq says of its operation: on this JVM's engine,
 * whichever it is, and step by step.
 */
final class StandardSectionsTest {
    private static final Engine ENGINE = Engine.get();
    /** How many bytes are looked at, of each copy and of what has no copies. */
    private static final int WINDOW_BYTES = 512;
    /** Where the cells lie at index 0; behind the cell that a self-test may be using. */
    static final long CELL = ENGINE.reserve() + 2 * WINDOW_BYTES;
    private static final long V2 = CELL + 128;
    /** Where the memory lies that has no copies. */
    static final long PLAIN = ENGINE.reserve() + 2 * WINDOW_BYTES;
    private static final long NODE = PLAIN + 64;
    static final long NEXT = PLAIN + 256;
    /** Two words of 4 bytes, of which the upper one is a neighbour. */
    static final long OTHER = 0x7654_3210L << Integer.SIZE;
    static final long TOO_LONG = Section.MAX_COPY_BYTES + 1L;
    static final long OUT_OF_RANGE = -3;
    static final long EXIT_0 = -16;
    static final long EXIT_1 = -17;
    static final long EXIT_2 = -18;
    /** Stands for a time that the section read. */
    static final long TIME = 0x7171_7171_7171_7171L;

    /**
     * One call.
     *
     * @param name the chain's name
     * @param before addresses and words ahead of it; those of cells are in every copy
     * @param arguments its arguments
     * @param status what it returns; the cell's address stands for that of the copy that is changed
     * @param after addresses and words that it changes; those of cells in one copy
     */
    record Row(String name, long[] before, long[] arguments, long status, long[] after) {
        @Override
        public String toString() {
            return name + " returns " + Status.describe(status);
        }
    }

    static long[] words(long... pairs) {
        return pairs;
    }

    static Row row(String name, long[] before, long[] arguments, long status, long[] after) {
        return new Row(name, before, arguments, status, after);
    }

    private static List<Row> adds() {
        String add = "load_add_store_relaxed";
        String indirect = "load_add_load_load_add_store_relaxed";
        long[] path = words(CELL, PLAIN, PLAIN + 16, PLAIN + 32, PLAIN + 32, OTHER | 0xFFFF_FFFFL);
        return List.of(
                row(add, words(CELL, OTHER | 0xFFFF_FFFFL), words(CELL, 1), 0, words(CELL, OTHER + (1L << 32))),
                row(add + "_x2", words(CELL, 1), words(CELL, 2, V2, -3), 0, words(CELL, 3, V2, -3)),
                row(add + "_x4", words(), words(CELL, 1, CELL + 8, 2, V2, 3, V2, 4), 0,
                        words(CELL, 1, CELL + 8, 2, V2, 7)),
                row(add + "_x8", words(), words(CELL, 1, CELL, 2, CELL, 4, CELL, 8, V2, 16, V2, 32, V2, 64, V2, 128), 0,
                        words(CELL, 15, V2, 240)),
                row("delay_load_add_store_relaxed", words(CELL, 8), words(CELL, 3), 0, words(CELL, 9)),
                row(add + "_int", words(CELL, OTHER | 0xFFFF_FFFFL), words(CELL, 0x9_0000_0001L), 0,
                        words(CELL, OTHER)),
                row(add + "_int", words(CELL, 5), words(CELL + 4, -1), 0, words(CELL, 0xFFFF_FFFF_0000_0005L)),
                row(indirect, path, words(CELL, 16, 1), 0, words(PLAIN + 32, OTHER + (1L << 32))),
                row(indirect + "_int", path, words(CELL, 16, 0x9_0000_0001L), 0, words(PLAIN + 32, OTHER)),
                row(indirect + "_int", words(CELL, PLAIN + 24, PLAIN + 16, NODE + 4, NODE, 7), words(CELL, -8, -1), 0,
                        words(NODE, 0xFFFF_FFFF_0000_0007L)));
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

    static Stream<Row> rows() {
        return Stream.of(adds().stream(), stacks().stream(), stacksOfSeveral().stream(), rings().stream(),
                TraceRingRows.all().stream(),
                replacements().stream(), lists().stream(), pushes("relaxed"), pushes("release"),
                storesAndCopies("relaxed"), storesAndCopies("release")).flatMap(rows -> rows);
    }

    private static Chain chain(String name) {
        return Sections.all().stream().filter(chain -> chain.name().equals(name)).findFirst().orElseThrow();
    }

    private static long slot(long address, int index) {
        boolean isCell = address >= CELL && address < CELL + WINDOW_BYTES;
        return isCell ? address + ((long) index << Engine.STRIDE_SHIFT) : address;
    }

    private static long status(Row row, int index) {
        return row.status == CELL ? slot(CELL, index) : row.status;
    }

    private static void put(int index, long[] pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            ENGINE.memory().putLong(slot(pairs[i], index), pairs[i + 1]);
        }
    }

    /** Clears what is looked at and writes what a row has ahead of its call. */
    private static void fill(Row row) {
        for (int index = 0; index < ENGINE.copies(); index++) {
            for (int at = 0; at < WINDOW_BYTES; at += Long.BYTES) {
                ENGINE.memory().putLong(slot(CELL + at, index), 0);
                ENGINE.memory().putLong(PLAIN + at, 0);
            }
        }
        for (int index = 0; index < ENGINE.copies(); index++) {
            put(index, row.before);
        }
    }

    /** What was read of a clock is as good as what stands for it, if it is a time at all. */
    private static List<Long> timed(List<Long> found, List<Long> expected) {
        List<Long> timed = new ArrayList<>(found);
        for (int i = 0; i < timed.size(); i++) {
            if (expected.get(i) == TIME && timed.get(i) > 50) {
                timed.set(i, TIME);
            }
        }
        return timed;
    }

    private static List<Long> window(long address) {
        List<Long> words = new ArrayList<>();
        for (int at = 0; at < WINDOW_BYTES; at += Long.BYTES) {
            words.add(ENGINE.memory().getLong(address + at));
        }
        return words;
    }

    private static List<Long> expected(long address, long[] before, long[] after) {
        List<Long> words = new ArrayList<>();
        for (int at = 0; at < WINDOW_BYTES; at += Long.BYTES) {
            words.add(0L);
        }
        for (long[] pairs : List.of(before, after)) {
            for (int i = 0; i < pairs.length; i += 2) {
                if (pairs[i] >= address && pairs[i] < address + WINDOW_BYTES) {
                    words.set((int) (pairs[i] - address) / Long.BYTES, pairs[i + 1]);
                }
            }
        }
        return words;
    }

    /** One copy is as the row says, the others are as they were, and so is what has no copies. */
    private static void requireAfter(Row row, Predicate<Integer> mayBe) {
        List<Long> before = expected(CELL, row.before, words());
        List<Long> after = expected(CELL, row.before, row.after);
        List<Long> plain = expected(PLAIN, row.before, row.after);
        assertEquals(plain, timed(window(PLAIN), plain), row::toString);
        List<Integer> changed = new ArrayList<>();
        for (int index = 0; index < ENGINE.copies(); index++) {
            List<Long> found = window(slot(CELL, index));
            if (!found.equals(before)) {
                assertEquals(after, timed(found, after), row::toString);
                changed.add(index);
            }
        }
        assertEquals(before.equals(after) ? 0 : 1, changed.size(), () -> row + " changed the copies " + changed);
        assertTrue(changed.stream().allMatch(mayBe), () -> row + " changed the copies " + changed);
    }

    /** A stray store of a section that was aborted elsewhere would be seen; it is rare, and not what is tested here. */
    @ParameterizedTest
    @MethodSource("rows")
    void doesWhatItsOperationSays(Row row) throws Throwable {
        Chain chain = chain(row.name);
        for (int attempt = 0; ; attempt++) {
            fill(row);
            long status = (long) ENGINE.handle(chain).invokeWithArguments(Arrays.stream(row.arguments).boxed()
                    .toArray());
            if (status < 0 && Status.code(status) != Status.code(row.status)) {
                // The thread had no registration yet, or a section that is not restarted was aborted.
                status = ENGINE.complete(chain, status, row.arguments);
            }
            int told = row.status == CELL ? (int) (status - CELL >> Engine.STRIDE_SHIFT) : -1;
            assertEquals(Status.describe(status(row, told)), Status.describe(status));
            try {
                requireAfter(row, changed -> told < 0 || changed == told);
                return;
            } catch (AssertionError e) {
                if (attempt == 3) {
                    throw e;
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void doesTheSameStepByStepAtEachIndex(Row row) {
        for (int index = 0; index < Math.min(3, ENGINE.copies()); index++) {
            fill(row);
            long status = new Interpreter(ENGINE.memory(), Engine.STRIDE_SHIFT).run(chain(row.name), 0, row.arguments,
                    index, Interpreter.Interruption.NEVER);
            assertEquals(Status.describe(status(row, index)), Status.describe(status));
            int here = index;
            requireAfter(row, changed -> changed == here);
        }
    }

    /** So that a section which is listed is not forgotten here, nor one of its exits. */
    @Test
    void everySectionAndEveryExitHasARow() {
        Set<String> expected = new HashSet<>();
        for (Chain chain : Sections.all()) {
            expected.add(chain.name() + " done");
            chain.sections().forEach(section -> section.steps().forEach(step -> {
                if (step instanceof Step.ExitIf exit) {
                    expected.add(chain.name() + " exit " + exit.exit());
                }
            }));
        }
        Set<String> found = rows().filter(row -> row.status != OUT_OF_RANGE)
                .map(row -> row.name + (row.status >= 0 ? " done" : " " + Status.describe(row.status)))
                .collect(Collectors.toSet());
        assertEquals(expected, found);
    }

    static Stream<Arguments> commits() {
        return Sections.all().stream().flatMap(chain -> Stream.of(Index.values())
                .map(index -> Arguments.of(chain, index)));
    }

    /** A release commit is stlr on aarch64, of w where the word has 4 bytes; a relaxed one is str or stur. */
    @ParameterizedTest
    @MethodSource("commits")
    void theCommitHasOrderAndWidthOfItsName(Chain chain, Index index) {
        String store = (chain.name().contains("_release") ? "stlr " : "stu?r ")
                + (chain.name().endsWith("_int") ? "w" : "x");
        List<String> commits = Listing.of(chain, Architecture.AARCH64, index).lines()
                .filter(line -> line.endsWith("<- commit")).map(String::strip).toList();
        assertEquals(chain.sections().size(), commits.size());
        assertTrue(commits.stream().allMatch(commit -> commit.matches(store + ".*")), commits::toString);
    }
}
