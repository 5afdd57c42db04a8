package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.memory.StackMemory;
import io.github.rseq4j.memory.TwinArrays;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Stacks of {@code long} values, one for each CPU: any number of threads, platform or virtual, push to and pop from the
 * stack of the CPU that they run on, with no atomic instruction and no lock. Full and empty are return values. For free
 * lists, indices of objects, and work that is best done where it was found.
 *
 * {@snippet lang = java:
 * PerCpuStack free = new PerCpuStack(64);
 * boolean pushed = free.push(42);        // false when this CPU's stack is full
 * long value = free.pop(-1);             // 42, or -1 when this CPU's stack is empty
 * if (value == -1) {
 *     free.steal(taken -> System.out.println(taken)); // what another CPU had
 * }
 * int drained = free.drain(taken -> System.out.println(taken)); // what all CPUs had
 * }
 *
 * <p><b>Order.</b> Last in, first out in each stack; none between stacks. A thread that is scheduled between two calls
 * may find the stack of another index: {@code push} and then {@code pop} need not give the value back.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. Pushing and popping is one downcall, wait-free but for
 * restarts and for {@link #resize}, which they wait for. {@link #drain}, {@link #steal} and {@link #resize} take turns
 * under a lock and fence all CPUs; pushing and popping goes on meanwhile. Migration, also of a virtual thread to
 * another carrier, loses nothing and hands nothing out twice.
 *
 * <p><b>Visibility.</b> What a thread did before it pushed a value is seen by who gets the value, on this CPU or by a
 * drain. A drain takes every value whose push happened-before it and that nobody popped.
 *
 * <p><b>Memory.</b> 16 bytes for each value of the capacity and 48 more, for each CPU that runs the application's
 * threads, populated by the page where it is used; it goes back when the stack is closed or collected. Pushing and
 * popping allocates nothing, but for the pop of a negative value, which takes a second call and may allocate 24 bytes.
 * It is left to the compiler to leave out the segment of some 100 bytes that a batch is passed by, which it usually
 * does.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Stacks of pointers by CPU are tcmalloc's per-CPU caches and a test of the kernel's rseq (percpu buffer); two
 * arrays that take turns are the project's own way to drain them exactly.
 */
public final class PerCpuStack implements AutoCloseable {
    /** The largest capacity. */
    public static final int MAX_CAPACITY = TwinArrays.MAX_CAPACITY_BYTES / Long.BYTES;
    /** The most values of one {@link #pushAll} or {@link #popAll}. */
    public static final int MAX_BATCH = Section.MAX_COPY_BYTES / Long.BYTES;

    /* How it works
     *
     * Push and pop are one section each on the array that the current index has in use (engine.ArrayStack). Its commit
     * is the number of bytes used, so a value is there when it counts, and gone when it does not. A section's result is
     * not negative; a negative value is popped by the section that copies several.
     *
     * The elements of other indices are taken by memory.StackMemory: the array is exchanged for an empty one, a fence
     * ends what may still run on it, and it is then read alone (I9).
     *
     * Refused: a linked list of nodes, which finds each node by a pointer that is cold, and whose pops need a node's
     * memory to outlive every section that may still look at it.
     */
    private final StackMemory memory;
    private boolean isReadyForBatches;

    /**
     * Makes empty stacks.
     *
     * @param capacity how many values each CPU's stack holds, 1 to {@link #MAX_CAPACITY}
     * @throws IllegalArgumentException when it is out of range
     */
    public PerCpuStack(int capacity) {
        Engine.get(StackFunctions.class, StackFunctions.Words.class);
        this.memory = new StackMemory(bytes(capacity));
    }

    private static int bytes(int capacity) {
        if (capacity < 1 || capacity > MAX_CAPACITY) {
            throw new IllegalArgumentException("capacity=" + capacity + ", must be 1 to " + MAX_CAPACITY);
        }
        return capacity * Long.BYTES;
    }

    /**
     * Pushes a value to the current CPU's stack.
     *
     * @param value any value
     * @return false when the stack is full; nothing has happened then
     * @throws IllegalStateException when the stack is closed
     */
    public boolean push(long value) {
        long status = StackFunctions.push(memory.arrays(), value);
        while (status == StackFunctions.CLOSED && memory.awaitOpen()) {
            status = StackFunctions.push(memory.arrays(), value);
        }
        return status >= 0;
    }

    /**
     * Pops the value that was pushed last to the current CPU's stack.
     *
     * @param ifEmpty what is returned when there is none
     * @return the value
     * @throws IllegalStateException when the stack is closed
     */
    public long pop(long ifEmpty) {
        long result = StackFunctions.pop(memory.arrays());
        return result >= 0 ? result : popOther(result, ifEmpty);
    }

    private long popOther(long status, long ifEmpty) {
        long result = status;
        while (result < 0 && result != StackFunctions.REFUSED) {
            if (result == StackFunctions.NEGATIVE) {
                prepareBatches();
                long[] one = new long[1];
                return popAll(one, 0, 1) ? one[0] : ifEmpty;
            }
            if (!memory.awaitOpen()) {
                return ifEmpty;
            }
            result = StackFunctions.pop(memory.arrays());
        }
        return result >= 0 ? result : ifEmpty;
    }

    /**
     * Pushes several values to the current CPU's stack, at once or not at all, at the price of one.
     *
     * @param values holds the values; the last one is the first to be popped
     * @param from the first one's index
     * @param count how many, 0 to {@link #MAX_BATCH}
     * @return false when the stack has no room for all of them; nothing has happened then
     * @throws IndexOutOfBoundsException when the array has no such part
     * @throws IllegalArgumentException when there are more than {@link #MAX_BATCH}
     * @throws IllegalStateException when the stack is closed
     */
    public boolean pushAll(long[] values, int from, int count) {
        requireBatch(values, from, count);
        prepareBatches();
        long status = StackFunctions.pushBatch(memory.arrays(), values, from, count);
        while (status == StackFunctions.CLOSED && memory.awaitOpen()) {
            status = StackFunctions.pushBatch(memory.arrays(), values, from, count);
        }
        return status >= 0;
    }

    /**
     * Pops several values from the current CPU's stack, at once or not at all, at the price of one.
     *
     * @param into where they go, in the order in which they were pushed
     * @param from the first one's index
     * @param count how many, 0 to {@link #MAX_BATCH}
     * @return false when the stack has fewer; nothing has happened then
     * @throws IndexOutOfBoundsException when the array has no such part
     * @throws IllegalArgumentException when there are more than {@link #MAX_BATCH}
     * @throws IllegalStateException when the stack is closed
     */
    public boolean popAll(long[] into, int from, int count) {
        requireBatch(into, from, count);
        prepareBatches();
        long status = StackFunctions.popBatch(memory.arrays(), into, from, count);
        while (status == StackFunctions.CLOSED && memory.awaitOpen()) {
            status = StackFunctions.popBatch(memory.arrays(), into, from, count);
        }
        return status >= 0;
    }

    private void prepareBatches() {
        if (!isReadyForBatches) {
            Engine.get(StackFunctions.Batches.class);
            isReadyForBatches = true;
        }
    }

    private static void requireBatch(long[] values, int from, int count) {
        Objects.checkFromIndexSize(from, count, values.length);
        if (count > MAX_BATCH) {
            throw new IllegalArgumentException("count=" + count + ", must be 0 to " + MAX_BATCH);
        }
    }

    /**
     * Takes all values from all CPUs' stacks, while they are in use: each value that was pushed before, and not popped,
     * is handed to the consumer once. If the consumer throws, what it has not got stays for the next drain or steal.
     *
     * @param consumer gets the values; those of one CPU one after the other, the last pushed first. It is called
     *     without a lock, and may use this stack
     * @return how many there were
     * @throws IllegalStateException when the stack is closed
     * @throws RuntimeException what the consumer throws; or when the kernel refuses a fence, and nothing was taken then
     */
    public int drain(LongConsumer consumer) {
        Objects.requireNonNull(consumer);
        return memory.drain(new Values(consumer));
    }

    /**
     * Takes all values of the CPU that has most, while its stack is in use: for who has found the own one empty. Each
     * is handed to the consumer once, as {@link #drain} does.
     *
     * @param consumer gets the values, the last pushed first
     * @return how many there were; 0 when all stacks were empty a moment ago
     * @throws IllegalStateException when the stack is closed
     * @throws RuntimeException what the consumer throws; or when the kernel refuses a fence, and nothing was taken then
     */
    public int steal(LongConsumer consumer) {
        Objects.requireNonNull(consumer);
        return memory.steal(new Values(consumer));
    }

    /** Words are elements of one word. */
    private record Values(LongConsumer consumer) implements StackMemory.Elements {
        @Override
        public int start(long[] words, int end) {
            return end - 1;
        }

        @Override
        public void hand(long[] words, int start, int end) {
            consumer.accept(words[start]);
        }
    }

    /**
     * Changes how many values each CPU's stack holds, while they are in use: they keep their values. Pushing and
     * popping waits meanwhile.
     *
     * @param capacity how many, 1 to {@link #MAX_CAPACITY}
     * @throws IllegalArgumentException when it is out of range
     * @throws IllegalStateException when a stack holds more than that, or is closed; nothing has changed then
     * @throws io.github.rseq4j.KernelException when the kernel refuses memory or a fence; nothing has changed then
     */
    public void resize(int capacity) {
        memory.resize(bytes(capacity));
    }

    /** {@return how many values each CPU's stack holds} */
    public int capacity() {
        return (int) memory.arrays().capacityBytes() / Long.BYTES;
    }

    /** {@return how many values there were a moment ago, on all CPUs and left by consumers that threw} */
    public long size() {
        return Arrays.stream(sizes()).asLongStream().sum() + memory.returnedBytes() / Long.BYTES;
    }

    /**
     * Returns how many values each stack had a moment ago, by its index: a CPU's number, or a concurrency id (see
     * {@link io.github.rseq4j.Rseq.Availability#index}). The last one is that of threads without an index.
     *
     * @return a new array
     */
    public int[] sizes() {
        return Arrays.stream(memory.usedBytes()).map(bytes -> bytes / Long.BYTES).toArray();
    }

    /** Returns the arrays that sections work on, until {@link #resize} is called. */
    TwinArrays arrays() {
        return memory.arrays();
    }

    /** Takes all values of the CPU that has most, for who keeps them; the last pushed stands last. */
    long[] takeFullest() {
        return memory.takeFullest();
    }

    /** Takes all values of all CPUs, for who keeps them. */
    List<long[]> takeAll() {
        return memory.takeAll();
    }

    /**
     * Closes for good, so that every later push is refused and every later pop finds nothing.
     *
     * @return what was left, in blocks
     */
    List<long[]> takeAndClose() {
        return memory.close();
    }

    /**
     * Drops all values and gives their memory back; drain before, for those that are wanted. It fences all CPUs. From
     * then on pushing, popping, draining, stealing and resizing throw, sizes are 0. Closing again does nothing.
     *
     * @throws io.github.rseq4j.KernelException when the kernel refuses a fence; nothing has changed then, and it can be
     *     closed again
     */
    @Override
    public void close() {
        memory.drop();
    }

    /** Returns the values in the manner of a list's size: {@code PerCpuStack[size=3, capacity=64]}. */
    @Override
    public String toString() {
        return "PerCpuStack[size=" + size() + ", capacity=" + capacity() + "]";
    }
}
