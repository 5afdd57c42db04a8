package io.github.rseq4j.percpu;

/** What a {@link PerCpuPool} is made with. Immutable; each {@code with} method returns options of its own. */
public final class PoolOptions {
    /** The largest number of idle items for each CPU. */
    public static final int MAX_IDLE_PER_CPU = 4096;
    /** The number of idle items for each CPU where no other is asked for. */
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
     * Changes how many idle items are kept for each CPU. As many again, for each processor, are kept for all of them.
     *
     * @param items how many, 1 to {@link #MAX_IDLE_PER_CPU}
     * @return the options
     * @throws IllegalArgumentException when the number is out of range
     */
    public PoolOptions withIdlePerCpu(int items) {
        if (items < 1 || items > MAX_IDLE_PER_CPU) {
            throw new IllegalArgumentException("idlePerCpu=" + items + ", must be 1 to " + MAX_IDLE_PER_CPU);
        }
        return new PoolOptions(items, robust);
    }

    /**
     * Changes whether the pool reports where leases were acquired that nobody closed. It then takes a stack trace for
     * each acquisition, and keeps those of leases that are out, of 256 to 16,384 by the size of the heap.
     *
     * @param isRobust whether it does
     * @return the options
     */
    public PoolOptions withRobust(boolean isRobust) {
        return new PoolOptions(idlePerCpu, isRobust);
    }

    /** {@return how many idle items are kept for each CPU} */
    public int idlePerCpu() {
        return idlePerCpu;
    }

    /** {@return whether the pool watches its leases} */
    public boolean robust() {
        return robust;
    }
}
