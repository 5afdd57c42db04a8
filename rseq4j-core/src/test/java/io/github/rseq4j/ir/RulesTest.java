package io.github.rseq4j.ir;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.Copy;
import io.github.rseq4j.ir.Step.Delay;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Step.Timestamp;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A section whose steps break a rule is refused, with the step and the rule. */
final class RulesTest {
    private static final Mem CELL = Mem.cell(arg(0));
    private static final Step COMMIT = new CommitStore(CELL, imm(1), Width.LONG, Order.RELAXED);

    private static Section section(Step... steps) {
        return new Section("tried", List.of(steps), null);
    }

    private static Arguments row(String rule, Executable tried) {
        return Arguments.of(rule, tried);
    }

    static Stream<Arguments> refused() {
        return Stream.of(
                row("step 0 (t0 = [a0 + slot]) breaks the rule: the commit is the last step",
                        () -> section(new Load(temp(0), CELL, Width.LONG))),
                row("step 0 (commit [a0 + slot] = 1) breaks the rule: the commit is the last step",
                        () -> section(COMMIT, COMMIT)),
                row("step 0 (t0 += 1) breaks the rule: a register is written before",
                        () -> section(new Add(temp(0), imm(1)), COMMIT)),
                row("step 0 (commit [t1] += 1) breaks the rule: a register is written before",
                        () -> section(new CommitAdd(Mem.at(temp(1), 0), imm(1), Width.LONG, Order.RELAXED))),
                row("step 0 (commit [a0 + slot + t2*8] += 1) breaks the rule: a register is written before",
                        () -> section(new CommitAdd(Mem.element(arg(0), 0, temp(2), 8), imm(1), Width.LONG,
                                Order.RELAXED))),
                row("an argument is never written", () -> section(new Move(arg(1), imm(1)), COMMIT)),
                row("an argument is never written", () -> section(new Timestamp(arg(1)), COMMIT)),
                row("temporaries are t0 to t3", () -> section(new Move(temp(4), imm(1)), COMMIT)),
                row("temporaries are t0 to t3", () -> section(new Move(temp(-1), imm(1)), COMMIT)),
                row("exits are 0 to 8",
                        () -> section(new ExitIf(Condition.EQUAL, arg(0), imm(0), Width.LONG, 9), COMMIT)),
                row("exits are 0 to 8",
                        () -> section(new ExitIf(Condition.EQUAL, arg(0), imm(0), Width.LONG, -1), COMMIT)),
                row("a copy is bounded", () -> section(new Copy(CELL, arg(1), arg(2), 0), COMMIT)),
                row("a copy is bounded",
                        () -> section(new Copy(CELL, arg(1), arg(2), Section.MAX_COPY_BYTES + 1), COMMIT)),
                row("a delay is bounded", () -> section(new Delay(arg(1), 0), COMMIT)),
                row("a delay is bounded", () -> section(new Delay(arg(1), Section.MAX_DELAY + 1), COMMIT)),
                row("only the commit writes the word", () -> section(new Store(CELL, imm(2), Width.LONG), COMMIT)),
                row("a scale is 1, 2, 4 or 8", () -> section(new CommitStore(Mem.element(arg(0), 0, arg(1), 3), imm(1),
                        Width.LONG, Order.RELAXED))),
                row("result=t0: no step writes it", () -> new Section("tried", List.of(COMMIT), temp(0))),
                row("steps of tried=0", () -> section()),
                row("steps of tried=65", () -> new Section("tried", Collections.nCopies(65, COMMIT), null)),
                row("name=Tried", () -> new Section("Tried", List.of(COMMIT), null)),
                row("name=, ", () -> new Section("", List.of(COMMIT), null)),
                row("name=9a", () -> new Section("9a", List.of(COMMIT), null)),
                row("a1 is not one of 1 arguments", () -> Chain.of(1, section(new CommitAdd(CELL, arg(1), Width.LONG,
                        Order.RELAXED)))),
                row("argument number of the result", () -> Chain.of(1, new Section("tried", List.of(COMMIT), arg(1)))),
                row("arguments=-1", () -> Chain.of(-1, section(COMMIT))),
                row("arguments=17", () -> Chain.of(17, section(COMMIT))),
                row("restarts=-1", () -> new Chain("tried", 1, -1, List.of(section(COMMIT)))),
                row("restarts=1048577", () -> new Chain("tried", 1, 1048577, List.of(section(COMMIT)))),
                row("sections=0", () -> new Chain("tried", 1, 1, List.of())),
                row("sections=9", () -> new Chain("tried", 1, 1, Collections.nCopies(9, section(COMMIT)))),
                row("limit=0", () -> new Target(0, Index.MM_CID, 0, 20)),
                row("limit=65537", () -> new Target(0, Index.MM_CID, 65537, 20)),
                row("strideShift=2", () -> new Target(0, Index.MM_CID, 1, 2)),
                row("strideShift=31", () -> new Target(0, Index.MM_CID, 1, 31)),
                row("rseqOffsetBytes=-2147483649", () -> new Target(-2147483649L, Index.MM_CID, 1, 20)),
                row("rseqOffsetBytes=2147483647", () -> new Target(2147483647, Index.MM_CID, 1, 20)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void refusesABrokenRule(String rule, Executable tried) {
        String message = assertThrows(IllegalArgumentException.class, tried).getMessage();
        assertTrue(String.valueOf(message).contains(rule), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Section.MAX_COPY_BYTES})
    void acceptsTheBoundsOfACopy(int max) {
        section(new Copy(CELL, arg(1), arg(2), max),
                new CommitStore(Mem.cell(arg(3)), imm(1), Width.LONG, Order.RELAXED));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, Chain.MAX_RESTARTS})
    void acceptsTheBoundsOfRestarts(int restarts) {
        new Chain("tried", 16, restarts, Collections.nCopies(8, section(COMMIT)));
    }
}
