package io.github.rseq4j.percpu;

import java.util.List;

/**
 * What a {@link PerCpuPool} has done since it was made, and what it holds, at one moment. Immutable. Later versions may
 * count more.
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

    /** {@return how many items the factory has made} */
    public long created() {
        return created;
    }

    /** {@return how many items are idle at each index, as {@link PerCpuStack#sizes} counts; the list is immutable} */
    public List<Integer> idlePerCpu() {
        return idlePerCpu;
    }

    /** {@return how many items are idle and shared by all CPUs} */
    public int idleShared() {
        return idleShared;
    }

    /** {@return how many items were moved from one CPU because another one had none} */
    public long stolen() {
        return stolen;
    }

    /** {@return how many acquisitions found no idle item at their CPU} */
    public long misses() {
        return misses;
    }

    /** {@return how many items the destroyer was called with} */
    public long destroyed() {
        return destroyed;
    }

    /**
     * Returns how many items were collected while they were out, because no thread closed their leases.
     *
     * @return the number; of items that are out at one time the pool watches 16,384, or as many as may be idle if that
     *     is more, and does not count the others
     */
    public long dropped() {
        return dropped;
    }

    /** Returns a text of one line: {@code PoolStats[created=1, idlePerCpu=[0, 1, 0], ..., dropped=0]}. */
    @Override
    public String toString() {
        return "PoolStats[created=" + created + ", idlePerCpu=" + idlePerCpu + ", idleShared=" + idleShared
                + ", stolen=" + stolen + ", misses=" + misses + ", destroyed=" + destroyed + ", dropped=" + dropped
                + "]";
    }
}
