package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.StackFunctions;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.memory.StackMemory;
import io.github.rseq4j.memory.TwinArrays;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Stacks of {@code long} values, one for each CPU. Any number of threads, platform or virtual, push to and pop from the
 * stack of their current CPU, with no atomic instruction and no lock. Full and empty are return values. Use it for free
 * lists, indices of objects, and LIFO work that should stay on its CPU.
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
 * <p><b>Order.</b> Each stack is last in, first out. There is no order between stacks. A thread that is rescheduled
 * between two calls may use the stack of another index, so {@code pop} after {@code push} need not return the same
 * value.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A push or pop is one downcall. It is wait-free except
 * for restarts, and waits only for {@link #resize}. {@link #drain}, {@link #steal} and {@link #resize} run one at a
 * time, under a lock, and fence all CPUs; threads go on pushing and popping meanwhile. If a thread migrates, also a
 * virtual thread to another carrier, no value is lost or handed out twice.
 *
 * <p><b>Visibility.</b> Actions of a thread before a push are visible to the thread that gets the value, by a pop or by
 * a drain. A drain takes every value whose push happened-before it and that was not popped.
 *
 * <p><b>Memory.</b> 16 bytes for each value of the capacity and 48 more, for each CPU that runs the application's
 * threads. Memory is populated page by page when it is used, and freed when the stack is closed or collected. Pushing
 * and popping allocate nothing, except the pop of a negative value, which takes a second call and may allocate 24
 * bytes. A batch is passed as a segment of some 100 bytes, which the JIT compiler usually eliminates.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>tcmalloc's per-CPU caches and a test of the kernel's rseq (percpu buffer) have stacks of pointers by CPU. The two
 * arrays that take turns, to drain them exactly, are this project's own.
 *
 * @since 0.1.0
 */
public final class PerCpuStack implements AutoCloseable {
    /** The largest capacity. */
    public static final int MAX_CAPACITY = TwinArrays.MAX_CAPACITY_BYTES / Long.BYTES;
    /** The most values of one {@link #pushAll} or {@link #popAll}. */
    public static final int MAX_BATCH = Section.MAX_COPY_BYTES / Long.BYTES;

    /* How it works
     *
     * Push and pop are one section each, on the array in use of the current index (sections.ArrayStack). The section
     * commits the number of used bytes, so a value exists exactly while it is counted. A section's result is not
     * negative; a negative value is popped by the section that copies several values.
     *
     * memory.StackMemory takes the elements of other indices: it puts an empty array in use, fences to end sections on
     * the former array, and then reads that one alone (I9).
     *
     * Refused: a linked list of nodes. It finds each node by a cold pointer, and the memory of a popped node must
     * outlive every section that may still read it.
     */
    private final StackMemory memory;
    private boolean isReadyForBatches;

    /**
     * Creates empty stacks.
     *
     * @param capacity the number of values that each CPU's stack holds, 1 to {@link #MAX_CAPACITY}
     * @throws IllegalArgumentException if the capacity is out of range
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
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
     * @return false if the stack is full; nothing has happened then
     * @throws IllegalStateException if the stack is closed
     */
    public boolean push(long value) {
        long status = StackFunctions.push(memory.arrays(), value);
        while (status == StackFunctions.CLOSED && memory.awaitOpen()) {
            status = StackFunctions.push(memory.arrays(), value);
        }
        return status >= 0;
    }

    /**
     * Pops the value that was last pushed to the current CPU's stack.
     *
     * @param ifEmpty the result if the stack is empty
     * @return the value, or {@code ifEmpty}
     * @throws IllegalStateException if the stack is closed
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
     * Pushes several values to the current CPU's stack, all or none, in one downcall.
     *
     * @param values an array with the values; the last value will be popped first
     * @param from the index of the first value
     * @param count the number of values, 0 to {@link #MAX_BATCH}
     * @return false if the stack has no room for all values; nothing has happened then
     * @throws IndexOutOfBoundsException if the range exceeds the array
     * @throws IllegalArgumentException if there are more than {@link #MAX_BATCH} values
     * @throws IllegalStateException if the stack is closed
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
     * Pops several values from the current CPU's stack, all or none, in one downcall.
     *
     * @param into receives the values, in the order in which they were pushed
     * @param from the index of the first value
     * @param count the number of values, 0 to {@link #MAX_BATCH}
     * @return false if the stack has fewer values; nothing has happened then
     * @throws IndexOutOfBoundsException if the range exceeds the array
     * @throws IllegalArgumentException if there are more than {@link #MAX_BATCH} values
     * @throws IllegalStateException if the stack is closed
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
     * Takes all values from the stacks of all CPUs, while threads go on pushing and popping. The consumer gets each
     * value once that was pushed before and not popped. If the consumer throws, the values after the one for which it
     * threw stay for the next drain or steal.
     *
     * @param consumer receives the values, those of one CPU with the last pushed first. It is called without a lock,
     *     and may use this stack
     * @return the number of values
     * @throws IllegalStateException if the stack is closed
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; nothing was taken then
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(LongConsumer consumer) {
        Objects.requireNonNull(consumer);
        return memory.drain(new Values(consumer));
    }

    /**
     * Takes all values of the CPU that has most, while threads go on using its stack. Call it if the stack of the
     * thread's own CPU is empty. The consumer gets each value once, as in {@link #drain}.
     *
     * @param consumer receives the values, the last pushed first
     * @return the number of values; 0 if all stacks were empty a moment ago
     * @throws IllegalStateException if the stack is closed
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; nothing was taken then
     * @throws RuntimeException if the consumer throws it
     */
    public int steal(LongConsumer consumer) {
        Objects.requireNonNull(consumer);
        return memory.steal(new Values(consumer));
    }

    /** The layout of values: an element is one word. */
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
     * Changes the capacity of each CPU's stack. The stacks keep their values. Pushes and pops wait meanwhile.
     *
     * @param capacity the number of values that each CPU's stack holds, 1 to {@link #MAX_CAPACITY}
     * @throws IllegalArgumentException if the capacity is out of range
     * @throws IllegalStateException if a stack holds more values than that, or is closed; nothing has changed then
     * @throws io.github.rseq4j.KernelException if the kernel refuses memory or a fence; nothing has changed then
     */
    public void resize(int capacity) {
        memory.resize(bytes(capacity));
    }

    /** {@return the number of values that each CPU's stack holds} */
    public int capacity() {
        return (int) memory.arrays().capacityBytes() / Long.BYTES;
    }

    /** {@return the number of values a moment ago, on all CPUs, and of values left by consumers that threw} */
    public long size() {
        return Arrays.stream(sizes()).asLongStream().sum() + memory.returnedBytes() / Long.BYTES;
    }

    /**
     * Returns the number of values of each stack a moment ago, by index: a CPU's number, or a concurrency id (see
     * {@link io.github.rseq4j.Rseq.Availability#index}). The last stack belongs to threads without an index.
     *
     * @return a new array
     */
    public int[] sizes() {
        return Arrays.stream(memory.usedBytes()).map(bytes -> bytes / Long.BYTES).toArray();
    }

    /** Returns the arrays on which sections work, until {@link #resize} is called. */
    TwinArrays arrays() {
        return memory.arrays();
    }

    /** Takes all values of the CPU that has most, in the order in which they were pushed. */
    long[] takeFullest() {
        return memory.takeFullest();
    }

    /** Takes all values of all CPUs. */
    List<long[]> takeAll() {
        return memory.takeAll();
    }

    /**
     * Closes the stack for good. Every later push is refused, and every later pop finds nothing.
     *
     * @return the remaining values, in blocks
     */
    List<long[]> takeAndClose() {
        return memory.close();
    }

    /**
     * Drops all values and frees their memory; drain first to keep the values. This method fences all CPUs. Later calls
     * of other methods throw, and sizes are 0. A second call has no effect.
     *
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; nothing has changed then, and the call
     *     can be repeated
     */
    @Override
    public void close() {
        memory.drop();
    }

    /** Returns size and capacity as text: {@code PerCpuStack[size=3, capacity=64]}. */
    @Override
    public String toString() {
        return "PerCpuStack[size=" + size() + ", capacity=" + capacity() + "]";
    }
}
