package io.github.rseq4j.trace.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.testing.AbortChecks;
import io.github.rseq4j.testing.Rseqs;
import org.junit.jupiter.api.Test;

/** The kernel aborts the rings' sections at every instruction. */
final class RingSectionsKernelTest extends AbortChecks {
    RingSectionsKernelTest() {
        super(TraceRing.all());
    }

    /** The addresses of a copied event come from loaded words, which an assumption keeps apart. */
    @Test
    void triesNoOverlapOfPlacesThatALoadedWordKeepsApart() {
        AbortProof.Report report = Rseqs.require().proofs().own().prove(TraceRing.COPY, SEED);
        assertEquals(0, report.overlapping(), report.toString());
        assertTrue(report.aborts() >= report.boundaries(), report.toString());
    }
}
