package io.github.rseq4j.section;

import static io.github.rseq4j.section.Place.at;
import static io.github.rseq4j.section.Place.cell;
import static io.github.rseq4j.section.Place.element;
import static io.github.rseq4j.section.Value.constant;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.PerCpuItems;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A section may store before its commit only to places that its restart does not read. Each row is a section that
 * breaks this rule, or one that seems to and does not. Arguments: 0 an item, 1 another address, 2 a number, 3 a length.
 */
final class DisjointPlacesTest {
    private static final int FULL = 2;

    private static Arguments row(String name, Consumer<SectionBuilder> steps) {
        return Arguments.of(name, steps);
    }

    private static void count(SectionBuilder b) {
        b.commitAdd(cell(b.argument(0)), constant(1), Order.RELAXED);
    }

    /** Loads from a place, adds 1 and stores it at another one. */
    private static void increment(SectionBuilder b, Place from, Place to) {
        Register word = b.load(from);
        b.add(word, constant(1)).store(to, word);
    }

    static Stream<Arguments> refused() {
        return Stream.of(sameBase(), otherBases(), copies(), commits()).flatMap(rows -> rows);
    }

    private static Stream<Arguments> sameBase() {
        return Stream.of(
                row("the same word", b -> increment(b, cell(b.argument(0), 80), cell(b.argument(0), 80))),
                row("an element that may be the word",
                        b -> increment(b, cell(b.argument(0), 80), element(b.argument(0), 0, b.argument(2), 8))),
                row("an element whose number is bounded, beyond the word", b -> {
                    b.exitIf(b.argument(2), Condition.ABOVE_OR_EQUAL, constant(11), FULL);
                    increment(b, cell(b.argument(0), 80), element(b.argument(0), 0, b.argument(2), 8));
                }),
                row("an element whose lower half is bounded", b -> {
                    b.exitIfInt(b.argument(2), Condition.ABOVE_OR_EQUAL, constant(4), FULL);
                    increment(b, cell(b.argument(0), 80), element(b.argument(0), 8, b.argument(2), 8));
                }),
                row("an element whose number is bounded after the store", b -> {
                    increment(b, cell(b.argument(0), 80), element(b.argument(0), 8, b.argument(2), 8));
                    b.exitIf(b.argument(2), Condition.ABOVE_OR_EQUAL, constant(4), FULL);
                }),
                row("an element whose number has only a lower bound", b -> {
                    b.exitIf(b.argument(2), Condition.BELOW, constant(11), FULL);
                    increment(b, cell(b.argument(0), 80), element(b.argument(0), 0, b.argument(2), 8));
                }),
                row("an element after the word, by a number that wraps around", b -> {
                    Register number = b.move(b.argument(2));
                    b.add(number, constant(1)).exitIf(number, Condition.ABOVE_OR_EQUAL, constant(4), FULL);
                    increment(b, cell(b.argument(0), 8), element(b.argument(0), 16, b.argument(2), 8));
                }),
                row("an element whose number is loaded", b -> {
                    Register number = b.load(cell(b.argument(0), 8));
                    b.store(element(b.argument(0), 16, number, 8), constant(1));
                }),
                row("a word of 4 bytes in a word of 8", b -> {
                    Register word = b.loadInt(cell(b.argument(0), 84));
                    b.add(word, constant(1)).store(cell(b.argument(0), 80), word);
                }),
                row("a word of 8 bytes over a word of 4 that was loaded", b ->
                        b.store(cell(b.argument(0), 80), b.loadInt(cell(b.argument(0), 80)))),
                row("two words that are exchanged", b -> {
                    Register one = b.load(cell(b.argument(0), 80));
                    Register other = b.load(cell(b.argument(0), 88));
                    b.store(cell(b.argument(0), 80), other).store(cell(b.argument(0), 88), one);
                }),
                row("a constant over a word that a step has compared", b -> {
                    Register word = b.load(cell(b.argument(0), 80));
                    b.exitIf(word, Condition.EQUAL, constant(1), 0).store(cell(b.argument(0), 80), constant(1));
                }),
                row("a time over an earlier time", b -> {
                    Register last = b.load(cell(b.argument(0), 80));
                    Register time = b.timestamp();
                    b.exitIf(time, Condition.BELOW, last, 0).store(cell(b.argument(0), 80), time);
                }),
                row("the address of the word, computed in two steps", b -> {
                    Register place = b.address(cell(b.argument(0), 40));
                    b.add(place, constant(40));
                    increment(b, cell(b.argument(0), 80), at(place, 0));
                }));
    }

