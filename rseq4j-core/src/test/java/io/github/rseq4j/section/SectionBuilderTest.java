package io.github.rseq4j.section;

import static io.github.rseq4j.section.Place.at;
import static io.github.rseq4j.section.Place.cell;
import static io.github.rseq4j.section.Place.element;
import static io.github.rseq4j.section.Value.constant;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The method that adds a step refuses misuse, with section, step and rule; correct sections are built. */
final class SectionBuilderTest {
    private static SectionBuilder steps() {
        return new SectionBuilder("tried", 8);
    }

    private static SectionBuilder commit(SectionBuilder steps) {
        return steps.commitAdd(cell(steps.argument(0)), constant(1), Order.RELAXED);
    }

    private static Arguments row(Class<? extends Exception> type, String words, Consumer<SectionBuilder> misuse) {
        return Arguments.of(type, words, misuse);
    }

    private static Arguments rule(String words, Consumer<SectionBuilder> misuse) {
        return row(IllegalArgumentException.class, words, misuse);
    }

    private static Arguments state(String words, Consumer<SectionBuilder> misuse) {
        return row(IllegalStateException.class, words, misuse);
    }

    static Stream<Arguments> misuses() {
        return Stream.of(registers(), live(), places(), steps0(), ends()).flatMap(rows -> rows);
    }

    /** Adds moves of 0, 1, ... to separate temporaries. */
    private static Register[] moves(SectionBuilder b, int count) {
        Register[] all = new Register[count];
        Arrays.setAll(all, i -> b.move(constant(i)));
        return all;
    }

    private static Stream<Arguments> live() {
        String five = "after step 4 (t4 = 4) 5 temporaries are live, t0, t1, t2, t3, t4, and the machine has 4; read"
                + " one of them for the last time before that step";
        return Stream.of(
                rule("step 8 (exit 0 if t3 EQ t4) breaks the rule: " + five, b -> {
                    Register[] all = moves(b, 5);
                    for (Register each : all) {
                        b.exitIf(each, Condition.EQUAL, all[4], 0);
                    }
                }),
                rule("step 9 (commit [a0 + slot] = t0) breaks the rule: " + five, b -> {
                    Register[] all = moves(b, 5);
                    for (int i = 4; i > 0; i--) {
                        b.delay(all[i], 1);
                    }
                    b.commitStore(cell(b.argument(0)), all[0], Order.RELAXED);
                }),
                rule("after step 8, result=t0 breaks the rule: " + five, b -> {
                    Register[] all = moves(b, 5);
                    for (int i = 4; i > 0; i--) {
                        b.delay(all[i], 1);
                    }
                    b.result(all[0]);
                }),
                rule("after step 5 (t5 = 5) 5 temporaries are live, t0, t1, t2, t4, t5, and", b -> {
                    b.result(b.move(constant(0)));
                    Register[] some = {b.move(constant(1)), b.move(constant(2)), b.move(constant(3))};
                    Register four = b.move(constant(4));
                    Register last = b.move(constant(5));
                    b.delay(some[0], 1).delay(some[1], 1).delay(four, 1).delay(last, 1);
                }));
    }

    private static Stream<Arguments> registers() {
        return Stream.of(
                row(IndexOutOfBoundsException.class, "argument=8, must be 0 to 7", b -> b.argument(8)),
                row(IndexOutOfBoundsException.class, "argument=-1", b -> b.argument(-1)),
                rule("step 0 (t0 = [a1 + slot]) breaks the rule: a1 belongs to another builder",
                        b -> b.load(cell(new SectionBuilder("other", 2).argument(1)))),
                rule("step 0 (t0 = [a0 + slot + a0*8]) breaks the rule: a0 belongs to another builder",
                        b -> b.load(element(b.argument(0), 0, steps().argument(0), 8))),
                rule("step 0 ([a0 + slot] = t0) breaks the rule: t0 belongs to another builder",
                        b -> b.store(cell(b.argument(0)), steps().move(constant(1)))),
                rule("section=tried_1, step 0 (commit [t0] += 1) breaks the rule: t0 is of an earlier section",
                        b -> {
                            Register old = b.load(cell(b.argument(0)));
                            commit(b).next().commitAdd(at(old, 0), constant(1), Order.RELAXED);
                        }),
                rule("step 0 (a0 += 1) breaks the rule: an argument is never written",
                        b -> b.add(b.argument(0), constant(1))),
                rule("step 0 (a0 -= a1) breaks the rule: an argument is never written",
                        b -> b.subtract(b.argument(0), b.argument(1))),
                rule("step 0 (a0 &= 1) breaks the rule: an argument is never written",
                        b -> b.and(b.argument(0), constant(1))));
    }

