package io.github.rseq4j.trace.ctf;

import java.util.ArrayList;
import java.util.List;

/** Collects problems: the first of them, and how many there were. One thread. */
final class Problems {
    /** So many are kept. */
    static final int MAX_KEPT = 100;

    private final List<Problem> kept = new ArrayList<>();
    private long count;

    void add(String file, long offset, String what) {
        count++;
        if (kept.size() < MAX_KEPT) {
            kept.add(new Problem(file, offset, what));
        }
    }

    List<Problem> kept() {
        return List.copyOf(kept);
    }

    long count() {
        return count;
    }
}
