package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Users' chains are identified by their content, not by their names, and their number is limited. */
final class AdmissionsTest {
    private static Section section(String name, long delta) {
        return new Section(name, List.of(new Step.CommitAdd(Mem.cell(Operand.arg(0)), Operand.imm(delta), Width.LONG,
                Order.RELAXED)), null);
    }

    @Test
    void knowsEqualChainsAndTheirTails() {
        Admissions admissions = new Admissions();
        admissions.admit(new Chain("all", 1, 3, List.of(section("a", 1), section("b", 2))));
        assertTrue(admissions.has(new Chain("all", 1, 3, List.of(section("a", 1), section("b", 2)))));
        assertTrue(admissions.has(new Chain("all_from_1", 1, 3, List.of(section("b", 2)))));
        assertFalse(admissions.has(new Chain("all", 1, 3, List.of(section("a", 1)))), "its first section alone");
        assertFalse(admissions.has(new Chain("all", 1, 3, List.of(section("b", 3)))), "another chain of the same name");
    }

    @Test
    void refusesTooManyChainsAndCountsEqualOnesOnce() {
        Admissions admissions = new Admissions();
        for (int i = 0; i < Admissions.MAX; i++) {
            admissions.admit(Chain.of(1, section("same", i)));
            admissions.admit(Chain.of(1, section("same", i)));
        }
        String message = String.valueOf(assertThrows(IllegalStateException.class,
                () -> admissions.admit(Chain.of(1, section("one_more", 0)))).getMessage());
        assertTrue(message.contains("chain=one_more") && message.contains("" + Admissions.MAX)
                && message.contains("static final"), message);
        assertThrows(IllegalStateException.class, () -> admissions.take("proof"));
        admissions.admit(Chain.of(1, section("same", 0)));
    }
}
