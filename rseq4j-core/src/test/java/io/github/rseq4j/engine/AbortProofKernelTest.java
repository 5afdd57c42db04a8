package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Condition;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Order;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.machine.SampleSections;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.RandomSections;
import io.github.rseq4j.sections.Sections;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel aborts every section at every instruction, and the operation happens exactly once. */
final class AbortProofKernelTest {
    private static final long SEED = 42;
    private static final int RANDOM_SECTIONS = Boolean.getBoolean("rseq4j.matrix") ? 20 : 60;

    static Stream<Chain> chains() {
        return Stream.concat(Sections.all().stream(), SampleSections.all().stream());
    }

    /** Under emulation there is no time for sections that differ from others by how they get the time. */
    private static boolean isTried(Chain chain) {
        return !Boolean.getBoolean("rseq4j.matrix")
                || !chain.name().contains("_unordered") && !chain.name().contains("_timed");
    }

    static Stream<Arguments> chainsByIndex() {
        return chains().filter(AbortProofKernelTest::isTried)
                .flatMap(chain -> Stream.of(Index.values()).map(index -> Arguments.of(chain, index)));
    }

    private static NativeEngine require(Index index) {
        NativeEngine engine = Rseqs.require();
        assumeTrue(index == Index.CPU_ID || engine.hasNodeAndMmCid(), "this kernel does not maintain mm_cid");
        assumeTrue(index == engine.target().index() || !Boolean.getBoolean("rseq4j.matrix"),
                "under emulation there is time for one index");
        return engine;
    }

    /** By either index, whichever the engine itself goes by. */
    @ParameterizedTest
    @MethodSource("chainsByIndex")
    void happensOnceWhenAbortedAtAnyInstruction(Chain chain, Index index) {
        AbortProof.Report report = require(index).proofs().by(index).prove(chain, SEED);
        assertTrue(report.boundaries() > 0, "a section has instructions");
        assertTrue(report.aborts() >= report.boundaries(), "each of them was aborted: " + report);
    }

    /** The provider image's sections are these, at another address. */
    @ParameterizedTest
    @MethodSource("chainsByIndex")
    void happensOnceInTheProviderImageWhenAbortedAtAnyInstruction(Chain chain, Index index) {
        AbortProof.Report report = require(index).proofs().inWords(index).prove(chain, SEED);
        assertTrue(report.boundaries() > 0, "a section has instructions");
        assertTrue(report.aborts() >= report.boundaries(), "each of them was aborted: " + report);
    }

    /** Sections that nobody has written; some have instructions that nothing can reach, and are not proven. */
    @Test
    void happensOnceForRandomSections() {
        AbortProof proof = Rseqs.require().proofs().own();
        int proven = 0;
        for (Chain chain : RandomSections.of(SEED, RANDOM_SECTIONS)) {
            try {
                proof.prove(chain, SEED);
                proven++;
            } catch (IllegalStateException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("no scenario reaches"), "seed " + SEED + ": " + e);
            }
        }
        assertTrue(proven > RANDOM_SECTIONS / 2, proven + " of " + RANDOM_SECTIONS + " were proven");
    }

    /** However often a chain restarts by itself, and however many sections it has. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 64})
    void happensOnceWhateverTheNumberOfRestarts(int restarts) {
        AbortProof proof = Rseqs.require().proofs().own();
        List<Section> sections = new ArrayList<>();
        for (int k = 0; k < 4; k++) {
            List<Step> steps = new ArrayList<>();
            if (k % 2 == 1) {
                steps.add(new Step.ExitIf(Condition.EQ, Operand.arg(1), Operand.imm(3), Width.LONG, k));
                steps.add(new Step.Store(Mem.cell(Operand.arg(0), 64), Operand.arg(1), Width.LONG));
            }
            steps.add(new Step.CommitAdd(Mem.cell(Operand.arg(0), 8 * k), Operand.arg(1), Width.LONG, Order.RELAXED));
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
    void refusesASecondSectionWhoseRestartIsSeenWhateverTheNumberOfRestarts(int restarts) {
        AbortProof proof = Rseqs.require().proofs().own();
        Section first = new Section("counts", List.of(
                new Step.CommitAdd(Mem.cell(Operand.arg(0), 16), Operand.imm(1), Width.LONG, Order.RELAXED)), null);
        Chain chain = new Chain("counts", 1, restarts, List.of(first, countsTwice().sections().getFirst()));
        String message = assertThrows(IllegalStateException.class, () -> proof.prove(chain, SEED)).getMessage();
        assertTrue(String.valueOf(message).contains("did not happen exactly once"), message);
    }

    private static Chain countsTwice() {
        return Chain.of(1, new Section("counts_twice", List.of(
                new Step.Load(Operand.temp(0), Mem.cell(Operand.arg(0), 8), Width.LONG),
                new Step.Add(Operand.temp(0), Operand.imm(1)),
                new Step.Store(Mem.cell(Operand.arg(0), 8), Operand.temp(0), Width.LONG),
                new Step.CommitAdd(Mem.cell(Operand.arg(0)), Operand.imm(1), Width.LONG, Order.RELAXED)), null));
    }

    /** A store ahead of the commit that the section itself reads: each restart counts once more. */
    @Test
    void refusesASectionWhoseRestartIsSeen() {
        AbortProof proof = Rseqs.require().proofs().own();
        Chain twice = countsTwice();
        String message = assertThrows(IllegalStateException.class, () -> proof.prove(twice, SEED)).getMessage();
        assertTrue(String.valueOf(message).contains("did not happen exactly once"), message);
        assertTrue(String.valueOf(message).contains("seed="), message);
    }
}
