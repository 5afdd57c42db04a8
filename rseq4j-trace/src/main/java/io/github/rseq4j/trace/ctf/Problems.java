package io.github.rseq4j.trace.ctf;

import java.util.ArrayList;
import java.util.List;

/** Collects problems: the first of them, and how many there were. One thread. */
final class Problems {
    /** So many are kept. */
    static final int MAX_KEPT = 100;
    /** So many characters of one are kept: it may quote what a file holds. */
    static final int MAX_CHARS = 500;

    private final List<Problem> kept = new ArrayList<>();
    private long count;

    void add(String file, long offset, String what) {
        count++;
        if (kept.size() < MAX_KEPT) {
            kept.add(new Problem(file, offset, what.length() <= MAX_CHARS ? what
                    : what.substring(0, MAX_CHARS) + "... (" + what.length() + " characters)"));
        }
    }

    List<Problem> kept() {
        return List.copyOf(kept);
    }

    long count() {
        return count;
    }
}
