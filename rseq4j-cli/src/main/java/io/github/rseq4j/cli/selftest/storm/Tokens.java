package io.github.rseq4j.cli.selftest.storm;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;

/**
 * Numbers that are each in one place: in a structure, or held by one thread. A token that is taken twice is found at
 * once. A token that is lost or exists twice is found at the end, when all tokens are counted.
 */
final class Tokens {
    private static final int HIDDEN = 0;
    private static final int HELD = 1;

    private final AtomicIntegerArray states;
    private final AtomicInteger fresh = new AtomicInteger();
    private final Faults faults;

    /**
     * Creates tokens that no thread holds.
     *
     * @param count the number of tokens
     * @param faults receives the faults
     */
    Tokens(int count, Faults faults) {
        this.states = new AtomicIntegerArray(count);
        this.faults = faults;
    }

    /** Returns a new token, which the calling thread then holds; or -1 if there is no new token left. */
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
     * Notes that the calling thread holds a token.
     *
     * @param token the token
     * @return true if no other thread holds it; otherwise this is a fault, and the calling thread does not hold it
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
     * Notes that the calling thread is about to put a token into the structure.
     *
     * @param token the token
     */
    void release(int token) {
        states.set(token, HIDDEN);
    }

    /**
     * Counts the tokens, after all threads have ended.
     *
     * @param all visits the tokens in the structure and in threads
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
         * Visits each token.
         *
         * @param visitor receives the token
         */
        void visit(IntConsumer visitor);
    }
}
