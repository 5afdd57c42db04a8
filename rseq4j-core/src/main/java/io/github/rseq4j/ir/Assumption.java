package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;

/**
 * A property of a section that its steps do not show, and that the section's structure guarantees. Only sections of
 * this library have assumptions. A user's section checks such a property at run time.
 *
 * @param kind the property
 * @param subject an argument (a {@link Reg}), or the place of a word that the section loads (a {@link Mem}, as it
 *     stands in the load)
 * @param because why it holds: the layout, or a promise of the caller
 */
public record Assumption(Kind kind, Object subject, String because) {
    /** The kinds of assumption. */
    public enum Kind {
        /** A place whose address is computed with the subject shares no byte with a place that is computed without. */
        APART,
        /** A restart that reads an aborted run's store from the word takes the same branches. */
        SETTLED,
        /** All loads of the word in one run return the same content. */
        STABLE
    }

    /**
     * Assumes that places that are computed with an argument are disjoint from all others.
     *
     * @param argument the argument
     * @param because why that holds
     */
    public static Assumption apart(Reg argument, String because) {
        return new Assumption(Kind.APART, argument, because);
    }

    /**
     * Assumes that places that are computed with a loaded word are disjoint from all others.
     *
     * @param word the word's place, as it stands in the load
     * @param because why that holds
     */
    public static Assumption apart(Mem word, String because) {
        return new Assumption(Kind.APART, word, because);
    }

    /**
     * Assumes that a restart may read either a word's former content or an aborted run's store.
     *
     * @param word the word's place, as it stands in the load and in the store
     * @param because why that holds
     */
    public static Assumption settled(Mem word, String because) {
        return new Assumption(Kind.SETTLED, word, because);
    }

    /**
     * Assumes that no thread changes a word while a section runs.
     *
     * @param word the word's place, as it stands in the loads
     * @param because why that holds
     */
    public static Assumption stable(Mem word, String because) {
        return new Assumption(Kind.STABLE, word, because);
    }
}
