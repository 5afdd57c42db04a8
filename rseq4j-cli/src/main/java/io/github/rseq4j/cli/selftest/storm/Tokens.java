package io.github.rseq4j.cli.selftest.storm;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;

/**
 * Numbers that are each in one place: in a structure, or in one thread's hands. What is taken twice is seen at once;
 * what is lost, or is there twice in the end, when they are counted.
 */
final class Tokens {
    private static final int HIDDEN = 0;
    private static final int HELD = 1;

    private final AtomicIntegerArray states;
    private final AtomicInteger fresh = new AtomicInteger();
    private final Faults faults;

    /**
     * Makes tokens that nobody has yet.
     *
     * @param count how many
     * @param faults takes what is wrong
     */
    Tokens(int count, Faults faults) {
        this.states = new AtomicIntegerArray(count);
        this.faults = faults;
    }

    /** Returns one that nobody had before, held by the caller from now on, or -1 when there is none left. */
    int fresh() {
        int token = fresh.get();
        while (token < states.length() && !fresh.compareAndSet(token, token + 1)) {
            token = fresh.get();
        }
        if (token >= states.length()) {
            return -1;
        }
        take(token);
        return token;
    }

    /**
     * Notes that the caller has a token in hand.
     *
     * @param token the token
     * @return whether nobody else has; else that is a fault, and it is not the caller's
     */
    boolean take(long token) {
        if (token < 0 || token >= states.length()) {
            faults.add("token=" + token + " was never put anywhere");
            return false;
        }
        if (!states.compareAndSet((int) token, HIDDEN, HELD)) {
            faults.add("token=" + token + " was taken twice");
            return false;
        }
        return true;
    }

    /**
     * Notes that the caller is about to put a token away.
     *
     * @param token the token
     */
    void release(int token) {
        states.set(token, HIDDEN);
    }

    /**
     * Looks for each token in the end, when no thread runs any more.
     *
     * @param all visits those that are somewhere
     */
    void settle(Visits all) {
        int[] seen = new int[states.length()];
        all.visit(token -> {
            if (token < 0 || token >= seen.length) {
                faults.add("token=" + token + " is left and was never put anywhere");
            } else {
                seen[token]++;
            }
        });
        for (int token = 0; token < seen.length; token++) {
            int times = token < fresh.get() ? 1 : 0;
            if (seen[token] != times) {
                faults.add("token=" + token + " is left " + seen[token] + " times, must be " + times);
            }
        }
    }

    /** Visits tokens. */
    @FunctionalInterface
    interface Visits {
        /**
         * Visits each.
         *
         * @param visitor takes it
         */
        void visit(IntConsumer visitor);
    }
}
