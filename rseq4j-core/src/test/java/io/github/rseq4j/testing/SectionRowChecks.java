package io.github.rseq4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.proof.GivenTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The results of each section of a module, derived by hand, on this JVM's engine and step by step. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class SectionRowChecks {
    private static final Engine ENGINE = Engine.get();
    /** The number of bytes that are compared, of each copy and of the memory without copies. */
    private static final int WINDOW_BYTES = 512;
    /** The address of the cells at index 0, after the cell that a self-test may be using. */
    public static final long CELL = ENGINE.reserve() + 2 * WINDOW_BYTES;
    /** The address of the memory without copies. */
    public static final long PLAIN = ENGINE.reserve() + 2 * WINDOW_BYTES;
    /** A value of the upper 4 bytes of a word, the neighbour of an operand in the lower 4 bytes. */
    public static final long OTHER = 0x7654_3210L << Integer.SIZE;
    public static final long TOO_LONG = Section.MAX_COPY_BYTES + 1L;
    public static final long OUT_OF_RANGE = -3;
    public static final long EXIT_0 = -16;
    public static final long EXIT_1 = -17;
    public static final long EXIT_2 = -18;
    /** Stands for a time that the section read; the sum of this and an argument stands for the sum of both. */
    public static final long TIME = 0x7171_7171_7171_7171L;
    /** Stands for the lowest 24 bits of a time that the section read, as {@link #TIME} does. */
    public static final long LOW_TIME = TIME & 0xFF_FFFF;
    /** Stands for a time that the section read, its lowest 24 bits cleared. */
    public static final long HIGH_TIME = TIME - LOW_TIME;

    private final List<Chain> chains;
    private final List<Row> rows;

    /**
     * Takes the sections of a module.
     *
     * @param chains the sections
     * @param rows at least one row for each, and for each of its exits
     */
    protected SectionRowChecks(List<Chain> chains, List<Row> rows) {
        this.chains = chains;
        this.rows = rows;
    }

    Stream<Row> rows() {
        return rows.stream();
    }

    /**
     * One call.
     *
     * @param name the chain's name
     * @param before addresses and words before the call; those of cells are in every copy
     * @param arguments its arguments
     * @param status the returned status; the cell's address stands for its address in the changed copy
     * @param after addresses and words that the call changes; those of cells in one copy
     */
    public record Row(String name, long[] before, long[] arguments, long status, long[] after) {
        @Override
        public String toString() {
            return name + " returns " + Status.describe(status);
        }
    }

    /**
     * Returns addresses and their words, in turns.
     *
     * @param pairs an address, its word, and so on
     */
    public static long[] words(long... pairs) {
        return pairs;
    }

    /** Returns a row: its parameters are the components of {@link Row}. */
    public static Row row(String name, long[] before, long[] arguments, long status, long[] after) {
        return new Row(name, before, arguments, status, after);
    }

    private Chain chain(String name) {
        return chains.stream().filter(chain -> chain.name().equals(name)).findFirst().orElseThrow();
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

    /** Clears the compared memory and writes the words that a row has before its call. */
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

    /** Replaces each plausible time that a section read with the constant that stands for it. */
    private static List<Long> timed(Row row, List<Long> found, List<Long> expected) {
        List<Long> timed = new ArrayList<>(found);
        for (int i = 0; i < timed.size(); i++) {
            long wanted = expected.get(i);
            long word = timed.get(i);
            boolean isTime = wanted == TIME && word > 50 || wanted == HIGH_TIME && word > 50 && word % (1 << 24) == 0
                    || Arrays.stream(row.arguments).anyMatch(argument -> wanted == TIME + argument
                            && word - argument > 50 || wanted == LOW_TIME + argument && word - argument >>> 24 == 0);
            if (isTime) {
                timed.set(i, wanted);
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

    /**
     * Requires that one copy is as after the row's call, the others are unchanged, and the memory without copies
     * matches.
     */
    private static void requireAfter(Row row, Predicate<Integer> mayBe) {
        List<Long> before = expected(CELL, row.before, words());
        List<Long> after = expected(CELL, row.before, row.after);
        List<Long> plain = expected(PLAIN, row.before, row.after);
        assertEquals(plain, timed(row, window(PLAIN), plain), row::toString);
        List<Integer> changed = new ArrayList<>();
        for (int index = 0; index < ENGINE.copies(); index++) {
            List<Long> found = window(slot(CELL, index));
            if (!found.equals(before)) {
                assertEquals(after, timed(row, found, after), row::toString);
                changed.add(index);
            }
        }
        assertEquals(before.equals(after) ? 0 : 1, changed.size(), () -> row + " changed the copies " + changed);
        assertTrue(changed.stream().allMatch(mayBe), () -> row + " changed the copies " + changed);
    }

    /**
     * A stray store of a section that was aborted on another CPU may show. It is rare and allowed, so the test tries
     * again.
     */
    @ParameterizedTest
    @MethodSource("rows")
    void aSectionMatchesItsRow(Row row) throws Throwable {
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
    void aSectionMatchesItsRowStepByStepAtEachIndex(Row row) {
        for (int index = 0; index < Math.min(3, ENGINE.copies()); index++) {
            fill(row);
            long status = new Interpreter(ENGINE.memory(), Engine.STRIDE_SHIFT, System::nanoTime)
                    .run(chain(row.name), 0, row.arguments, index, Interpreter.Interruption.NEVER);
            assertEquals(Status.describe(status(row, index)), Status.describe(status));
            int here = index;
            requireAfter(row, changed -> changed == here);
        }
    }

    /** Ensures that no section and no exit is forgotten. */
    @Test
    void everySectionAndEveryExitHasARow() {
        Set<String> expected = new HashSet<>();
        for (Chain chain : chains) {
            // A row cannot have a word whose address depends on the clock.
            if (GivenTime.of(chain).equals(chain)) {
                expected.add(chain.name() + " done");
            }
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
}
