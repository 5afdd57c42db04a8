package io.github.rseq4j.machine;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.Copy;
import io.github.rseq4j.ir.Step.Delay;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every number in a chain is accepted at its minimum and its maximum, and refused one beyond. */
final class LimitsTest {
    private static final Mem CELL = Mem.cell(arg(0));
    private static final Step COMMIT = new CommitAdd(CELL, imm(1), Width.LONG, Order.RELAXED);

    private static Section section(Step... steps) {
        return new Section("tried", List.of(steps), null);
    }

    private static Arguments row(String what, long min, long max, LongConsumer tried) {
        return Arguments.of(what, min, max, tried);
    }

    private static List<Section> sections(long count) {
        return Collections.nCopies((int) Math.max(0, count), section(COMMIT));
    }

    static Stream<Arguments> limits() {
        return Stream.of(
                row("arguments", 0, 16, n -> Chain.of((int) n, section(new Move(temp(0), imm(8)),
                        new CommitAdd(Mem.at(temp(0), 0), imm(1), Width.LONG, Order.RELAXED)))),
                row("restarts", 0, 1 << 20, n -> new Chain("tried", 1, (int) n, sections(1))),
                row("sections", 1, 8, n -> new Chain("tried", 1, 0, sections(n))),
                row("steps", 1, 64, n -> {
                    List<Step> steps = new ArrayList<>(Collections.nCopies((int) Math.max(0, n - 1),
                            new Move(temp(0), imm(1))));
                    steps.addAll(n < 1 ? List.of() : List.of(COMMIT));
                    new Section("tried", steps, null);
                }),
                row("limit", 1, 1 << 16, n -> new Target(0, Index.CPU_ID, (int) n, 20)),
                row("strideShift", 3, 30, n -> new Target(0, Index.CPU_ID, 1, (int) n)),
                row("rseqOffsetBytes", Integer.MIN_VALUE, Integer.MAX_VALUE - 64L,
                        n -> new Target(n, Index.CPU_ID, 1, 20)),
                row("copy", 1, 1 << 16, n -> section(new Copy(Mem.cell(arg(1)), arg(2), arg(3), (int) n), COMMIT)),
                row("delay", 1, 1 << 20, n -> section(new Delay(arg(1), (int) n), COMMIT)),
                row("exit", 0, 8,
                        n -> section(new ExitIf(Condition.NOT_EQUAL, arg(1), imm(1), Width.INT, (int) n), COMMIT)),
                row("t", 0, 3, n -> section(new Move(temp((int) n), imm(1)), COMMIT)),
                row("t", 0, 3, n -> section(new Load(temp((int) n), CELL, Width.INT), COMMIT)),
                row("a", 0, 4, n -> Chain.of(5, section(new CommitAdd(CELL, arg((int) n), Width.LONG,
                        Order.RELAXED)))),
                row("a", 0, 4, n -> Chain.of(5, section(new CommitAdd(Mem.cell(arg((int) n)), imm(1), Width.LONG,
                        Order.RELAXED)))),
                row("a", 0, 4, n -> Chain.of(5, section(new CommitAdd(Mem.element(arg(0), 0, arg((int) n), 8), imm(1),
                        Width.LONG, Order.RELAXED)))),
                row("argument number", 0, 4, n -> Chain.of(5, new Section("tried", List.of(COMMIT), arg((int) n)))));
    }

    @ParameterizedTest(name = "{0} {1} to {2}")
    @MethodSource("limits")
    void acceptsTheBoundsAndRefusesTheNumbersBeyond(String what, long min, long max, LongConsumer tried) {
        for (long good : new long[] {min, min + 1, max - 1, max}) {
            assertDoesNotThrow(() -> tried.accept(good), what + "=" + good);
        }
        for (long bad : new long[] {min - 1, max + 1}) {
            String message = assertThrows(IllegalArgumentException.class, () -> tried.accept(bad), what + "=" + bad)
                    .getMessage();
            assertTrue(String.valueOf(message).contains(what), message);
        }
    }

