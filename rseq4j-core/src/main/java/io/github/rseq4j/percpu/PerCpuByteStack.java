package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.StackFunctions;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.memory.StackMemory;
import io.github.rseq4j.memory.TwinArrays;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Stacks of byte records, one for each CPU: {@link PerCpuStack} for records of bytes instead of {@code long} values.
 * One downcall copies a record to the stack of the thread's current CPU, and one copies it out. Full and empty are
 * return values.
 *
 * {@snippet lang = java:
 * PerCpuByteStack frames = new PerCpuByteStack(4096, 256); // 4 KiB for each CPU, records of up to 256 bytes
 * byte[] record = "payload".getBytes();
 * boolean pushed = frames.push(record, 0, record.length);  // false when this CPU's stack has no room
 * byte[] buffer = new byte[256];
 * int length = frames.pop(buffer, 0);                      // 7, or -1 when this CPU's stack is empty
 * int drained = frames.drain(each -> System.out.println(each.length)); // what all CPUs had
 * }
 *
 * <p><b>Order, threads, visibility, migration</b> and the behaviour without rseq are those of {@link PerCpuStack}.
 *
 * <p><b>Memory.</b> Twice the capacity and 48 bytes, for each CPU that runs the application's threads. It is populated
 * page by page when it is used, and freed when the stack is closed or collected. A record takes 8 bytes and its length
 * rounded up to a multiple of 8. Pushing and popping a segment allocates nothing. For an array a segment of some 100
 * bytes is created, which the JIT compiler usually eliminates.
 *
 * <p>The structure is that of a test in the kernel's rseq selftests (percpu memcpy buffer).
 *
 * @since 0.1.0
 */
public final class PerCpuByteStack implements AutoCloseable {
    /** The largest capacity in bytes. */
    public static final int MAX_CAPACITY_BYTES = TwinArrays.MAX_CAPACITY_BYTES;
    /** The largest length of a record in bytes. */
    public static final int MAX_RECORD_BYTES = Section.MAX_COPY_BYTES;
    /** The result of {@link #pop} if there is no record. */
    public static final int EMPTY = -1;

    private static final int LENGTH_BYTES = Long.BYTES;

    /* How it works
     *
     *   | record, rounded up to words | its length | record ... | its length |  <- used
     *
     * The length lies after its record, where a pop begins to read. Push and pop are one section each; everything else
     * is as in PerCpuStack. A drain copies the array of each index once, and a drain in place hands out parts of that
     * copy.
     */
    private final StackMemory memory;
    private final int maxRecordBytes;

    /**
     * Creates empty stacks.
     *
     * @param capacityBytes the bytes of each CPU's stack, 16 to {@link #MAX_CAPACITY_BYTES}, rounded up to a multiple
     *     of 8
     * @param maxRecordBytes the largest length of a record in bytes: 0 to {@link #MAX_RECORD_BYTES}, and at most the
     *     rounded capacity less 8
     * @throws IllegalArgumentException if an argument is out of range
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuByteStack(int capacityBytes, int maxRecordBytes) {
        if (capacityBytes < 2 * Long.BYTES || capacityBytes > MAX_CAPACITY_BYTES) {
            throw new IllegalArgumentException("capacityBytes=" + capacityBytes + ", must be " + 2 * Long.BYTES
                    + " to " + MAX_CAPACITY_BYTES);
        }
        int longest = Math.min(MAX_RECORD_BYTES, roundedUp(capacityBytes) - LENGTH_BYTES);
        if (maxRecordBytes < 0 || maxRecordBytes > longest) {
            throw new IllegalArgumentException("maxRecordBytes=" + maxRecordBytes + ", must be 0 to " + longest
                    + " with capacityBytes=" + capacityBytes);
        }
        Engine.get(StackFunctions.class, StackFunctions.Records.class);
        this.memory = new StackMemory(roundedUp(capacityBytes));
        this.maxRecordBytes = maxRecordBytes;
    }

    private static int roundedUp(int bytes) {
        return bytes + Long.BYTES - 1 & -Long.BYTES;
    }

    /**
     * Pushes a record to the current CPU's stack.
     *
     * @param record an array that contains the record, which is copied
     * @param from the offset of the record in the array
     * @param length the length of the record in bytes, 0 to {@link #maxRecordBytes}
     * @return false if the stack has no room for the record; then no record was pushed
     * @throws IndexOutOfBoundsException if the array has no such part
     * @throws IllegalArgumentException if the record is too long
     * @throws IllegalStateException if the stack is closed
     */
    public boolean push(byte[] record, int from, int length) {
        Objects.checkFromIndexSize(from, length, record.length);
        return push(MemorySegment.ofArray(record).asSlice(from, length));
    }

