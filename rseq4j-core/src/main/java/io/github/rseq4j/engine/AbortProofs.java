package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.proof.AbortProof;
import org.jspecify.annotations.Nullable;

/** Makes provers that have the kernel abort sections at every instruction. Each prover has memory of its own. */
public final class AbortProofs {
    private final NativeEngine engine;
    private final Admissions admissions;
    private @Nullable AbortProof users;

    AbortProofs(NativeEngine engine, Admissions admissions) {
        this.engine = engine;
        this.admissions = admissions;
    }

    /** Returns a prover of sections that use the engine's index. */
    public AbortProof own() {
        return of(engine.target());
    }

    /**
     * Returns a prover of sections that use an index of the caller's choice, which need not be the engine's.
     *
     * @param index one that this kernel maintains
     * @throws IllegalArgumentException when it does not
     */
    public AbortProof by(Index index) {
        return of(target(index));
    }

    /**
     * Returns a prover of sections in the form of the provider image: they read area, index and limit from words.
     *
     * @param index one that this kernel maintains
     * @throws IllegalArgumentException when it does not
     */
    public AbortProof inWords(Index index) {
        return of(target(index).inWords());
    }

    /** Does what {@link Engine#proveAborts} does, on memory that all its calls share. */
    AbortProof.Report prove(Chain chain, long seed) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("thread=" + Thread.currentThread() + " is virtual: prove aborts on a"
                    + " platform thread, whose registration stays its own");
        }
        int joined = engine.join();
        if (joined < 0) {
            throw new IllegalStateException("chain=" + chain.name() + ": the thread cannot be registered, errno="
                    + Errno.name(-joined));
        }
        admissions.take(chain.name());
        return users().prove(chain, seed);
    }

    private synchronized AbortProof users() {
        AbortProof proof = users;
        if (proof == null) {
            proof = own();
            users = proof;
        }
        return proof;
    }

    private AbortProof of(Target target) {
        return new AbortProof(engine.compiler(), target, engine.code(), engine.map());
    }

    private Target target(Index index) {
        if (index == Index.MM_CID && !engine.hasNodeAndMmCid()) {
            throw new IllegalArgumentException("index=" + index.spelling() + ": this kernel does not maintain it");
        }
        return engine.target().with(index);
    }
}
