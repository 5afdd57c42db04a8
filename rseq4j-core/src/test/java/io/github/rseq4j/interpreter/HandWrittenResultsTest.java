package io.github.rseq4j.interpreter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.machine.SampleSections;
import io.github.rseq4j.sections.Sections;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The results of sample sections and of some listed ones, derived by hand, so that neither the interpreter nor the
 * fallback is checked against itself.
 */
final class HandWrittenResultsTest {
    private static final int STRIDE_SHIFT = 20;
    private static final int INDICES = 3;
    /** The address of the cells at index 0: the first address that the memory reserves. */
    private static final long CELL = 1 << 16;
    /** The address of the memory that does not depend on the index. */
    private static final long PLAIN = CELL + ((long) INDICES << STRIDE_SHIFT);
    private static final long CLOCK = 77;
    private static final long ABC = 0x0807_0605_0403_0201L;

    private static long exit(int number, int completed) {
        return -(256L * completed + 16 + number);
    }

    private static long[] words(long... pairs) {
        return pairs;
    }

    private static Arguments row(String chain, long[] before, long[] arguments, long status, long[] after) {
        return Arguments.of(chain, before, arguments, status, after);
    }

    static Stream<Arguments> rows() {
        return Stream.of(compares(), lists(), copies(), constants(), chains(), delays(), doubles()).flatMap(r -> r);
    }

    private static Stream<Arguments> compares() {
        return Stream.of(
                row("load_cbne_store_relaxed", words(CELL, 5), words(CELL, 5, 9), 0, words(CELL, 9)),
                row("load_cbne_store_relaxed", words(CELL, 5), words(CELL, 4, 9), -16, words()),
                row("load_cbne_store_relaxed", words(CELL, 5), words(CELL, 0x1_0000_0005L, 9), -16, words()),
                row("load_cbne_store_relaxed_int", words(CELL, 0x7_0000_0005L),
                        words(CELL, 0x9_0000_0005L, 0x1_0000_0006L), 0, words(CELL, 0x7_0000_0006L)),
                row("load_cbne_store_relaxed_int", words(CELL, 0x7_0000_0005L), words(CELL, 7, 1), -16, words()),
                row("load_cbne_store_store_release", words(CELL, 1), words(CELL, 1, CELL + 64, 7, 2), 0,
                        words(CELL, 2, CELL + 64, 7)),
                row("load_cbne_store_store_release", words(CELL, 1), words(CELL, 3, CELL + 64, 7, 2), -16,
                        words()),
                row("load_cbne_load_cbne_store_relaxed", words(CELL, 1, CELL + 8, 2), words(CELL, 1, CELL + 8, 2, 9), 0,
                        words(CELL, 9)),
                row("load_cbne_load_cbne_store_relaxed", words(CELL, 1, CELL + 8, 2), words(CELL, 2, CELL + 8, 2, 9),
                        exit(0, 0), words()),
                row("load_cbne_load_cbne_store_relaxed", words(CELL, 1, CELL + 8, 2), words(CELL, 1, CELL + 8, 1, 9),
                        exit(1, 0), words()),
                row("compare_below_8", words(), words(CELL, 5, -1), exit(1, 0), words()),
                row("compare_below_8", words(), words(CELL, 1, 1), exit(2, 0), words()),
                row("compare_below_8", words(), words(CELL, -1, 5), 0, words(CELL, 1)),
                row("compare_below_4", words(CELL, 0xFFFF_FFFFL), words(CELL, 0x5_0000_0009L, 9), 0, words(CELL, 0)),
                row("compare_above_or_equal_8", words(), words(CELL, -1, 5), exit(1, 0), words()),
                row("compare_above_or_equal_8", words(), words(CELL, 2, 3), exit(2, 0), words()),
                row("compare_above_or_equal_4", words(), words(CELL, 0x9_0000_0001L, 3), 0, words(CELL, 1)),
                row("compare_equal_4", words(), words(CELL, 0x9_0000_0002L, 3), exit(2, 0), words()),
                row("compare_equal_8", words(), words(CELL, 0x9_0000_0002L, 3), 0, words(CELL, 1)),
                row("compare_not_equal_4", words(), words(CELL, 0x9_0000_0002L, 2), 0, words(CELL, 1)),
                row("compare_not_equal_8", words(), words(CELL, 0x9_0000_0002L, 2), exit(1, 0), words()));
    }

