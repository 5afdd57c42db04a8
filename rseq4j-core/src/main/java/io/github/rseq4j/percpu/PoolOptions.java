package io.github.rseq4j.percpu;

/**
 * The options of a {@link PerCpuPool}. Immutable; each {@code with} method returns new options.
 *
 * @since 0.1.0
 */
public final class PoolOptions {
    /** The largest number of idle items for each CPU. */
    public static final int MAX_IDLE_PER_CPU = 4096;
    /** The default number of idle items for each CPU. */
    public static final int DEFAULT_IDLE_PER_CPU = 32;


    private final int idlePerCpu;
    private final boolean robust;

    private PoolOptions(int idlePerCpu, boolean robust) {
        this.idlePerCpu = idlePerCpu;
        this.robust = robust;
    }

    /** {@return options of {@link #DEFAULT_IDLE_PER_CPU} idle items for each CPU, not robust} */
    public static PoolOptions defaults() {
        return new PoolOptions(DEFAULT_IDLE_PER_CPU, false);
    }

    /**
     * Sets the largest number of idle items for each CPU. In addition all CPUs share idle items: at most the same
     * number for each processor.
     *
     * @param items the number, 1 to {@link #MAX_IDLE_PER_CPU}
     * @return the options
     * @throws IllegalArgumentException if the number is out of range
     */
    public PoolOptions withIdlePerCpu(int items) {
        if (items < 1 || items > MAX_IDLE_PER_CPU) {
            throw new IllegalArgumentException("idlePerCpu=" + items + ", must be 1 to " + MAX_IDLE_PER_CPU);
        }
        return new PoolOptions(items, robust);
    }

    /**
     * Sets robust mode, in which the pool reports the places at which leases were acquired that were never closed. The
     * pool then takes a stack trace for each acquisition, and keeps those of open leases. The most that it keeps, 256
     * to 16,384, depends on the size of the heap.
     *
     * @param isRobust whether the pool is robust
     * @return the options
     */
    public PoolOptions withRobust(boolean isRobust) {
        return new PoolOptions(idlePerCpu, isRobust);
    }

    /** {@return the largest number of idle items for each CPU} */
    public int idlePerCpu() {
        return idlePerCpu;
    }

    /** {@return whether the pool watches its leases} */
    public boolean robust() {
        return robust;
    }
}
