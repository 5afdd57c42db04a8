package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.memory.StackMemory;
import io.github.rseq4j.memory.TwinArrays;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Stacks of byte records, one for each CPU: what {@link PerCpuStack} is for {@code long} values. A record is copied in
 * by one downcall, and out by one, on the CPU that the thread runs on; full and empty are return values.
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
 * <p><b>Order, threads, visibility</b> and what serves without rseq are those of {@link PerCpuStack}.
 *
 * <p><b>Memory.</b> Twice the capacity and 48 bytes, for each CPU that runs the application's threads, populated by the
 * page where it is used; it goes back when the stack is closed or collected. A record takes its length rounded up to
 * 8, and 8 bytes more. Pushing and popping a segment allocates nothing; of an array, it is left to the compiler to
 * leave out the segment of some 100 bytes that is made of it, which it usually does.
 *
 * <p>After the kernel's rseq selftest (percpu memcpy buffer).
 */
public final class PerCpuByteStack implements AutoCloseable {
    /** The largest capacity in bytes. */
    public static final int MAX_CAPACITY_BYTES = TwinArrays.MAX_CAPACITY_BYTES;
    /** The longest record in bytes. */
    public static final int MAX_RECORD_BYTES = Section.MAX_COPY_BYTES;
    /** What {@link #pop} returns when there is no record. */
    public static final int EMPTY = -1;

    private static final int LENGTH_BYTES = Long.BYTES;

    /* How it works
     *
     *   | record, rounded up to words | its length | record ... | its length |  <- used
     *
     * The length stands behind its record, where a pop begins to read. Push and pop are one section each; the rest is
     * as in PerCpuStack.
     */
    private final StackMemory memory;
    private final int maxRecordBytes;

    /**
     * Makes empty stacks.
     *
     * @param capacityBytes how many bytes each CPU's stack holds, 16 to {@link #MAX_CAPACITY_BYTES}, rounded up to a
     *     multiple of 8
     * @param maxRecordBytes the longest record, 0 to {@link #MAX_RECORD_BYTES} and to what the capacity has room for
     * @throws IllegalArgumentException when a number is out of its range
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
     * @param record holds the record, which is copied
     * @param from where it begins
     * @param length its length in bytes, 0 to {@link #maxRecordBytes}
     * @return false when the stack has no room for it; nothing has happened then
     * @throws IndexOutOfBoundsException when the array has no such part
     * @throws IllegalArgumentException when the record is too long
     * @throws IllegalStateException when the stack is closed
     */
    public boolean push(byte[] record, int from, int length) {
        Objects.checkFromIndexSize(from, length, record.length);
        return push(MemorySegment.ofArray(record).asSlice(from, length));
    }

    /**
     * Pushes a record to the current CPU's stack, from an array of the heap or from native memory.
     *
     * @param record the record, 0 to {@link #maxRecordBytes} bytes, which are copied
     * @return false when the stack has no room for it; nothing has happened then
     * @throws IllegalArgumentException when the record is too long
     * @throws IllegalStateException when the segment's scope is closed, or the stack is
     * @throws WrongThreadException when the segment is confined to another thread
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
     * @param into where it is copied to
     * @param from where it begins there; {@link #maxRecordBytes} bytes must have room from there on
     * @return its length in bytes, or {@link #EMPTY}
     * @throws IndexOutOfBoundsException when the array has no room for the longest record there
     * @throws IllegalStateException when the stack is closed
     */
    public int pop(byte[] into, int from) {
        Objects.checkFromIndexSize(from, maxRecordBytes, into.length);
        return pop(MemorySegment.ofArray(into).asSlice(from, maxRecordBytes));
    }

    /**
     * Pops the record that was pushed last to the current CPU's stack, into an array of the heap or native memory.
     *
     * @param into where it is copied to; it must have room for {@link #maxRecordBytes} bytes
     * @return its length in bytes, or {@link #EMPTY}
     * @throws IndexOutOfBoundsException when there is no room for the longest record
     * @throws IllegalStateException when the segment's scope is closed, or the stack is
     * @throws WrongThreadException when the segment is confined to another thread
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
     * Takes all records from all CPUs' stacks, while they are in use: each record that was pushed before, and not
     * popped, is handed to the consumer once. If the consumer throws, what it has not got stays for the next drain.
     *
     * @param consumer gets each record as an array of its own; those of one CPU one after the other, the last pushed
     *     first. It is called without a lock, and may use this stack
     * @return how many there were
     * @throws IllegalStateException when the stack is closed
     * @throws RuntimeException what the consumer throws; or when the kernel refuses a fence, and nothing was taken then
     */
    public int drain(Consumer<byte[]> consumer) {
        Objects.requireNonNull(consumer);
        return memory.drain(new Records(consumer));
    }