    private static Stream<Arguments> lists() {
        return Stream.of(
                row("load_cbeq_store_add_load_store", words(CELL, PLAIN + 64, PLAIN + 72, PLAIN + 128),
                        words(CELL, PLAIN, 0), 0, words(CELL, PLAIN + 128, PLAIN, PLAIN + 64)),
                row("load_cbeq_store_add_load_store", words(), words(CELL, PLAIN, 0), -16, words()),
                row("array_push_8", words(CELL, 2), words(CELL, -9), 2, words(CELL, 3, CELL + 24, -9)),
                row("array_push_8", words(CELL, 3), words(CELL, -9), -16, words()),
                row("array_push_8", words(CELL, -1), words(CELL, -9), -16, words()),
                row("array_push_4", words(CELL, 1), words(CELL, 0x3_0000_0004L), 1,
                        words(CELL, 2, CELL + 8, 0x4_0000_0000L)),
                row("array_pop", words(CELL, 0x5_0000_0002L, CELL + 8, 0xFFFF_FFFE_0000_0001L), words(CELL),
                        0xFFFF_FFFEL, words(CELL, 0x5_0000_0001L)),
                row("array_pop", words(CELL, 0x5_0000_0000L), words(CELL), -16, words()),
                row("load_add_load_load_add_store", words(CELL, PLAIN + 8, PLAIN + 16, 40), words(CELL, 2), 0,
                        words(PLAIN + 16, 42)),
                row("load_add_load_load_add_store", words(), words(CELL, 2), -16, words()),
                row("index_argument", words(CELL + 24, 0x1_0000_0007L),
                        words(CELL, PLAIN, 3, 11, 0, 0, 0, 0, 2), 0, words(PLAIN + 16, 7, CELL + 80, 11)));
    }