    /** Every step with a place refuses all scales except four. */
    @Test
    void acceptsFourScales() {
        for (int scale = -1; scale <= 17; scale++) {
            int tried = scale;
            boolean good = scale == 1 || scale == 2 || scale == 4 || scale == 8;
            for (int step = 0; step < 4; step++) {
                Mem place = Mem.element(arg(1), 0, arg(2), tried);
                Step names = switch (step) {
                    case 0 -> new Load(temp(0), place, Width.LONG);
                    case 1 -> new Store(place, imm(1), Width.LONG);
                    case 2 -> new Copy(place, arg(3), arg(4), 8);
                    default -> new Move(temp(0), imm(1));
                };
                Step commit = step == 3 ? new CommitAdd(place, imm(1), Width.LONG, Order.RELAXED) : COMMIT;
                if (good) {
                    section(names, commit);
                } else {
                    String message = assertThrows(IllegalArgumentException.class, () -> section(names, commit),
                            "scale=" + scale).getMessage();
                    assertTrue(String.valueOf(message).contains("a scale is 1, 2, 4 or 8"), message);
                }
            }
        }
    }

    static Stream<Arguments> unwritten() {
        Reg t = temp(1);
        return Stream.<Step>of(new Load(temp(0), Mem.at(t, 0), Width.LONG),
                new Load(temp(0), Mem.element(arg(0), 0, t, 8), Width.LONG),
                new Store(Mem.cell(t, 8), imm(1), Width.LONG),
                new Store(Mem.cell(arg(0), 8), t, Width.LONG),
                new Step.Add(t, imm(1)),
                new Move(temp(0), t),
                new ExitIf(Condition.EQUAL, t, imm(1), Width.LONG, 0),
                new ExitIf(Condition.EQUAL, arg(0), t, Width.LONG, 0),
                new Copy(Mem.cell(t, 8), arg(1), arg(2), 8),
                new Copy(Mem.cell(arg(0), 8), t, arg(2), 8),
                new Copy(Mem.cell(arg(0), 8), arg(1), t, 8),
                new Delay(t, 8)).map(Arguments::of);
    }

    /** A restart leaves temporaries undefined, so each is written before it is read. */
    @ParameterizedTest
    @MethodSource("unwritten")
    void refusesToReadATemporaryThatNoStepHasWritten(Step step) {
        String message = assertThrows(IllegalArgumentException.class, () -> section(step, COMMIT)).getMessage();
        assertTrue(String.valueOf(message).contains("step 0 (" + step + ") breaks the rule: a register is written"),
                message);
        section(new Move(temp(1), imm(1)), step, COMMIT);
    }

    static Stream<Arguments> touching() {
        return Stream.of(
                Arguments.of("a store to the committed word", new Store(CELL, imm(1), Width.LONG)),
                Arguments.of("a store to its lower half", new Store(CELL, imm(1), Width.INT)),
                Arguments.of("a store to its upper half", new Store(Mem.cell(arg(0), 4), imm(1), Width.INT)),
                Arguments.of("a store that ends in it", new Store(Mem.cell(arg(0), -4), imm(1), Width.LONG)),
                Arguments.of("a copy to it", new Copy(CELL, arg(1), arg(2), 8)),
                Arguments.of("a copy that reaches it", new Copy(Mem.cell(arg(0), -8), arg(1), arg(2), 9)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("touching")
    void onlyTheCommitWritesTheCommittedWord(String what, Step step) {
        String message = assertThrows(IllegalArgumentException.class, () -> section(step, COMMIT), what).getMessage();
        assertTrue(String.valueOf(message).contains("(I3)"), message);
    }

    @Test
    void acceptsAStoreNextToTheCommittedWord() {
        section(new Store(Mem.cell(arg(0), 8), imm(1), Width.LONG), new Store(Mem.cell(arg(0), -4), imm(1), Width.INT),
                new Copy(Mem.cell(arg(0), -8), arg(1), arg(2), 8), new Copy(Mem.cell(arg(0), 8), arg(1), arg(2), 8),
                COMMIT);
    }
}
