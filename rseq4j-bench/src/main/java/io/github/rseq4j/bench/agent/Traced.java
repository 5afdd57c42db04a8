package io.github.rseq4j.bench.agent;

/** The methods that the agents trace: those of MooBench (SPEC Research Group), without its busy waiting. */
public final class Traced {
    /** The number of calls that {@link #recursion} makes. */
    public static final int DEPTH = 10;

    /** Makes an object. */
    public Traced() {}

    /**
     * Returns its argument.
     *
     * @param value any value
     * @return the value
     */
    public long work(long value) {
        return value;
    }

    /**
     * Calls itself until the depth is 1.
     *
     * @param value any value
     * @param depth the number of calls, this one included
     * @return the value
     */
    public long recursion(long value, int depth) {
        return depth > 1 ? recursion(value, depth - 1) : value;
    }
}