    private static Stream<Arguments> copies() {
        return Stream.of(
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN, ABC, PLAIN + 8, 0xFF0C_0B0A_09L),
                        words(CELL, 1, CELL + 64, PLAIN, 11, 2), 0,
                        words(CELL, 2, CELL + 80, ABC, CELL + 88, 0x0B_0A09L)),
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN, ABC, CELL + 80, -1, CELL + 88, -1),
                        words(CELL, 1, CELL + 61, PLAIN + 1, 2, 2), 0,
                        words(CELL, 2, CELL + 80, 0xFFFF_FFFF_FFFF_FFFFL, CELL + 72, 0x0302L << 40)),
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN + 56, ABC),
                        words(CELL, 1, CELL + 64, PLAIN, 64, 2), 0, words(CELL, 2, CELL + 136, ABC)),
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN, ABC),
                        words(CELL, 1, CELL + 64, PLAIN, 0, 2), 0, words(CELL, 2)),
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN, ABC),
                        words(CELL, 1, CELL + 64, PLAIN, 65, 2), -Status.OUT_OF_RANGE, words()),
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN, ABC),
                        words(CELL, 1, CELL + 64, PLAIN, -1, 2), -Status.OUT_OF_RANGE, words()),
                row("load_cbne_memcpy_store", words(CELL, 1, PLAIN, ABC),
                        words(CELL, 0, CELL + 64, PLAIN, 8, 2), -16, words()));
    }

    private static Stream<Arguments> constants() {
        return Stream.of(
                row("constants", words(CELL, 1), words(CELL), 0xFFFF_FFFFL, words(CELL, 0x1_2345_678AL,
                        CELL + 8, 0x1_0000_0000L, CELL + 16, 0x7FFF_FFFF_FFFFL, CELL + 24, -5,
                        CELL + 32, Long.MAX_VALUE, CELL + 40, 0xFFFF_FFF9L, CELL + 48, -7)),
                row("halves", words(CELL, 0x3_0000_0009L), words(CELL, 4), 0,
                        words(CELL, 0x2_0000_0009L, CELL + 8, 0x7_0000_0000L)),
                row("halves", words(CELL, 9), words(CELL, 4), 0,
                        words(CELL, 0xFFFF_FFFF_0000_0009L, CELL + 8, 0x4_0000_0000L)));
    }

    private static Stream<Arguments> chains() {
        return Stream.of(
                // With a clock of 77 these are durations of the limit and below 0; with a later one, beyond the limit.
                row("timestamp_bucket_load_add_store_pair_relaxed", words(), words(CELL, 3, 74), exit(0, 0), words()),
                row("timestamp_bucket_load_add_store_pair_relaxed", words(), words(CELL, 78, 80), exit(0, 0), words()),
                row("load_add_store_pair_relaxed", words(CELL, 5, CELL + 8, -1, CELL + 16, 3), words(CELL, 2, -6), 0,
                        words(CELL, 7, CELL + 8, -7)),
                row("mixed_chain", words(CELL + 64, -1, PLAIN, ABC), words(CELL, 5, 6, 3, CELL + 64, PLAIN), 0,
                        words(CELL, 6, CELL + 64, 0xFFFF_FFFF_FF03_0201L, CELL + 192, 1)),
                row("mixed_chain", words(CELL, 1), words(CELL, 5, 7, 3, CELL + 64, PLAIN), exit(0, 1), words(CELL, 6)),
                row("mixed_chain", words(), words(CELL, 5, 6, 65, CELL + 64, PLAIN), -(2 * 256L + 3), words(CELL, 6)),
                row("sixteen_arguments", words(CELL, 33), words(0, 0, 0, 0, 0, 0, 0, 0, PLAIN, 9, 10, 11, 12, CELL,
                        CELL + 64, 15), 15, words(CELL + 64, 33, CELL + 72, 9, PLAIN + 8, 21)),
                row("sixteen_arguments", words(CELL, 33), words(0, 0, 0, 0, 0, 0, 0, 0, PLAIN, 9, 10, 11, 3, CELL,
                        CELL + 64, 15), exit(7, 0), words()));
    }

    private static Stream<Arguments> delays() {
        return Stream.of(
                row("delay_twice", words(), words(CELL, 16, 16), 0, words(CELL, 1)),
                row("delay_twice", words(), words(CELL, 0, 0), 0, words(CELL, 1)),
                row("delay_twice", words(), words(CELL, 17, 0), -Status.OUT_OF_RANGE, words()),
                row("delay_twice", words(), words(CELL, 0, 17), -Status.OUT_OF_RANGE, words()),
                row("delay_twice", words(), words(CELL, -1, 0), -Status.OUT_OF_RANGE, words()));
    }

    private static long bits(double number) {
        return Double.doubleToRawLongBits(number);
    }

    private static Stream<Arguments> doubles() {
        double infinite = Double.POSITIVE_INFINITY;
        long notANumber = bits(Double.NaN);
        return Stream.of(
                row("doubles", words(CELL + 8, bits(1.25), CELL + 16, bits(-0.0), CELL + 32, 7),
                        words(CELL, 0, 0, 0, 0, 0, bits(0.1), CELL, 2), 7,
                        words(CELL + 8, bits(1.75), CELL + 16, 0, CELL + 80, bits(0.1))),
                row("doubles", words(CELL + 8, bits(0x1p60), CELL + 80, bits(0.2)),
                        words(CELL, 0, 0, 0, 0, 0, bits(0.1), CELL, 2), 0,
                        words(CELL + 80, bits(0.30000000000000004))),
                row("load_fadd_store_relaxed", words(CELL, bits(infinite)), words(CELL, bits(-infinite)), 0,
                        words(CELL, notANumber)),
                row("load_fadd_store_relaxed", words(CELL, -1), words(CELL, bits(1)), 0, words(CELL, notANumber)));
    }

    private static Chain chain(String name) {
        return Stream.concat(SampleSections.all().stream(), Sections.all().stream())
                .filter(c -> c.name().equals(name)).findFirst().orElseThrow();
    }

    /** Writes words; those of cells go to the copy of an index. */
    private static void put(PagedMemory memory, int index, long[] pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            long slot = pairs[i] < PLAIN ? (long) index << STRIDE_SHIFT : 0;
            memory.putLong(pairs[i] + slot, pairs[i + 1]);
        }
    }

    /** Returns every word near the cells of each index, and in the plain memory, that is not 0. */
    private static Map<String, Long> contents(PagedMemory memory) {
        Map<String, Long> contents = new TreeMap<>();
        for (int window = 0; window <= INDICES; window++) {
            for (int offset = 0; offset < 1024; offset += Long.BYTES) {
                long value = memory.getLong(CELL + ((long) window << STRIDE_SHIFT) + offset);
                if (value != 0) {
                    contents.put("window " + window + " + " + offset, value);
                }
            }
        }
        return contents;
    }

    private static Map<String, Long> expected(int index, long[] before, long[] after) {
        PagedMemory memory = new PagedMemory();
        assertEquals(CELL, memory.reserve((INDICES + 1L) << STRIDE_SHIFT));
        put(memory, index, before);
        put(memory, index, after);
        return contents(memory);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void theSimulatorMatchesTheRowAtEachIndex(String name, long[] before, long[] arguments, long status,
                                              long[] after) {
        for (int index = 0; index < INDICES; index++) {
            PagedMemory memory = new PagedMemory();
            assertEquals(CELL, memory.reserve((INDICES + 1L) << STRIDE_SHIFT));
            put(memory, index, before);
            long answer = new Interpreter(memory, STRIDE_SHIFT, () -> CLOCK).run(chain(name), 0, arguments, index,
                    Interpreter.Interruption.NEVER);
            assertEquals(Status.describe(status), Status.describe(answer));
            assertEquals(expected(index, before, after), contents(memory));
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void theFallbackMatchesTheRow(String name, long[] before, long[] arguments, long status, long[] after)
            throws Throwable {
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        assertEquals(CELL, fallback.memory().reserve((INDICES + 1L) << STRIDE_SHIFT));
        put(fallback.memory(), 0, before);
        long answer = (long) fallback.handle(chain(name)).invokeWithArguments(Arrays.stream(arguments).boxed()
                .toArray());
        assertEquals(Status.describe(status), Status.describe(answer));
        assertEquals(expected(0, before, after), contents(fallback.memory()));
    }

    static Stream<Arguments> stamped() {
        Stream<Arguments> stores = Stream.of("timestamp_store", "unordered_timestamp_store").map(name -> row(name,
                words(CELL, 1, CELL + 24, -1), words(CELL, 0, 5, 0x1_0000_0006L), 0,
                words(CELL, 2, CELL + 8, CLOCK, CELL + 16, 5, CELL + 24, 0xFFFF_FFFF_0000_0006L)));
        return Stream.concat(stores, durations());
    }

    private static Stream<Arguments> durations() {
        String section = "timestamp_bucket_load_add_store_pair_relaxed";
        return Stream.of(
                row(section, words(CELL + 7 * 16, 1, CELL + 7 * 16 + 8, 7), words(CELL, CLOCK - 7, 80), 7,
                        words(CELL + 7 * 16, 2, CELL + 7 * 16 + 8, 14)),
                row(section, words(), words(CELL, CLOCK - 74, 80), 74,
                        words(CELL + 50 * 16, 1, CELL + 50 * 16 + 8, 74)));
    }

    @ParameterizedTest
    @MethodSource("stamped")
    void theSimulatorReadsItsClock(String name, long[] before, long[] arguments, long status, long[] after) {
        theSimulatorMatchesTheRowAtEachIndex(name, before, arguments, status, after);
    }
}
