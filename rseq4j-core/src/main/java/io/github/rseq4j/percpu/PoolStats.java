package io.github.rseq4j.percpu;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The statistics of a {@link PerCpuPool} at one moment. Counts begin when the pool is created. Immutable. Later
 * versions may add values.
 *
 * @since 0.1.0
 */
public final class PoolStats {
    private final long created;
    private final List<Integer> idlePerCpu;
    private final int idleShared;
    private final long stolen;
    private final long misses;
    private final long destroyed;
    private final long dropped;

    PoolStats(long created, List<Integer> idlePerCpu, int idleShared, long stolen, long misses, long destroyed,
              long dropped) {
        this.created = created;
        this.idlePerCpu = idlePerCpu;
        this.idleShared = idleShared;
        this.stolen = stolen;
        this.misses = misses;
        this.destroyed = destroyed;
        this.dropped = dropped;
    }

    /** {@return the number of items that the factory has made} */
    public long created() {
        return created;
    }

    /**
     * {@return the number of idle items at each index, in the order of {@link PerCpuStack#sizes}; the list is
     * immutable}
     */
    public List<Integer> idlePerCpu() {
        return idlePerCpu;
    }

    /** {@return the number of idle items that all CPUs share} */
    public int idleShared() {
        return idleShared;
    }

    /** {@return the number of items that were moved from one CPU because another CPU had none} */
    public long stolen() {
        return stolen;
    }

    /** {@return the number of acquisitions that found no idle item at their CPU} */
    public long misses() {
        return misses;
    }

    /** {@return the number of items that the destroyer received} */
    public long destroyed() {
        return destroyed;
    }

    /**
     * Returns the number of items that were collected because no thread closed their leases.
     *
     * @return the number; the pool watches up to 16,384 open leases, or as many as items may be idle if that is more,
     *     and does not count others
     */
    public long dropped() {
        return dropped;
    }

    /** Compares the values: statistics of two moments are equal when no value has changed between them. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PoolStats stats && created == stats.created && idlePerCpu.equals(stats.idlePerCpu)
                && idleShared == stats.idleShared && stolen == stats.stolen && misses == stats.misses
                && destroyed == stats.destroyed && dropped == stats.dropped;
    }

    @Override
    public int hashCode() {
        return Objects.hash(created, idlePerCpu, idleShared, stolen, misses, destroyed, dropped);
    }

    /** Returns a text of one line: {@code PoolStats[created=1, idlePerCpu=[0, 1, 0], ..., dropped=0]}. */
    @Override
    public String toString() {
        return "PoolStats[created=" + created + ", idlePerCpu=" + idlePerCpu + ", idleShared=" + idleShared
                + ", stolen=" + stolen + ", misses=" + misses + ", destroyed=" + destroyed + ", dropped=" + dropped
                + "]";
    }
}
