package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.sections.Sections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The chains that an engine runs besides those of {@link Sections}: each was proven. They are never forgotten, because
 * their code is never unmapped (I1); so their number has a limit.
 */
final class Admissions {
    /** Far more than a program defines, and what a program reaches that makes them again and again: 4 MiB of code. */
    static final int MAX = 1024;

    private final Set<Chain> chains = new HashSet<>();
    private int taken;

    /**
     * Takes a chain; one that is equal to another is that one.
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
     * Takes chains that are not listed in {@link Sections}.
     *
     * @param all the chains
     * @throws IllegalStateException when there are too many
     */
    void admit(List<Chain> all) {
        for (Chain each : all) {
            if (!Sections.lists(each)) {
                admit(each);
            }
        }
    }

    /**
     * Takes one place, for code that stays mapped.
     *
     * @param name whose code
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
     * Tells whether a chain was taken, or is the end of one that was.
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
