package io.github.rseq4j.section;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.code.AbortProof;
import io.github.rseq4j.code.Chain;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernel aborts every section at every instruction, and the operation happens exactly once. */
final class AbortProofKernelTest {
    private static final long SEED = 42;

    static Stream<Chain> chains() {
        return Sections.all().stream();
    }

    @ParameterizedTest
    @MethodSource("chains")
    void happensOnceWhenAbortedAtAnyInstruction(Chain chain) {
        AbortProof.Report report = Rseqs.require().abortProof().prove(chain, SEED);
        assertTrue(report.boundaries() > 0, "a section has instructions");
        assertTrue(report.aborts() >= report.boundaries(), "each of them was aborted: " + report);
    }
}
