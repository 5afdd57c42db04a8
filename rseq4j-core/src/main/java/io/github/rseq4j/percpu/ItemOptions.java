package io.github.rseq4j.percpu;

/** What a {@link PerCpuItems} is made with. Immutable; each {@code with} method returns options of its own. */
public final class ItemOptions {
    /** The most ranges that a limit may allow. */
    public static final int MAX_RANGES = 65_536;
    /** The limit where no other is asked for: 64 MiB of items for each index. */
    public static final int DEFAULT_MAX_RANGES = 64;


    private final byte[] template;
    private final boolean robust;
    private final int maxRanges;

    private ItemOptions(byte[] template, boolean robust, int maxRanges) {
        this.template = template;
        this.robust = robust;
        this.maxRanges = maxRanges;
    }

    /** {@return options of items of zeros, not robust, with the limit {@link #DEFAULT_MAX_RANGES}} */
    public static ItemOptions defaults() {
        return new ItemOptions(new byte[0], false, DEFAULT_MAX_RANGES);
    }

    /**
     * Changes what every copy of a new item holds.
     *
     * @param bytes the item's first bytes, copied here; those behind them are 0
     * @return the options
     */
    public ItemOptions withTemplate(byte[] bytes) {
        return new ItemOptions(bytes.clone(), robust, maxRanges);
    }

    /**
     * Changes whether the pool looks for leaks and for uses of freed items.
     *
     * @param isRobust whether it does
     * @return the options
     */
    public ItemOptions withRobust(boolean isRobust) {
        return new ItemOptions(template, isRobust, maxRanges);
    }

    /**
     * Changes how far the pool grows.
     *
     * @param ranges the most ranges, 1 to {@link #MAX_RANGES}; each is 1 MiB of items for each index
     * @return the options
     * @throws IllegalArgumentException when the number is out of range
     */
    public ItemOptions withMaxRanges(int ranges) {
        if (ranges < 1 || ranges > MAX_RANGES) {
            throw new IllegalArgumentException("maxRanges=" + ranges + ", must be 1 to " + MAX_RANGES);
        }
        return new ItemOptions(template, robust, ranges);
    }

    /** {@return a copy of the template, empty for zeros} */
    public byte[] template() {
        return template.clone();
    }

    /** {@return whether the pool looks for leaks and for uses of freed items} */
    public boolean robust() {
        return robust;
    }

    /** {@return the most ranges} */
    public int maxRanges() {
        return maxRanges;
    }
}
