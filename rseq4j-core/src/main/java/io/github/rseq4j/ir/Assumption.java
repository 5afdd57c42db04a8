package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;

/**
 * What a section's steps do not show and the structure that the section belongs to guarantees. Sections of this library
 * alone have assumptions. A user's section checks at run time what its steps do not show.
 *
 * @param kind what is assumed
 * @param subject an argument (a {@link Reg}), or the place of a word that the section loads (a {@link Mem}, as it
 *     stands in the load)
 * @param because why it holds: the layout, or what the caller promises
 */
public record Assumption(Kind kind, Object subject, String because) {
    /** The kinds of assumption. */
    public enum Kind {
        /** Places whose address is made with the subject share no byte with places that are made without it. */
        APART,
        /** A restart that reads from the word what an aborted run has stored there goes the same way. */
        SETTLED,
        /** Every load of the word in one run gives the same. */
        STABLE
    }

    /**
     * Assumes that places made with an argument lie apart from all others.
     *
     * @param argument the argument
     * @param because why that holds
     */
    public static Assumption apart(Reg argument, String because) {
        return new Assumption(Kind.APART, argument, because);
    }

    /**
     * Assumes that places made with a word that is loaded lie apart from all others.
     *
     * @param word the word's place, as it stands in the load
     * @param because why that holds
     */
    public static Assumption apart(Mem word, String because) {
        return new Assumption(Kind.APART, word, because);
    }

    /**
     * Assumes that it makes no difference whether a restart reads a word as it was or as an aborted run has left it.
     *
     * @param word the word's place, as it stands in the load and in the store
     * @param because why that holds
     */
    public static Assumption settled(Mem word, String because) {
        return new Assumption(Kind.SETTLED, word, because);
    }

    /**
     * Assumes that a word does not change while a section runs, whoever else may write it.
     *
     * @param word the word's place, as it stands in the loads
     * @param because why that holds
     */
    public static Assumption stable(Mem word, String because) {
        return new Assumption(Kind.STABLE, word, because);
    }
}