    private static Stream<Arguments> otherBases() {
        return Stream.of(
                row("two arguments", b -> increment(b, cell(b.argument(0), 8), cell(b.argument(1), 8))),
                row("an address and a copy", b -> increment(b, cell(b.argument(0), 8), at(b.argument(1), 8))),
                row("an address that is loaded", b -> {
                    Register place = b.load(cell(b.argument(0), 8));
                    b.store(at(place, 0), constant(1));
                }),
                row("addresses of which too few bytes are stated to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0), 8), constant(8), at(b.argument(1), 8), constant(4));
                    increment(b, cell(b.argument(0), 8), at(b.argument(1), 8));
                }),
                row("addresses of which other bytes are stated to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0), 16), constant(8), at(b.argument(1), 8), constant(8));
                    increment(b, cell(b.argument(0), 8), at(b.argument(1), 8));
                }),
                row("addresses that differ", b -> {
                    b.exitIf(b.argument(0), Condition.EQUAL, b.argument(1), FULL);
                    increment(b, cell(b.argument(0), 8), cell(b.argument(1), 8));
                }),
                row("the second section of two", b -> {
                    count(b);
                    b.next();
                    increment(b, cell(b.argument(0), 8), cell(b.argument(1), 8));
                }),
                row("addresses that the section before states to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0), 8), constant(8), cell(b.argument(1), 8), constant(8));
                    count(b);
                    b.next();
                    increment(b, cell(b.argument(0), 8), cell(b.argument(1), 8));
                }));
    }

    private static Stream<Arguments> copies() {
        return Stream.of(
                row("a copy to its own source",
                        b -> b.copy(cell(b.argument(0), 8), b.argument(1), b.argument(3), 64)),
                row("a copy to its own source, one word further", b ->
                        b.copy(cell(b.argument(0), 8), b.address(cell(b.argument(0), 16)), b.argument(3), 64)),
                row("a copy over a word that was loaded", b -> {
                    b.load(cell(b.argument(0), 8));
                    b.disjoint(cell(b.argument(1)), constant(64), at(b.argument(2), 0), constant(64));
                    b.copy(cell(b.argument(1)), b.argument(2), b.argument(3), 64);
                }),
                row("a store over bytes that were copied", b -> {
                    b.disjoint(cell(b.argument(0), 8), constant(64), at(b.argument(1), 0), constant(64));
                    b.copy(cell(b.argument(0), 8), b.argument(1), b.argument(3), 64);
                    b.store(at(b.argument(1), 56), constant(1));
                }),
                row("a copy of more bytes than are stated to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0), 8), constant(64), at(b.argument(1), 0), constant(63));
                    b.copy(cell(b.argument(0), 8), b.argument(1), b.argument(3), 64);
                }),
                row("a copy of another length than is stated to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0), 8), b.argument(2), at(b.argument(1), 0), b.argument(2));
                    b.copy(cell(b.argument(0), 8), b.argument(1), b.argument(3), 64);
                }));
    }

    private static Stream<Arguments> commits() {
        return Stream.of(
                row("a store that may be to the commit's word", b -> b.store(at(b.argument(1), 0), constant(1))),
                row("a store to half of the commit's word", b -> b.storeInt(cell(b.argument(0), 4), constant(1))),
                row("a copy that reaches the commit's word", b -> {
                    b.disjoint(cell(b.argument(0), -56), constant(64), at(b.argument(1), 0), constant(64));
                    b.copy(cell(b.argument(0), -56), b.argument(1), b.argument(3), 64);
                }),
                row("a store of another word to the commit's", b ->
                        b.store(at(b.argument(1), 0), b.load(cell(b.argument(0), 8)))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void refusesAStoreThatARestartMaySee(String name, Consumer<SectionBuilder> steps) {
        SectionBuilder builder = new SectionBuilder("tried", 4);
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, () -> {
            steps.accept(builder);
            count(builder);
        }, name).getMessage());
        assertTrue(message.contains("section=tried") && message.contains("breaks the rule: "), message);
        assertTrue(message.contains("a restart must read what") || message.contains("only the commit writes"), message);
    }

    /** In a function no section stores, before its commit, to the word that another one commits. */
    @Test
    void refusesAStoreToTheCommittedWordOfAnotherSection() {
        for (boolean same : new boolean[] {true, false}) {
            SectionBuilder steps = new SectionBuilder("tried", 2);
            count(steps);
            Place stored = cell(steps.argument(same ? 0 : 1));
            steps.next().disjoint(stored, constant(8), cell(steps.argument(0), 8), constant(8));
            steps.store(stored, constant(5));
            steps.commitAdd(cell(steps.argument(0), 8), constant(1), Order.RELAXED);
            String message = String.valueOf(assertThrows(IllegalArgumentException.class, steps::build).getMessage());
            assertTrue(message.contains("section=tried_1, step ") && message.contains("what another section commits"),
                    message);
        }
    }

    /** An aborted run leaves its store at an index, and the first section of the next call reads it there. */
    @Test
    void refusesAStoreThatTheNextCallReads() {
        SectionBuilder steps = new SectionBuilder("tried", 1);
        Register word = steps.load(cell(steps.argument(0), 8));
        steps.commitStore(cell(steps.argument(0)), word, Order.RELAXED).next();
        steps.store(cell(steps.argument(0), 8), constant(77));
        steps.commitAdd(cell(steps.argument(0), 16), constant(1), Order.RELAXED);
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, steps::build).getMessage());
        assertTrue(message.contains("section=tried_1, step 0 ") && message.contains("writes what another section reads")
                && message.contains("or read it in the section that stores it"), message);
    }

    /** Two arguments may lead to one word, unless the section compares them. */
    @Test
    void refusesAStoreThatTheNextCallMayReadUnlessTheSectionComparesThePlaces() {
        for (boolean apart : new boolean[] {false, true}) {
            SectionBuilder steps = new SectionBuilder("tried", 2);
            Register word = steps.load(cell(steps.argument(0), 16));
            steps.commitStore(cell(steps.argument(0)), word, Order.RELAXED).next();
            steps.disjoint(cell(steps.argument(1)), constant(8), cell(steps.argument(0)), constant(apart ? 24 : 16));
            steps.store(cell(steps.argument(1)), constant(77));
            steps.commitAdd(cell(steps.argument(0), 8), constant(1), Order.RELAXED);
            if (apart) {
                assertEquals(2, steps.build().sections());
            } else {
                Exception refusal = assertThrows(IllegalArgumentException.class, steps::build);
                assertTrue(String.valueOf(refusal.getMessage()).contains("may write what another section reads"),
                        refusal.toString());
            }
        }
    }

    static Stream<Arguments> taken() {
        return Stream.concat(takenByDistance(), takenByComparison());
    }

    private static Stream<Arguments> takenByDistance() {
        return Stream.of(
                row("two words of an item", b -> increment(b, cell(b.argument(0), 8), cell(b.argument(0), 16))),
                row("the halves of a word", b -> {
                    Register half = b.loadInt(cell(b.argument(0), 8));
                    b.add(half, constant(1)).storeInt(cell(b.argument(0), 12), half);
                }),
                row("elements of one number in two arrays", b -> {
                    b.exitIf(b.argument(2), Condition.ABOVE_OR_EQUAL, constant(1 << 20), FULL);
                    increment(b, element(b.argument(0), 8, b.argument(2), 8),
                            element(b.argument(0), 16, b.argument(2), 8));
                }),
                row("a load after a store to the same word", b -> {
                    b.store(cell(b.argument(0), 8), b.argument(2));
                    increment(b, cell(b.argument(0), 8), cell(b.argument(0), 8));
                }),
                row("a word that keeps its content", b ->
                        b.store(cell(b.argument(0), 8), b.load(cell(b.argument(0), 8)))),
                row("a node before the first one", b -> b.store(at(b.argument(1), 8), b.load(cell(b.argument(0))))),
                row("another word through an address", b -> {
                    Register place = b.address(cell(b.argument(0), 40));
                    b.add(place, constant(40));
                    increment(b, cell(b.argument(0), 88), at(place, 0));
                }),
                row("stores without a load", b -> {
                    b.store(cell(b.argument(0), 8), constant(1));
                    b.store(element(b.argument(0), 16, b.move(constant(3)), 8), constant(2));
                    b.store(cell(b.argument(0), 8), constant(3));
                }));
    }

    private static Stream<Arguments> takenByComparison() {
        return Stream.of(
                row("an element whose number is bounded, before the word", b -> {
                    b.exitIf(b.argument(2), Condition.ABOVE_OR_EQUAL, constant(9), FULL);
                    increment(b, cell(b.argument(0), 80), element(b.argument(0), 8, b.argument(2), 8));
                }),
                row("an element whose number has both bounds", b -> {
                    b.exitIf(b.argument(2), Condition.BELOW, constant(2), FULL);
                    b.exitIf(b.argument(2), Condition.ABOVE_OR_EQUAL, constant(9), FULL);
                    increment(b, cell(b.argument(0), 8), element(b.argument(0), 0, b.argument(2), 8));
                }),
                row("an element whose number has a mask", b -> {
                    Register number = b.load(cell(b.argument(0), 8));
                    b.and(number, constant(15));
                    b.store(element(b.argument(0), 16, number, 8), b.argument(2));
                }),
                row("an element below a capacity that has a bound", b -> {
                    b.exitIf(b.argument(3), Condition.ABOVE_OR_EQUAL, constant(100), FULL);
                    Register number = b.load(cell(b.argument(0), 8));
                    b.exitIf(number, Condition.ABOVE_OR_EQUAL, b.argument(3), FULL);
                    b.store(element(b.argument(0), 16, number, 8), b.argument(2));
                }),
                row("an element by a number of 4 bytes", b -> {
                    Register number = b.loadInt(cell(b.argument(0), 8));
                    b.exitIfInt(number, Condition.ABOVE_OR_EQUAL, constant(8), FULL);
                    b.store(element(b.argument(0), 16, number, 8), b.argument(2));
                }),
                row("two arguments that are stated to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0)), constant(16), cell(b.argument(1), 8), constant(8));
                    increment(b, cell(b.argument(0), 8), cell(b.argument(1), 8));
                }),
                row("an address and an element that are stated to be disjoint", b -> {
                    Place element = element(b.argument(1), 8, b.argument(2), 8);
                    b.disjoint(cell(b.argument(0)), constant(16), element, constant(8));
                    increment(b, cell(b.argument(0), 8), element);
                }),
                row("a loaded address that is stated to be disjoint", b -> {
                    Register place = b.load(cell(b.argument(0), 8));
                    b.disjoint(cell(b.argument(0)), constant(16), at(place, -8), constant(8));
                    increment(b, at(place, 0), at(place, -8));
                }),
                row("a copy of as many bytes as are stated to be disjoint", b -> {
                    b.disjoint(cell(b.argument(0), 8), b.argument(3), at(b.argument(1), 0), b.argument(3));
                    b.copy(cell(b.argument(0), 8), b.argument(1), b.argument(3), 64);
                }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("taken")
    void acceptsAStoreThatNoRestartSees(String name, Consumer<SectionBuilder> steps) {
        SectionBuilder builder = new SectionBuilder("tried", 4);
        steps.accept(builder);
        count(builder);
        RestartableSection section = builder.build();
        if (Rseq.availability().available()) {
            assertTrue(section.proveAborts(1).boundaries() > 0, name);
        }
    }

    @Test
    void throwsWhenPlacesThatAreStatedToBeDisjointOverlap() {
        SectionBuilder steps = new SectionBuilder("log_add", 2);
        Register word = steps.load(cell(steps.argument(0)));
        steps.add(word, constant(1));
        steps.disjoint(cell(steps.argument(0)), constant(8), cell(steps.argument(1)), constant(8));
        steps.store(cell(steps.argument(1)), word);
        RestartableSection section = steps.commitStore(cell(steps.argument(0)), word, Order.RELAXED).build();
        try (PerCpuItems items = new PerCpuItems(32)) {
            long item = items.allocate();
            for (long other : new long[] {item, item + 4, item - 4, item + 7}) {
                String message = String.valueOf(assertThrows(IllegalArgumentException.class,
                        () -> section.call(item, other)).getMessage());
                assertTrue(message.contains("section=log_add, completed=0, arguments=[" + item + ", " + other + "]: "
                        + "places overlap that must be disjoint, one of [a0 + slot] and [a1 + slot]"), message);
            }
            assertEquals(0, section.call(item, item + 8).value());
            assertEquals(0, section.call(item + 16, item + 8).value());
            long sum = 0;
            for (int index = 0; index < items.copies(); index++) {
                sum += items.getLong(item, index, 0) + items.getLong(item, index, 16);
            }
            assertEquals(2, sum);
        }
    }

    /** A copy may end where its source begins, or begin where its source ends. */
    @Test
    void comparesRangesByTheLengthOfTheCall() {
        SectionBuilder steps = new SectionBuilder("copy_add", 3);
        steps.disjoint(cell(steps.argument(0), 8), steps.argument(2), cell(steps.argument(1)), steps.argument(2));
        Register from = steps.address(cell(steps.argument(1)));
        steps.copy(cell(steps.argument(0), 8), from, steps.argument(2), 64);
        RestartableSection section = steps.commitAdd(cell(steps.argument(0)), constant(1), Order.RELAXED).build();
        try (PerCpuItems items = new PerCpuItems(128)) {
            long item = items.allocate();
            for (int bytes = 1; bytes <= 24; bytes++) {
                int length = bytes;
                assertEquals(0, section.call(item, item + 8 + length, length).value(), "length " + length);
                assertEquals(0, section.call(item + 32, item + 40 - length, length).value(), "length " + length);
                assertThrows(IllegalArgumentException.class, () -> section.call(item, item + 7 + length, length));
                assertThrows(IllegalArgumentException.class, () -> section.call(item + 32, item + 41 - length, length));
            }
        }
    }

    @Test
    void addsNoStepOfARefusedStatement() {
        SectionBuilder steps = new SectionBuilder("tried", 2);
        Register one = steps.move(constant(1));
        Register two = steps.move(constant(2));
        Register three = steps.move(constant(3));
        Place element = element(steps.argument(0), 8, one, 8);
        Place other = element(steps.argument(1), Place.MAX_DISPLACEMENT_BYTES + 8, one, 8);
        assertThrows(IllegalArgumentException.class, () -> steps.disjoint(element, constant(8), other, constant(8)));
        assertThrows(IllegalArgumentException.class,
                () -> steps.disjoint(cell(steps.argument(1)), constant(0), cell(steps.argument(0)), constant(8)));
        steps.disjoint(cell(steps.argument(1), 8), constant(8), cell(steps.argument(0)), constant(4));
        steps.exitIf(one, Condition.EQUAL, two, FULL).exitIf(two, Condition.EQUAL, three, FULL);
        count(steps);
        assertEquals("tried/2 { t0 = 1; t1 = 2; t2 = 3; t3 = address of [a1 + 8]; t3 -= a0; t3 += 7;"
                + " exit 8 if t3 BELOW 11; exit 2 if t0 EQ t1; exit 2 if t1 EQ t2; commit [a0 + slot] += 1; }",
                steps.build().toString());
    }
}