    private static Stream<Arguments> places() {
        return Stream.of(
                rule("a scale is 1, 2, 4 or 8", b -> b.load(element(b.argument(0), 0, b.argument(1), 3))),
                rule("(t0 = [a0 + slot + 4]) breaks the rule: a word of 8 bytes lies at a multiple",
                        b -> b.load(cell(b.argument(0), 4))),
                rule("(t0 = [a0 + slot + a1*4]) breaks the rule: a word of 8 bytes lies at a multiple",
                        b -> b.load(element(b.argument(0), 0, b.argument(1), 4))),
                rule("a word of 4 bytes lies at a multiple", b -> b.storeInt(at(b.argument(0), -6), constant(1))),
                rule("a word of 8 bytes lies at a multiple",
                        b -> b.commitStore(at(b.argument(0), 12), constant(1), Order.RELEASE)),
                rule("a displacement is -32768 to 32768 bytes", b -> b.load(cell(b.argument(0), 32776))),
                rule("a displacement is -32768 to 32768 bytes", b -> b.address(at(b.argument(0), Integer.MIN_VALUE))),
                rule("touches windowBytes=", _ -> {
                    SectionBuilder wide = new SectionBuilder("wide", 16);
                    wide.disjoint(cell(wide.argument(0)), constant(8), at(wide.argument(3), 32768), constant(4));
                    wide.disjoint(cell(wide.argument(0)), constant(8), at(wide.argument(3), -32768), constant(8));
                    wide.storeInt(at(wide.argument(3), 32768), constant(1));
                    wide.store(at(wide.argument(3), -32768), constant(1));
                    commit(wide).build();
                }));
    }

    private static Stream<Arguments> steps0() {
        return Stream.of(
                rule("step 0 (exit 7 if a0 EQ 0) breaks the rule: exits are 0 to 6",
                        b -> b.exitIf(b.argument(0), Condition.EQUAL, constant(0), 7)),
                rule("step 0 (exit -1 if a0 NE a1 (int)) breaks the rule: exits are 0 to 6",
                        b -> b.exitIfInt(b.argument(0), Condition.NOT_EQUAL, b.argument(1), -1)),
                rule("a copy is bounded by 1 to 65536",
                        b -> b.copy(cell(b.argument(0)), b.argument(1), b.argument(2), 65537)),
                rule("a copy is bounded", b -> b.copy(cell(b.argument(0)), b.argument(1), b.argument(2), 0)),
                rule("from the first 6 arguments",
                        b -> b.copy(cell(b.argument(0)), b.argument(6), b.argument(2), 8)),
                rule("a delay is bounded by 1 to 1048576", b -> b.delay(b.argument(0), 1048577)),
                rule("step 1 (commit [a0 + slot] += 1) breaks the rule: the commit is the last step",
                        b -> commit(commit(b))),
                rule("step 1 (t0 = 1) breaks the rule: the commit is the last step", b -> commit(b).move(constant(1))),
                rule("section=tried_1, step 1 (delay a1 <= 1) breaks the rule: the commit is the last step",
                        b -> commit(commit(b).next()).delay(b.argument(1), 1)),
                rule("section=tried, step 0 ([a0 + slot] = 7) breaks the rule: only the commit writes",
                        b -> commit(b.store(cell(b.argument(0)), constant(7)))),
                rule("step 64 (commit [a0 + slot] += 1) breaks the rule: a section has at most 64 steps", b -> {
                    for (int i = 0; i < 64; i++) {
                        b.delay(b.argument(1), 1);
                    }
                    commit(b);
                }),
                rule("step 64 (commit [a0 + slot] += 1) breaks the rule: a section has at most", b -> {
                    for (int i = 0; i < 63; i++) {
                        b.delay(b.argument(1), 1);
                    }
                    commit(b.result(b.argument(1)));
                }));
    }