    /**
     * Pushes a record to the current CPU's stack, from a heap or native segment.
     *
     * @param record the record, 0 to {@link #maxRecordBytes} bytes, which are copied
     * @return false if the stack has no room for the record; then no record was pushed
     * @throws IllegalArgumentException if the record is too long
     * @throws IllegalStateException if the segment's scope or the stack is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public boolean push(MemorySegment record) {
        if (record.byteSize() > maxRecordBytes) {
            throw new IllegalArgumentException("length=" + record.byteSize() + ", must be 0 to maxRecordBytes="
                    + maxRecordBytes);
        }
        long status = StackFunctions.pushRecord(memory.arrays(), record);
        while (status == StackFunctions.CLOSED && memory.awaitOpen()) {
            status = StackFunctions.pushRecord(memory.arrays(), record);
        }
        return status >= 0;
    }

    /**
     * Pops the record that was pushed last to the current CPU's stack.
     *
     * @param into the array to which the record is copied
     * @param from the offset of the record in the array; {@link #maxRecordBytes} bytes must follow
     * @return the length of the record in bytes, or {@link #EMPTY}
     * @throws IndexOutOfBoundsException if the array has no room for the longest record
     * @throws IllegalStateException if the stack is closed
     */
    public int pop(byte[] into, int from) {
        Objects.checkFromIndexSize(from, maxRecordBytes, into.length);
        return pop(MemorySegment.ofArray(into).asSlice(from, maxRecordBytes));
    }

    /**
     * Pops the record that was pushed last to the current CPU's stack, to a heap or native segment.
     *
     * @param into the segment to which the record is copied; it has at least {@link #maxRecordBytes} bytes
     * @return the length of the record in bytes, or {@link #EMPTY}
     * @throws IndexOutOfBoundsException if the segment is too short
     * @throws IllegalArgumentException if the segment is read-only
     * @throws IllegalStateException if the segment's scope or the stack is closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public int pop(MemorySegment into) {
        if (into.byteSize() < maxRecordBytes) {
            throw new IndexOutOfBoundsException("byteSize=" + into.byteSize() + ", must be at least maxRecordBytes="
                    + maxRecordBytes);
        }
        if (into.isReadOnly()) {
            throw new IllegalArgumentException("the segment is read only");
        }
        long status = StackFunctions.popRecord(memory.arrays(), into);
        while (status == StackFunctions.CLOSED && memory.awaitOpen()) {
            status = StackFunctions.popRecord(memory.arrays(), into);
        }
        return status >= 0 ? (int) status : EMPTY;
    }

    /**
     * Takes all records from the stacks of all CPUs, while threads go on pushing and popping. The consumer receives
     * each record once that was pushed before and not popped. If it throws, the record for which it threw is taken, and
     * the remaining records stay for the next drain.
     *
     * @param consumer receives each record as an array of its own, those of one CPU one after the other, the last
     *     pushed first. It is called without a lock, and may use this stack
     * @return the number of records
     * @throws IllegalStateException if the stack is closed
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence, membarrier(2) and sched_setaffinity(2);
     *     then nothing was taken
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(Consumer<byte[]> consumer) {
        Objects.requireNonNull(consumer);
        return memory.drain(new Records(consumer));
    }

    /**
     * Takes all records of the CPU that has the most bytes, like {@link #drain}.
     *
     * @param consumer receives the records, the last pushed first
     * @return the number of records; 0 if all stacks were empty a moment ago
     * @throws IllegalStateException if the stack is closed
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; then nothing was taken
     * @throws RuntimeException if the consumer throws it
     */
    public int steal(Consumer<byte[]> consumer) {
        Objects.requireNonNull(consumer);
        return memory.steal(new Records(consumer));
    }

    /**
     * Takes all records, like {@link #drain}, without a copy for each record. It allocates one array for each CPU that
     * had records, and nothing for a record.
     *
     * @param handler receives each record, those of one CPU one after the other, the last pushed first. It is called
     *     without a lock, and may use this stack
     * @return the number of records
     * @throws IllegalStateException if the stack is closed
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; then nothing was taken
     * @throws RuntimeException if the handler throws it
     */
    public int drainInPlace(RecordHandler handler) {
        return memory.drain(new InPlace(Objects.requireNonNull(handler)));
    }

