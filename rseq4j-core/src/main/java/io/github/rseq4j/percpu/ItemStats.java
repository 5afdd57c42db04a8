package io.github.rseq4j.percpu;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The statistics of a {@link PerCpuItems} at one moment. Immutable. Later versions may add values.
 *
 * @since 0.1.0
 */
public final class ItemStats {
    private final int ranges;
    private final long allocated;
    private final long free;

    ItemStats(int ranges, long allocated, long free) {
        this.ranges = ranges;
        this.allocated = allocated;
        this.free = free;
    }

    /** {@return the number of ranges of the pool, each of 1 MiB for each index} */
    public int ranges() {
        return ranges;
    }

    /** {@return the number of allocated items} */
    public long allocated() {
        return allocated;
    }

    /** {@return the number of items that can be allocated before the pool takes another range} */
    public long free() {
        return free;
    }

    /** Compares the values: statistics of two moments are equal when no value has changed between them. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ItemStats stats && ranges == stats.ranges && allocated == stats.allocated
                && free == stats.free;
    }

    @Override
    public int hashCode() {
        return Objects.hash(ranges, allocated, free);
    }

    /** Returns a text of one line: {@code ItemStats[ranges=1, allocated=2, free=62]}. */
    @Override
    public String toString() {
        return "ItemStats[ranges=" + ranges + ", allocated=" + allocated + ", free=" + free + "]";
    }
}
