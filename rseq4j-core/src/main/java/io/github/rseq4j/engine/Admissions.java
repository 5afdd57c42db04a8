package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.sections.Sections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The chains, other than those of {@link Sections}, that the engine runs. Their code is never unmapped (I1), so they
 * are kept for the life of the JVM, and their number is limited.
 */
final class Admissions {
    /**
     * The most chains and proofs: 4 MiB of code. Only a program that builds its sections again and again reaches this.
     */
    static final int MAX = 1024;

    private final Set<Chain> chains = new HashSet<>();
    private int taken;

    /**
     * Admits a chain, unless an equal one was admitted.
     *
     * @param chain the chain
     * @throws IllegalStateException when there are too many
     */
    synchronized void admit(Chain chain) {
        if (!chains.contains(chain)) {
            take(chain.name());
            chains.add(chain);
        }
    }

    /**
     * Admits chains, each like {@link #admit(Chain)}.
     *
     * @param all the chains
     * @throws IllegalStateException when there are too many
     */
    void admit(List<Chain> all) {
        for (Chain each : all) {
            admit(each);
        }
    }

    /**
     * Counts code that stays mapped towards the limit.
     *
     * @param name the name of the chain whose code it is
     * @throws IllegalStateException when there are too many
     */
    synchronized void take(String name) {
        if (taken == MAX) {
            throw new IllegalStateException("chain=" + name + ": code was emitted for " + MAX
                    + " chains and proofs, and is never unmapped; build a section once and keep it in a static final"
                    + " field");
        }
        taken++;
    }

    /**
     * Tells whether a chain was admitted, or consists of the last sections of an admitted chain.
     *
     * @param chain a chain
     */
    synchronized boolean has(Chain chain) {
        if (chains.contains(chain)) {
            return true;
        }
        for (Chain each : chains) {
            if (Sections.endsWith(each, chain)) {
                return true;
            }
        }
        return false;
    }
}
