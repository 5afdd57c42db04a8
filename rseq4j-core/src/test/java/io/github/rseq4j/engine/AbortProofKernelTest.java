package io.github.rseq4j.engine;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.machine.SampleSections;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.RandomSections;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.sections.LoadAddLoadLoadAddStore;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.LoadCbeqStoreAddLoadStore;
import io.github.rseq4j.sections.LoadCbneLoadCbneStore;
import io.github.rseq4j.sections.LoadCbneMemcpyStore;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.AbortChecks;
import io.github.rseq4j.testing.Rseqs;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel aborts every section at every instruction, and the operation happens exactly once. */
final class AbortProofKernelTest extends AbortChecks {
    private static final int RANDOM_SECTIONS = Boolean.getBoolean("rseq4j.matrix") ? 20 : 60;

    AbortProofKernelTest() {
        super(Stream.concat(Sections.all().stream(), SampleSections.all().stream()).toList());
    }

    /** Random sections. Some have instructions that no scenario can reach, and are not proven. */
    @Test
    void happensOnceForRandomSections() {
        AbortProof proof = Rseqs.require().proofs().own();
        int proven = 0;
        int overlapping = 0;
        for (Chain chain : RandomSections.of(SEED, RANDOM_SECTIONS)) {
            try {
                AbortProof.Report report = proof.prove(chain, SEED);
                proven++;
                overlapping += report.overlapping() > 0 ? 1 : 0;
            } catch (IllegalStateException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("no scenario reaches"), "seed " + SEED + ": " + e);
            }
        }
        assertTrue(proven > RANDOM_SECTIONS / 2, proven + " of " + RANDOM_SECTIONS + " were proven");
        assertTrue(overlapping > proven / 3, "places overlapped in " + overlapping + " of " + proven);
    }

    /** A chain with each number of its own restarts, and with one to four sections. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 64})
    void happensOnceForEveryNumberOfRestarts(int restarts) {
        AbortProof proof = Rseqs.require().proofs().own();
        List<Section> sections = new ArrayList<>();
        for (int k = 0; k < 4; k++) {
            List<Step> steps = new ArrayList<>();
            if (k % 2 == 1) {
                steps.add(new Step.ExitIf(Condition.EQUAL, arg(1), imm(3), Width.LONG, k));
                steps.add(new Step.Store(Mem.cell(arg(0), 64), arg(1), Width.LONG));
            }
            steps.add(new Step.CommitAdd(Mem.cell(arg(0), 8 * k), arg(1), Width.LONG, Order.RELAXED));
            sections.add(new Section("add_" + k, steps, null));
            Chain chain = new Chain("adds", 2, restarts, sections);
            for (long seed = 0; seed < 3; seed++) {
                AbortProof.Report report = proof.prove(chain, seed);
                assertTrue(report.aborts() >= report.boundaries(), restarts + " restarts: " + report);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64})
    void refusesASecondSectionWithAVisibleRestart(int restarts) {
        AbortProof proof = Rseqs.require().proofs().own();
        Section first = new Section("counts", List.of(
                new Step.CommitAdd(Mem.cell(arg(0), 16), imm(1), Width.LONG, Order.RELAXED)), null);
        Chain chain = new Chain("counts", 1, restarts, List.of(first, countsTwice().sections().getFirst()));
        String message = assertThrows(IllegalStateException.class, () -> proof.prove(chain, SEED)).getMessage();
        assertTrue(String.valueOf(message).contains("did not happen exactly once"), message);
    }

    private static Chain countsTwice() {
        return Chain.of(1, new Section("counts_twice", List.of(
                new Step.Load(temp(0), Mem.cell(arg(0), 8), Width.LONG),
                new Step.Add(temp(0), imm(1)),
                new Step.Store(Mem.cell(arg(0), 8), temp(0), Width.LONG),
                new Step.CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELAXED)), null));
    }

    /**
     * Sections that count wrong after an abort where two of their places are the same word. Arguments: 0 and 1 cells, 2
     * an address, 3 a number, 4 a length.
     */
    static Stream<Arguments> wrongWherePlacesOverlap() {
        Step load = new Step.Load(temp(0), Mem.cell(arg(0), 80), Width.LONG);
        Step add = new Step.Add(temp(0), imm(1));
        Step other = new Step.Load(temp(1), Mem.cell(arg(1), 8), Width.LONG);
        return Stream.of(
                Arguments.of("two_arguments", List.of(load, add, store(Mem.cell(arg(1)), temp(0)))),
                Arguments.of("an_address", List.of(load, add, store(Mem.at(arg(2), 8), temp(0)))),
                Arguments.of("an_element", List.of(load, add, store(Mem.element(arg(0), 0, arg(3), 8), temp(0)))),
                Arguments.of("half_a_word", List.of(load, add,
                        new Step.Store(Mem.cell(arg(1)), temp(0), Width.INT))),
                Arguments.of("a_loaded_address", List.of(other,
                        new Step.Load(temp(0), Mem.at(temp(1), 8), Width.LONG), add,
                        store(Mem.at(arg(2), 0), temp(0)))),
                Arguments.of("an_argument_by_a_loaded_address", List.of(other,
                        new Step.Load(temp(0), Mem.at(arg(2), 8), Width.LONG), add,
                        store(Mem.at(temp(1), 0), temp(0)))),
                Arguments.of("a_copy", List.of(
                        new Step.Load(temp(0), Mem.at(arg(2), 0), Width.LONG), add, store(Mem.cell(arg(0), 8), temp(0)),
                        new Step.Copy(Mem.cell(arg(1)), arg(2), arg(4), 40))),
                Arguments.of("one_pair_of_many", List.of(other,
                        new Step.Load(temp(2), Mem.cell(arg(5)), Width.LONG),
                        new Step.Load(temp(3), Mem.cell(arg(6)), Width.LONG),
                        new Step.ExitIf(Condition.EQUAL, temp(3), imm(1), Width.LONG, 0), load, add,
                        store(Mem.cell(arg(7)), imm(1)), store(Mem.cell(arg(8)), imm(2)),
                        store(Mem.cell(arg(9)), temp(0)))));
    }

    private static Step store(Mem to, Operand value) {
        return new Step.Store(to, value, Width.LONG);
    }

    private static Chain counts(String name, List<Step> steps) {
        List<Step> all = new ArrayList<>(steps);
        all.add(new Step.CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELAXED));
        return Chain.of(10, new Section(name, all, null));
    }

    /** The rules and the simulation refuse these sections, too; the test bypasses both. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("wrongWherePlacesOverlap")
    void refusesASectionThatCountsWrongWherePlacesOverlap(String name, List<Step> steps) {
        NativeEngine engine = Rseqs.require();
        AbortProof proof = engine.proofs().own();
        Chain chain = counts(name, steps);
        for (long seed = SEED; seed < SEED + 5; seed++) {
            long begin = seed;
            String message = assertThrows(IllegalStateException.class, () -> {
                if (begin == SEED) {
                    engine.proveAborts(chain, begin);
                } else {
                    proof.prove(chain, begin);
                }
            }).getMessage();
            assertTrue(String.valueOf(message).contains("chain=" + name)
                    && String.valueOf(message).contains("places overlap")
                    && String.valueOf(message).contains("did not happen exactly once"), message);
        }
    }

    /** After an abort the section would follow 3 as an address, which would crash this JVM. */
    @Test
    void refusesWithoutACallASectionThatFollowsTheStoreOfAnAbortedRun() {
        AbortProof proof = Rseqs.require().proofs().own();
        Chain chain = counts("follows_a_store", List.of(
                new Step.Load(temp(0), Mem.cell(arg(0), 8), Width.LONG),
                new Step.Load(temp(1), Mem.at(temp(0), 8), Width.LONG),
                store(Mem.cell(arg(1)), imm(3))));
        String message = assertThrows(IllegalStateException.class, () -> proof.prove(chain, SEED)).getMessage();
        assertTrue(String.valueOf(message).contains("places overlap: the operation did not happen exactly once, for")
                && String.valueOf(message).contains("leads elsewhere: address=11"), message);
    }

    /**
     * A place without a slot that lies in one index's copy: after a migration to that index the section may read what
     * an aborted run has stored (I9).
     */
    @Test
    void acceptsASectionThatReadsItsStoreThroughAnAddress() {
        AbortProof proof = Rseqs.require().proofs().own();
        AbortProof.Report report = proof.prove(counts("store_load", List.of(store(Mem.cell(arg(0), 8), imm(7)),
                new Step.Load(temp(0), Mem.at(arg(2), 0), Width.LONG), store(Mem.cell(arg(0), 16), temp(0)))), SEED);
        assertTrue(report.overlapping() >= report.boundaries(), report.toString());
    }

    @Test
    void countsTheCallsWhosePlacesOverlap() {
        AbortProof proof = Rseqs.require().proofs().own();
        int apart = 0;
        for (Chain chain : List.of(LoadAddStore.EIGHT, LoadCbneLoadCbneStore.RELAXED, LoadCbneMemcpyStore.RELEASE,
                LoadCbeqStoreAddLoadStore.RELAXED, LoadAddStore.ONE)) {
            AbortProof.Report report = proof.prove(chain, SEED);
            apart += report.overlapping() == 0 ? 1 : 0;
            assertTrue(report.aborts() >= report.boundaries() + report.overlapping(), report.toString());
        }
        assertEquals(1, apart, "LoadAddStore.ONE has one place");
        AbortProof.Report report = proof.prove(LoadAddLoadLoadAddStore.RELAXED, SEED);
        assertTrue(report.overlapping() > 0 && report.skipped() > 0, "some lead out of the memory: " + report);
    }

    /** The section reads its own store, which comes before the commit: each restart counts once more. */
    @Test
    void refusesASectionWithAVisibleRestart() {
        AbortProof proof = Rseqs.require().proofs().own();
        Chain twice = countsTwice();
        String message = assertThrows(IllegalStateException.class, () -> proof.prove(twice, SEED)).getMessage();
        assertTrue(String.valueOf(message).contains("did not happen exactly once"), message);
        assertTrue(String.valueOf(message).contains("seed="), message);
    }
}
