package io.github.rseq4j.machine;

/** A place in code. Labels are compared by identity; the name is for listings. */
public final class Label {
    private final String name;

    /**
     * Creates a label, which is bound later.
     *
     * @param name its name in the listing
     */
    public Label(String name) {
        this.name = name;
    }

    /** Returns the name. */
    public String name() {
        return name;
    }

    @Override
    public String toString() {
        return name;
    }
}