    /**
     * Takes all records of the CPU that has most bytes, while its stack is in use, as {@link #drain} does.
     *
     * @param consumer gets the records, the last pushed first
     * @return how many there were; 0 when all stacks were empty a moment ago
     * @throws IllegalStateException when the stack is closed
     * @throws RuntimeException what the consumer throws; or when the kernel refuses a fence, and nothing was taken then
     */
    public int steal(Consumer<byte[]> consumer) {
        Objects.requireNonNull(consumer);
        return memory.steal(new Records(consumer));
    }

    /**
     * Takes all records from all CPUs' stacks, as {@link #drain} does, and hands each one out where the drain has put
     * it: nothing is allocated for a record, but one array for each CPU that had some.
     *
     * @param handler gets each record; those of one CPU one after the other, the last pushed first. It is called
     *     without a lock, and may use this stack
     * @return how many records there were
     * @throws IllegalStateException when the stack is closed
     * @throws RuntimeException what the handler throws; or when the kernel refuses a fence, and nothing was taken then
     */
    public int drainInPlace(RecordHandler handler) {
        return memory.drain(new InPlace(Objects.requireNonNull(handler)));
    }

    /**
     * Takes all records of the CPU that has most bytes, as {@link #steal} does, and hands each one out as
     * {@link #drainInPlace} does.
     *
     * @param handler gets the records, the last pushed first
     * @return how many records there were; 0 when all stacks were empty a moment ago
     * @throws IllegalStateException when the stack is closed
     * @throws RuntimeException what the handler throws; or when the kernel refuses a fence, and nothing was taken then
     */
    public int stealInPlace(RecordHandler handler) {
        return memory.steal(new InPlace(Objects.requireNonNull(handler)));
    }

    private static int start(long[] words, int end) {
        return end - 1 - roundedUp((int) words[end - 1]) / Long.BYTES;
    }

    /** Hands records out as parts of the array that a drain has put them in. */
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
        public void hand(long[] taken, int start, int end) {
            if (words != taken) {
                segment = MemorySegment.ofArray(taken).asReadOnly();
                words = taken;
            }
            handler.onRecord(segment, (long) start * Long.BYTES, (int) taken[end - 1]);
        }
    }

    /** A record is its bytes and, in the last word, their number. */
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

    /** The lowest byte of a word is the first one, as in every memory of ours. */
    private static byte[] bytes(long[] words, int from, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (words[from + i / Long.BYTES] >>> i % Long.BYTES * Byte.SIZE);
        }
        return bytes;
    }

    /**
     * Changes how many bytes each CPU's stack holds, while they are in use: they keep their records. Pushing and
     * popping waits meanwhile.
     *
     * @param capacityBytes how many, as for the constructor and with room for the longest record
     * @throws IllegalArgumentException when it is out of range
     * @throws IllegalStateException when a stack holds more than that, or is closed; nothing has changed then
     * @throws io.github.rseq4j.KernelException when the kernel refuses memory or a fence; nothing has changed then
     */
    public void resize(int capacityBytes) {
        int least = Math.max(2 * Long.BYTES, roundedUp(maxRecordBytes) + LENGTH_BYTES);
        if (capacityBytes < least || capacityBytes > MAX_CAPACITY_BYTES) {
            throw new IllegalArgumentException("capacityBytes=" + capacityBytes + ", must be " + least + " to "
                    + MAX_CAPACITY_BYTES + " with maxRecordBytes=" + maxRecordBytes);
        }
        memory.resize(roundedUp(capacityBytes));
    }

    /** {@return how many bytes each CPU's stack holds} */
    public int capacityBytes() {
        return (int) memory.arrays().capacityBytes();
    }

    /** {@return the longest record in bytes} */
    public int maxRecordBytes() {
        return maxRecordBytes;
    }

    /** {@return how many bytes were used a moment ago, on all CPUs and left by consumers that threw} */
    public long usedBytes() {
        return Arrays.stream(memory.usedBytes()).asLongStream().sum() + memory.returnedBytes();
    }

    /**
     * Drops all records and gives their memory back; drain before, for those that are wanted. It fences all CPUs. From
     * then on pushing, popping, draining, stealing and resizing throw, sizes are 0. Closing again does nothing.
     *
     * @throws io.github.rseq4j.KernelException when the kernel refuses a fence; nothing has changed then, and it can be
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