    /**
     * Takes all records of the CPU that has the most bytes, like {@link #steal}, without a copy for each record.
     *
     * @param handler receives the records, the last pushed first
     * @return the number of records; 0 if all stacks were empty a moment ago
     * @throws IllegalStateException if the stack is closed
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; then nothing was taken
     * @throws RuntimeException if the handler throws it
     */
    public int stealInPlace(RecordHandler handler) {
        return memory.steal(new InPlace(Objects.requireNonNull(handler)));
    }

    private static int start(long[] words, int end) {
        return end - 1 - roundedUp((int) words[end - 1]) / Long.BYTES;
    }

    /** Passes records on as parts of the array to which a drain has copied them. */
    private static final class InPlace implements StackMemory.Elements {
        private final RecordHandler handler;
        private long[] words = {};
        private MemorySegment segment = MemorySegment.NULL;

        InPlace(RecordHandler handler) {
            this.handler = handler;
        }

        @Override
        public int start(long[] taken, int end) {
            return PerCpuByteStack.start(taken, end);
        }

        @Override
        @SuppressWarnings("ReferenceEquality") // A segment shows one array.
        public void hand(long[] taken, int start, int end) {
            if (words != taken) {
                segment = MemorySegment.ofArray(taken).asReadOnly();
                words = taken;
            }
            handler.onRecord(segment, (long) start * Long.BYTES, (int) taken[end - 1]);
        }
    }

    /** Passes each record on as an array of its own. */
    private record Records(Consumer<byte[]> consumer) implements StackMemory.Elements {
        @Override
        public int start(long[] words, int end) {
            return PerCpuByteStack.start(words, end);
        }

        @Override
        public void hand(long[] words, int start, int end) {
            consumer.accept(bytes(words, start, (int) words[end - 1]));
        }
    }

    /** The lowest byte of a word is the first one, in the memory of either engine. */
    private static byte[] bytes(long[] words, int from, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (words[from + i / Long.BYTES] >>> i % Long.BYTES * Byte.SIZE);
        }
        return bytes;
    }

    /**
     * Changes the capacity of each CPU's stack. The stacks keep their records. Concurrent pushes and pops wait.
     *
     * @param capacityBytes the bytes of each stack, as for the constructor, with room for the longest record
     * @throws IllegalArgumentException if it is out of range
     * @throws IllegalStateException if a stack holds more than that, or is closed; then nothing has changed
     * @throws io.github.rseq4j.KernelException if the kernel refuses memory, mmap(2), or a fence; then nothing has
     *     changed
     */
    public void resize(int capacityBytes) {
        int least = Math.max(2 * Long.BYTES, roundedUp(maxRecordBytes) + LENGTH_BYTES);
        if (capacityBytes < least || capacityBytes > MAX_CAPACITY_BYTES) {
            throw new IllegalArgumentException("capacityBytes=" + capacityBytes + ", must be " + least + " to "
                    + MAX_CAPACITY_BYTES + " with maxRecordBytes=" + maxRecordBytes);
        }
        memory.resize(roundedUp(capacityBytes));
    }

    /** {@return the bytes of each CPU's stack} */
    public int capacityBytes() {
        return (int) memory.arrays().capacityBytes();
    }

    /** {@return the largest length of a record in bytes} */
    public int maxRecordBytes() {
        return maxRecordBytes;
    }

    /** {@return the bytes used a moment ago by records of all CPUs, and by those that remain after a consumer threw} */
    public long usedBytes() {
        return Arrays.stream(memory.usedBytes()).asLongStream().sum() + memory.returnedBytes();
    }

    /**
     * Drops all records and frees their memory. It fences all CPUs. Afterwards pushing, popping, draining, stealing and
     * resizing throw IllegalStateException, and sizes are 0. Closing again has no effect.
     *
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; then nothing has changed, and it can be
     *     closed again
     */
    @Override
    public void close() {
        memory.drop();
    }

    /** Returns a text of one line: {@code PerCpuByteStack[usedBytes=64, capacityBytes=4096, maxRecordBytes=256]}. */
    @Override
    public String toString() {
        return "PerCpuByteStack[usedBytes=" + usedBytes() + ", capacityBytes=" + capacityBytes() + ", maxRecordBytes="
                + maxRecordBytes + "]";
    }
}
