package io.github.rseq4j.machine;

/** A place in code, known by its identity; the name is for the listing. */
public final class Label {
    private final String name;

    /**
     * Makes a label that is bound later.
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
