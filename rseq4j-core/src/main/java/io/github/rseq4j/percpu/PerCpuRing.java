package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.RingFunctions;
import io.github.rseq4j.memory.RingMemory;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Rings of {@code long} values, one for each CPU. Any number of threads, platform or virtual, push to the ring of their
 * current CPU, with no atomic instruction and no lock. A drainer takes from all rings, first in, first out. Full and
 * empty are return values. Use it for events, samples, or ids of work for another thread.
 *
 * {@snippet lang = java:
 * PerCpuRing events = new PerCpuRing(1024);
 * boolean pushed = events.push(42);              // false when this CPU's ring is full
 * int drained = events.drain(event -> System.out.println(event)); // 1: what all CPUs had
 * int some = events.drain(event -> System.out.println(event), 100); // 0, and never more than 100
 * }
 *
 * <p><b>Order.</b> Each ring is first in, first out. There is no order between rings, which are drained one after the
 * other. A push goes to the ring of the thread's index ({@link io.github.rseq4j.Rseq.Availability#index()}). The values
 * of one thread keep their order as long as its index stays the same. With {@code cpu_id} that is while the thread
 * stays on one CPU. With {@code mm_cid} the kernel may change the index each time it schedules the thread, also on the
 * same CPU; then a later value may be drained first. Number the values if their order matters.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A push is one downcall and wait-free except for
 * restarts; it never waits for another thread, and no drain aborts it. Drains that run at the same time share the
 * values: each value goes to one drain. A value's slot is free before the consumer gets the value, and the consumer is
 * called without a lock. If a thread migrates, also a virtual thread to another carrier, no value is lost or handed out
 * twice.
 *
 * <p><b>Visibility.</b> Actions of a thread before a push are visible to the consumer that gets the value. A drain
 * takes every value whose push happened-before it, except those that another drain takes meanwhile.
 *
 * <p><b>Memory.</b> 8 bytes for each value of the capacity and 128 more, for each CPU that runs the application's
 * threads. Memory is populated page by page when it is used, and freed when the rings are closed or collected. A push
 * allocates nothing, and a drain allocates nothing for a value.
 *
 * <p><b>Without rseq</b> each of a few stripes of threads has a ring. A push then takes one atomic instruction, and may
 * wait for another thread of its stripe that is pushing; see {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>The kernel's perf and LTTng have a buffer for each CPU with a reader on another one. The two counters that only
 * increase are those of Lamport's ring of one producer; sections make the threads of one CPU act like one producer.
 *
 * @since 0.1.0
 */
public final class PerCpuRing implements AutoCloseable {
    /** The largest capacity. */
    public static final int MAX_CAPACITY = RingMemory.MAX_CAPACITY_BYTES / Long.BYTES;

    /* How it works
     *
     * A push is one section (sections.ArrayRing): it loads head and tail, stores the value to the slot at the head, and
     * commits the head by a release store. The drainer reads heads and slots, and writes tails. No word has both as
     * writers, so neither needs a fence of all CPUs (I9), unlike the drain of a stack; memory.RingMemory has the
     * details.
     *
     * Cost: a push loads the tail, which another CPU may have written; that is a cache miss once for each drain. A
     * drain loads the head of each index and the slots.
     *
     * Refused: a section that takes from the ring of its own CPU; the tail would have two writers. Refused: a push to
     * another CPU's ring when the own ring is full; the section for that index would have to run on that CPU. Refused:
     * overwriting the oldest value; sections would have to write the tail.
     */
    private final RingMemory memory;

    /**
     * Creates empty rings.
     *
     * @param capacity the number of values that each CPU's ring holds, 1 to {@link #MAX_CAPACITY}, rounded up to a
     *     power of two
     * @throws IllegalArgumentException if the capacity is out of range
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuRing(int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity=" + capacity + ", must be 1 to " + MAX_CAPACITY);
        }
        Engine.get(RingFunctions.class, RingFunctions.Words.class);
        this.memory = new RingMemory(powerOfTwo(capacity) * Long.BYTES);
    }

    /** Returns the smallest power of two that is at least a number from 1 to 2^30. */
    static int powerOfTwo(int least) {
        return least == 1 ? 1 : Integer.highestOneBit(least - 1) << 1;
    }

    /**
     * Pushes a value to the current CPU's ring.
     *
     * @param value any value
     * @return false if the ring is full; nothing has happened then
     * @throws IllegalStateException if the rings are closed
     */
    public boolean push(long value) {
        if (RingFunctions.push(memory, value) >= 0) {
            return true;
        }
        memory.requireOpen();
        return false;
    }

    /**
     * Takes all values from the rings of all CPUs, while threads go on pushing. The consumer gets each value once that
     * was pushed before and not taken yet. If the consumer throws, the value for which it threw is taken, and the
     * values after it stay for the next drain.
     *
     * @param consumer receives the values, those of one CPU in the order in which they were pushed. It may use these
     *     rings: a drain of its own takes the remaining values
     * @return the number of values, without those that the consumer drained itself
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(LongConsumer consumer) {
        return drain(consumer, Integer.MAX_VALUE);
    }

    /**
     * Takes a limited number of values, like {@link #drain(LongConsumer)}. It begins with the CPU after the one at
     * which the last drain ended, so that each CPU has its turn.
     *
     * @param consumer receives the values
     * @param max the most values, 0 or more
     * @return the number of values
     * @throws IllegalArgumentException if {@code max} is negative
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(LongConsumer consumer, int max) {
        Objects.requireNonNull(consumer);
        requireMax(max);
        int mask = memory.capacityBytes() - 1;
        return memory.drain(max, (index, tail) -> {
            long value = memory.word(index, tail * Long.BYTES & mask);
            memory.free(index, tail + 1);
            memory.leave();
            try {
                consumer.accept(value);
            } finally {
                memory.enter();
            }
            return 1;
        });
    }

    static void requireMax(int max) {
        if (max < 0) {
            throw new IllegalArgumentException("max=" + max + ", must be 0 or more");
        }
    }

    /** {@return the number of values that each CPU's ring holds} */
    public int capacity() {
        return memory.capacityBytes() / Long.BYTES;
    }

    /** {@return the number of values on all CPUs, a moment ago} */
    public long size() {
        return Arrays.stream(sizes()).asLongStream().sum();
    }

    /**
     * Returns the number of values of each ring a moment ago, by index: a CPU's number, or a concurrency id (see
     * {@link io.github.rseq4j.Rseq.Availability#index}). The last ring belongs to threads without an index.
     *
     * @return a new array
     */
    public int[] sizes() {
        return memory.used(capacity());
    }

    /**
     * Drops all values and frees their memory; drain first to keep the values. This method waits for no other thread. A
     * concurrent push may return true although its value is dropped. A concurrent drain ends after the current value.
     * Later pushes and drains throw, and sizes are 0. A second call has no effect.
     */
    @Override
    public void close() {
        memory.close();
    }

    /** Returns size and capacity as text: {@code PerCpuRing[size=3, capacity=64]}. */
    @Override
    public String toString() {
        return "PerCpuRing[size=" + size() + ", capacity=" + capacity() + "]";
    }
}
