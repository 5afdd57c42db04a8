package io.github.rseq4j.percpu;

/**
 * The options of a {@link PerCpuItems}. Immutable; each {@code with} method returns new options. A pool takes memory in
 * ranges, each of 1 MiB of items for each index.
 *
 * @since 0.1.0
 */
public final class ItemOptions {
    /** The largest limit, in ranges. */
    public static final int MAX_RANGES = 65_536;
    /** The default limit, in ranges: 64 MiB of items for each index. */
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
     * Sets the content of every copy of a new item.
     *
     * @param bytes the first bytes of an item, which are copied; the other bytes are 0
     * @return the options
     */
    public ItemOptions withTemplate(byte[] bytes) {
        return new ItemOptions(bytes.clone(), robust, maxRanges);
    }

    /**
     * Sets robust mode, in which the pool looks for leaks and for uses of freed items.
     *
     * @param isRobust whether the pool is robust
     * @return the options
     */
    public ItemOptions withRobust(boolean isRobust) {
        return new ItemOptions(template, isRobust, maxRanges);
    }

    /**
     * Sets the limit of the pool.
     *
     * @param ranges the largest number of ranges, 1 to {@link #MAX_RANGES}
     * @return the options
     * @throws IllegalArgumentException if the number is out of range
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

    /** {@return the largest number of ranges} */
    public int maxRanges() {
        return maxRanges;
    }
}
