package io.github.rseq4j.cli.selftest.storm;

import java.util.ArrayList;
import java.util.List;

/** Collects faults: the text of the first ones, and the number of the others. */
public final class Faults {
    private static final int MAX_NAMED = 20;

    private final List<String> named = new ArrayList<>();
    private long found;

    /** Creates an empty collection. */
    public Faults() {}

    /**
     * Adds a fault.
     *
     * @param fault its description
     */
    public synchronized void add(String fault) {
        found++;
        if (found <= MAX_NAMED) {
            named.add(fault);
        }
    }

    /**
     * Adds a fault unless two numbers are equal.
     *
     * @param what the counted things
     * @param expected the expected number
     * @param counted the actual number
     */
    public void requireEqual(String what, long expected, long counted) {
        if (expected != counted) {
            add(what + ": expected=" + expected + ", counted=" + counted);
        }
    }

    /** Returns the descriptions of the faults. */
    public synchronized List<String> list() {
        List<String> all = new ArrayList<>(named);
        if (found > MAX_NAMED) {
            all.add("and " + (found - MAX_NAMED) + " more");
        }
        return List.copyOf(all);
    }
}
