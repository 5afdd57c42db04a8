package io.github.rseq4j.cli.selftest.storm;

import java.util.ArrayList;
import java.util.List;

/** What was found wrong: the first of it word by word, the rest as a number. */
public final class Faults {
    private static final int MAX_NAMED = 20;

    private final List<String> named = new ArrayList<>();
    private long found;

    /** Makes a list of nothing. */
    public Faults() {}

    /**
     * Takes a fault.
     *
     * @param fault what is wrong
     */
    public synchronized void add(String fault) {
        found++;
        if (found <= MAX_NAMED) {
            named.add(fault);
        }
    }

    /**
     * Takes a fault unless two numbers are equal.
     *
     * @param what what is counted
     * @param expected how much there must be
     * @param counted how much there is
     */
    public void requireEqual(String what, long expected, long counted) {
        if (expected != counted) {
            add(what + ": expected=" + expected + ", counted=" + counted);
        }
    }

    /** Returns what was found. */
    public synchronized List<String> list() {
        List<String> all = new ArrayList<>(named);
        if (found > MAX_NAMED) {
            all.add("and " + (found - MAX_NAMED) + " more");
        }
        return List.copyOf(all);
    }
}