    @SuppressWarnings("NullAway") // The misuse of callers without such a check.
    private static Order absent() {
        return null;
    }

    private static Stream<Arguments> ends() {
        return Stream.of(
                row(NullPointerException.class, "order", b -> b.commitAdd(cell(b.argument(0)), constant(1), absent())),
                row(NullPointerException.class, "order", b -> b.commitAddDouble(cell(b.argument(0)), constant(1),
                        absent())),
                rule("step 0 (commit double [a0 + slot + 4] += 1) breaks the rule: a word of 8 bytes lies",
                        b -> b.commitAddDouble(cell(b.argument(0), 4), constant(1), Order.RELAXED)),
                rule("name=Max", _ -> new SectionBuilder("Max", 1)),
                rule("arguments=17, must be 1 to 16", _ -> new SectionBuilder("max", 17)),
                rule("arguments=0, must be 1 to 16", _ -> new SectionBuilder("max", 0)),
                rule("restarts=-1", b -> b.restarts(-1)),
                rule("restarts=1048577", b -> b.restarts((1 << 20) + 1)),
                rule("result=a1 breaks the rule: a section has one", b -> b.result(b.argument(0))
                        .result(b.argument(1))),
                rule("result=a0 breaks the rule: the result is set before", b -> commit(b).result(b.argument(0))),
                rule("result=a0 breaks the rule: a0 belongs to another", b -> b.result(steps().argument(0))),
                state("section=tried, steps=0, build breaks the rule: a section ends with its commit",
                        SectionBuilder::build),
                state("section=tried, steps=1, next breaks the rule: a section ends", b -> b.delay(b.argument(0), 1)
                        .next()),
                state("section=tried_1, steps=0, build breaks", b -> commit(b).next().build()),
                state("result=a1 breaks the rule: the last section alone", b -> commit(b.result(b.argument(1))).next()),
                state("sections=8: a function has at most 8", b -> {
                    for (int i = 0; i < 8; i++) {
                        commit(b).next();
                    }
                }));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("misuses")
    void refusesMisuse(Class<? extends Exception> type, String words, Consumer<SectionBuilder> misuse) {
        Exception refusal = assertThrows(type, () -> misuse.accept(steps()));
        assertTrue(String.valueOf(refusal.getMessage()).contains(words), refusal.toString());
    }

    @Test
    void refusesInTheMethodThatAddsTheStep() {
        SectionBuilder steps = steps();
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> steps.delay(steps.argument(0), 0));
        assertTrue(Arrays.stream(refusal.getStackTrace()).anyMatch(frame -> frame.getMethodName().equals("delay")),
                refusal.toString());
    }

    /** A refused step is not added: the next step has its number. */
    @Test
    void continuesAfterARefusal() {
        SectionBuilder steps = steps();
        Register value = steps.load(cell(steps.argument(0)));
        steps.result(value);
        assertThrows(IllegalArgumentException.class, () -> steps.load(cell(value, 3)));
        assertThrows(IllegalArgumentException.class,
                () -> steps.commitStore(cell(steps.argument(0), 2), value, Order.RELAXED));
        String text = commit(steps).build().toString();
        assertEquals("tried/8 { t0 = [a0 + slot]; exit 7 if t0 ABOVE_OR_EQUAL -9223372036854775808;"
                + " commit [a0 + slot] += 1; return t0 }", text);
    }

