package io.github.rseq4j.trace.ctf;

import java.util.ArrayList;
import java.util.List;

/** Collects problems: it keeps the first of them, and counts all. Used by one thread. */
final class Problems {
    /** The number of problems that are kept. */
    static final int MAX_KEPT = 100;
    /** The number of characters that are kept of a problem, which may quote the file. */
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
