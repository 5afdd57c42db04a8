package io.github.rseq4j.trace.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.testing.AbortChecks;
import io.github.rseq4j.testing.Rseqs;
import org.junit.jupiter.api.Test;

/** Abort proofs of the rings' sections: the kernel aborts each of them at every instruction. */
final class RingSectionsKernelTest extends AbortChecks {
    RingSectionsKernelTest() {
        super(TraceRing.all());
    }

    /** The target of a copied event lies at an address that the section loads. An assumption excludes its overlaps. */
    @Test
    void triesNoOverlapThatAnAssumptionExcludes() {
        AbortProof.Report report = Rseqs.require().proofs().own().prove(TraceRing.COPY, SEED);
        assertEquals(0, report.overlapping(), report.toString());
        assertTrue(report.aborts() >= report.boundaries(), report.toString());
    }
}