    /** The machine has four temporaries; each holds a value from the step that produces it to its last read. */
    @Test
    void sharesTheMachinesTemporariesByLastUse() {
        SectionBuilder steps = steps();
        Register item = steps.argument(0);
        Register first = steps.load(cell(item));
        Register second = steps.load(cell(item, 8));
        Register third = steps.move(first);
        steps.add(third, second);
        Register unread = steps.timestamp();
        Register fourth = steps.load(cell(item, 16));
        Register fifth = steps.move(fourth);
        steps.subtract(fifth, third).result(first);
        String text = steps.commitStore(cell(item), fifth, Order.RELAXED).build().toString();
        assertEquals("tried/8 { t0 = [a0 + slot]; t1 = [a0 + slot + 8]; t2 = t0; t2 += t1; t1 = timestamp;"
                + " t1 = [a0 + slot + 16]; t1 = t1; t1 -= t2; exit 7 if t0 ABOVE_OR_EQUAL -9223372036854775808;"
                + " commit [a0 + slot] = t1; return t0 }", text);
        assertEquals("t3", unread.toString());
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                Arguments.of("an address that is a constant", "address=4096", (Consumer<SectionBuilder>) b -> {
                            b.load(at(b.move(constant(4096)), 0));
                            commit(b);
                        }),
                Arguments.of("an address that is no multiple of 8", "must be a multiple of 8",
                        (Consumer<SectionBuilder>) b -> {
                            Register odd = b.move(b.argument(1));
                            b.add(odd, constant(4));
                            b.load(at(odd, 0));
                            commit(b);
                        }),
                Arguments.of("no way to the commit", "no scenario of 2000 commits", (Consumer<SectionBuilder>) b ->
                        commit(b.exitIf(b.argument(1), Condition.EQUAL, b.argument(1), 0))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrong")
    void refusesToBuildASectionThatDoesNotHappenExactlyOnce(String name, String words, Consumer<SectionBuilder> wrong) {
        SectionBuilder steps = steps();
        wrong.accept(steps);
        String message = String.valueOf(assertThrows(IllegalStateException.class, steps::build).getMessage());
        assertTrue(message.contains("chain=tried"), name + ": " + message);
        assertTrue(message.contains("seed=") && message.contains(words), name + ": " + message);
    }

    static Stream<Arguments> right() {
        return Stream.of(
                Arguments.of("far apart", (Consumer<SectionBuilder>) b -> {
                    Register value = b.load(cell(b.argument(0), -32768));
                    b.disjoint(cell(b.argument(1), 32768), constant(8), cell(b.argument(0), 4096), constant(8));
                    b.store(cell(b.argument(1), 32768), value);
                    b.commitStore(cell(b.argument(0), 4096), value, Order.RELAXED);
                }),
                Arguments.of("a word that is to be a constant", (Consumer<SectionBuilder>) b -> {
                    Register magic = b.load(cell(b.argument(0), 8));
                    b.exitIf(magic, Condition.NOT_EQUAL, constant(0xCAFE_BABEL), 6);
                    Register size = b.loadInt(cell(b.argument(0), 16));
                    b.exitIfInt(size, Condition.BELOW, constant(1000), 1);
                    commit(b);
                }),
                Arguments.of("many temporaries, one after the other", (Consumer<SectionBuilder>) b -> {
                    b.disjoint(cell(b.argument(1)), constant(96), at(b.argument(2), 0), constant(96));
                    b.disjoint(cell(b.argument(0)), constant(8), at(b.argument(2), 0), constant(96));
                    for (int i = 0; i < 12; i++) {
                        Register value = b.load(cell(b.argument(1), 8 * i));
                        b.store(at(b.argument(2), 8 * i), value);
                    }
                    commit(b);
                }),
                Arguments.of("a temporary for each step, read by the next", (Consumer<SectionBuilder>) b -> {
                    Register last = b.load(cell(b.argument(0), 8));
                    for (int i = 0; i < 60; i++) {
                        last = b.move(last);
                    }
                    b.commitStore(cell(b.argument(0)), last, Order.RELAXED);
                }),
                Arguments.of("64 steps", (Consumer<SectionBuilder>) b -> {
                    for (int i = 0; i < 63; i++) {
                        b.delay(b.argument(1), 9);
                    }
                    commit(b);
                }),
                Arguments.of("time, masks and addresses", (Consumer<SectionBuilder>) b -> {
                    Register time = b.timestamp();
                    Register slot = b.load(cell(b.argument(0)));
                    b.and(slot, constant(7));
                    Register place = b.address(element(b.argument(0), 8, slot, 8));
                    b.disjoint(cell(b.argument(0)), constant(8), at(b.argument(1), 4), constant(4));
                    b.store(at(place, 0), time).add(slot, constant(1)).storeInt(at(b.argument(1), 4), slot);
                    b.commitStoreInt(cell(b.argument(0), 4), slot, Order.RELEASE);
                }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("right")
    void buildsCorrectSections(String name, Consumer<SectionBuilder> right) {
        SectionBuilder steps = steps();
        right.accept(steps);
        RestartableSection section = steps.build();
        assertEquals("tried", section.name(), name);
        assertEquals(8, section.arguments());
        assertEquals(1, section.sections());
    }
}
