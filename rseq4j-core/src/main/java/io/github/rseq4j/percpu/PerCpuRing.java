package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.memory.RingMemory;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Rings of {@code long} values, one for each CPU: any number of threads, platform or virtual, push to the ring of the
 * CPU that they run on, with no atomic instruction and no lock, and a drainer takes from all of them, first in, first
 * out. Full and empty are return values. For events, samples, ids of what is to be done later by somebody else.
 *
 * {@snippet lang = java:
 * PerCpuRing events = new PerCpuRing(1024);
 * boolean pushed = events.push(42);              // false when this CPU's ring is full
 * int drained = events.drain(event -> System.out.println(event)); // 1: what all CPUs had
 * int some = events.drain(event -> System.out.println(event), 100); // 0, and never more than 100
 * }
 *
 * <p><b>Order.</b> First in, first out in each ring; none between rings, which are drained one after the other. A push
 * goes to the ring of the thread's index ({@link io.github.rseq4j.Rseq.Availability#index()}). What one thread pushed
 * comes in its order as long as its index stays the same: by {@code cpu_id}, while it stays on one CPU. By
 * {@code mm_cid} the kernel may give it another index each time it schedules it, on the same CPU too. What the thread
 * pushed later may then come earlier; values whose order matters carry a number.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A push is one downcall, wait-free but for restarts; it
 * waits for nobody, and no drain aborts it. Drains that run at the same time share the values: each goes to one of
 * them. A value's slot is free before the consumer gets it, and the consumer is called without a lock. Migration, also
 * of a virtual thread to another carrier, loses nothing and hands nothing out twice.
 *
 * <p><b>Visibility.</b> What a thread did before it pushed a value is seen by the consumer that gets it. A drain takes
 * every value whose push happened-before it, but for those that another drain takes meanwhile.
 *
 * <p><b>Memory.</b> 8 bytes for each value of the capacity and 128 more, for each CPU that runs the application's
 * threads, populated by the page where it is used; it goes back when the rings are closed or collected. A push
 * allocates nothing, and so does a drain for each value.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>A buffer for each CPU with a reader elsewhere is that of the kernel's perf and of LTTng; two counters that never
 * turn back are Lamport's ring of one producer, which the threads of one CPU are by their sections.
 */
public final class PerCpuRing implements AutoCloseable {
    /** The largest capacity. */
    public static final int MAX_CAPACITY = RingMemory.MAX_CAPACITY_BYTES / Long.BYTES;

    /* How it works
     *
     * A push is one section (engine.ArrayRing): it loads head and tail, stores the value to the slot at the head, and
     * commits the head by a release store. The drainer reads heads and slots, and writes tails. Why neither needs a
     * fence of all CPUs (I9), as a stack's drain does, is told in memory.RingMemory: no word is written by both.
     *
     * Cost: a push loads one word that another CPU may have written, the tail, once for each time that it was drained;
     * a drain loads the head of each index and the slots.
     *
     * Refused: taking from one's own CPU's ring by a section as well, by which the tail would have two writers; a push
     * that goes on to another CPU's ring when its own is full, which is a section at that index and needs to run there;
     * overwriting the oldest, which would need a tail that sections write.
     */
    private final RingMemory memory;

    /**
     * Makes empty rings.
     *
     * @param capacity how many values each CPU's ring holds, 1 to {@link #MAX_CAPACITY}, rounded up to a power of two
     * @throws IllegalArgumentException when it is out of range
     */
    public PerCpuRing(int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity=" + capacity + ", must be 1 to " + MAX_CAPACITY);
        }
        Engine.get(RingFunctions.class, RingFunctions.Words.class);
        this.memory = new RingMemory(powerOfTwo(capacity) * Long.BYTES);
    }

    /** Rounds up; there is one for every number from 1 to 2^30. */
    static int powerOfTwo(int least) {
        return least == 1 ? 1 : Integer.highestOneBit(least - 1) << 1;
    }

    /**
     * Pushes a value to the current CPU's ring.
     *
     * @param value any value
     * @return false when the ring is full; nothing has happened then
     * @throws IllegalStateException when the rings are closed
     */
    public boolean push(long value) {
        if (RingFunctions.push(memory, value) >= 0) {
            return true;
        }
        memory.requireOpen();
        return false;
    }

    /**
     * Takes all values from all CPUs' rings, while they are in use: each value that was pushed before, and not taken,
     * is handed to the consumer once. If the consumer throws, the value that it threw for is taken, and what it has not
     * got stays for the next drain.
     *
     * @param consumer gets the values; those of one CPU one after the other, the first pushed first. It may use this
     *     ring: a drain of its own takes what is left
     * @return how many there were, without those that the consumer drained itself
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the consumer throws
     */
    public int drain(LongConsumer consumer) {
        return drain(consumer, Integer.MAX_VALUE);
    }

    /**
     * Takes some values, as {@link #drain(LongConsumer)} does. It begins with the CPU behind the one where the drain
     * before has ended, so every CPU's turn comes.
     *
     * @param consumer gets the values
     * @param max how many at most, 0 or more
     * @return how many there were
     * @throws IllegalArgumentException when {@code max} is negative
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the consumer throws
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

    /** {@return how many values each CPU's ring holds} */
    public int capacity() {
        return memory.capacityBytes() / Long.BYTES;
    }

    /** {@return how many values there were a moment ago, on all CPUs} */
    public long size() {
        return Arrays.stream(sizes()).asLongStream().sum();
    }

    /**
     * Returns how many values each ring had a moment ago, by its index: a CPU's number, or a concurrency id (see
     * {@link io.github.rseq4j.Rseq.Availability#index}). The last one is that of threads without an index.
     *
     * @return a new array
     */
    public int[] sizes() {
        return memory.used(capacity());
    }

    /**
     * Drops all values and gives their memory back; drain before, for those that are wanted. It waits for nobody: a
     * push that runs at the same time may return true, and its value is dropped. A drain that runs ends after the value
     * that its consumer has. From then on push and drain throw, sizes are 0. Closing again does nothing.
     */
    @Override
    public void close() {
        memory.close();
    }

    /** Returns the values in the manner of a list's size: {@code PerCpuRing[size=3, capacity=64]}. */
    @Override
    public String toString() {
        return "PerCpuRing[size=" + size() + ", capacity=" + capacity() + "]";
    }
}
