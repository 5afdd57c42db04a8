package io.github.rseq4j.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.proof.AbortProof;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernel aborts each section of a module at every instruction, and the operation happens exactly once. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class AbortChecks {
    /** The seed of the scenarios. */
    protected static final long SEED = 42;

    private final List<Chain> chains;

    /**
     * Takes the sections of a module.
     *
     * @param chains the sections
     */
    protected AbortChecks(List<Chain> chains) {
        this.chains = chains;
    }

    /** Emulated machines are too slow for sections that differ from others only in how they get the time. */
    private static boolean isTried(Chain chain) {
        return !Boolean.getBoolean("rseq4j.matrix")
                || !chain.name().contains("_unordered") && !chain.name().contains("_timed");
    }

    Stream<Arguments> chainsByIndex() {
        return chains.stream().filter(AbortChecks::isTried)
                .flatMap(chain -> Stream.of(Index.values()).map(index -> Arguments.of(chain, index)));
    }

    private static NativeEngine require(Index index) {
        NativeEngine engine = Rseqs.require();
        assumeTrue(index == Index.CPU_ID || engine.hasNodeAndMmCid(), "this kernel does not maintain mm_cid");
        assumeTrue(index == engine.target().index() || !Boolean.getBoolean("rseq4j.matrix"),
                "emulated machines are too slow for both indices");
        return engine;
    }

    private static void requireAborts(AbortProof.Report report) {
        assertTrue(report.boundaries() > 0, "a section has instructions");
        assertTrue(report.aborts() >= report.boundaries() + report.overlapping(), "each was aborted: " + report);
    }

    /** Each index is proven, independent of the index that the engine uses. */
    @ParameterizedTest
    @MethodSource("chainsByIndex")
    void happensOnceWhenAbortedAtAnyInstruction(Chain chain, Index index) {
        requireAborts(require(index).proofs().by(index).prove(chain, SEED));
    }

    /** The provider image has the same sections at other addresses. */
    @ParameterizedTest
    @MethodSource("chainsByIndex")
    void happensOnceInTheProviderImageWhenAbortedAtAnyInstruction(Chain chain, Index index) {
        requireAborts(require(index).proofs().inWords(index).prove(chain, SEED));
    }
}
