package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.RingFunctions;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.memory.RingMemory;
import io.github.rseq4j.sections.ArrayRing;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Rings of byte records, one for each CPU: {@link PerCpuRing} for records of bytes instead of {@code long} values. One
 * downcall copies a record to the ring of the thread's current CPU; a drainer takes it out. Full and empty are return
 * values. Use it for logs and traces.
 *
 * {@snippet lang = java:
 * PerCpuByteRing log = new PerCpuByteRing(4096, 256);    // 4 KiB for each CPU, records of up to 256 bytes
 * byte[] record = "payload".getBytes();
 * boolean pushed = log.push(record, 0, record.length);   // false when this CPU's ring has no room
 * int drained = log.drain(each -> System.out.println(each.length)); // 1: what all CPUs had
 * byte[] buffer = new byte[256];                         // used for each record again: nothing is allocated
 * int others = log.drain(buffer, (bytes, length) -> System.out.write(bytes, 0, length));
 * int more = log.drainInPlace((segment, offset, length) ->  // without a copy: the record as it lies in the ring
 *         System.out.println(segment.asSlice(offset, length)));
 * }
 *
 * <p><b>Order, threads, visibility, migration</b> and the behaviour without rseq are those of {@link PerCpuRing}. If a
 * record is longer than the rest of the ring, the push pads the rest with a second downcall and then makes a third one.
 * It repeats these steps only if other threads have filled the ring up to its end meanwhile, or if it has migrated.
 *
 * <p><b>Room.</b> A record takes 8 bytes and its length rounded up to a multiple of 8, in one piece. If it does not fit
 * before the ring's end, the rest is padded; padding is in use until a drain has passed it. So an empty ring may refuse
 * a record of more than half of its capacity, and accepts it after the next drain.
 *
 * <p><b>Memory.</b> The capacity and 128 bytes, for each CPU that runs the application's threads. It is populated page
 * by page when it is used, and freed when the rings are closed or collected. A push of a segment allocates nothing. A
 * push of an array creates a segment of some 100 bytes, which the JIT compiler usually eliminates.
 *
 * <p>Many logs have this layout, records after their lengths and padding before the end, Agrona's ring buffers among
 * them.
 *
 * @since 0.1.0
 */
public final class PerCpuByteRing implements AutoCloseable {
    /** The largest capacity in bytes. */
    public static final int MAX_CAPACITY_BYTES = RingMemory.MAX_CAPACITY_BYTES;
    /** The largest length of a record in bytes. */
    public static final int MAX_RECORD_BYTES = Section.MAX_COPY_BYTES;

    private static final int LENGTH_BYTES = Long.BYTES;
    private static final int MIN_CAPACITY_BYTES = 2 * Long.BYTES;

    /* How it works
     *
     *   tail ->  | length | record, rounded up to words | length | record ... |  <- head       | -1 | rest ... | <- end
     *
     * A push is one section, as in PerCpuRing. The section exits if the ring is full, or if the record does not fit
     * before the end. In the second case another section writes -1 in place of a length and commits the head at the
     * end; then the push is repeated.
     *
     * Each round of this loop except the last commits padding, or finds that the head has moved away from the end. The
     * drainer frees committed padding, so there are few rounds between two drains. Padding at an index that the thread
     * then leaves is harmless: the drainer passes it.
     *
     * Head and tail are multiples of 8, so there is always room for the word of the padding.
     *
     * A drain in place hands out the slots themselves and frees each record after its handler (memory.RingMemory).
     *
     * Refused: one section that pads and pushes. A record of nearly the capacity would then not fit from most
     * positions, even into an empty ring.
     */
    private final RingMemory memory;
    private final int maxRecordBytes;

    /**
     * Creates empty rings.
     *
     * @param capacityBytes the bytes of each CPU's ring, 16 to {@link #MAX_CAPACITY_BYTES}, rounded up to a power of
     *     two
     * @param maxRecordBytes the largest length of a record in bytes: 0 to {@link #MAX_RECORD_BYTES}, and at most the
     *     rounded capacity less 8
     * @throws IllegalArgumentException if an argument is out of range
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuByteRing(int capacityBytes, int maxRecordBytes) {
        if (capacityBytes < MIN_CAPACITY_BYTES || capacityBytes > MAX_CAPACITY_BYTES) {
            throw new IllegalArgumentException("capacityBytes=" + capacityBytes + ", must be " + MIN_CAPACITY_BYTES
                    + " to " + MAX_CAPACITY_BYTES);
        }
        int rounded = PerCpuRing.powerOfTwo(capacityBytes);
        int longest = Math.min(MAX_RECORD_BYTES, rounded - LENGTH_BYTES);
        if (maxRecordBytes < 0 || maxRecordBytes > longest) {
            throw new IllegalArgumentException("maxRecordBytes=" + maxRecordBytes + ", must be 0 to " + longest
                    + " with capacityBytes=" + capacityBytes);
        }
        Engine.get(RingFunctions.class, RingFunctions.Records.class);
        this.memory = new RingMemory(rounded);
        this.maxRecordBytes = maxRecordBytes;
    }

    private static long needBytes(long length) {
        return LENGTH_BYTES + (length + Long.BYTES - 1 & -Long.BYTES);
    }

    /**
     * Pushes a record to the current CPU's ring.
     *
     * @param record an array that contains the record, which is copied
     * @param from the offset of the record in the array
     * @param length the length of the record in bytes, 0 to {@link #maxRecordBytes}
     * @return false if the ring has no room for the record; then no record was pushed
     * @throws IndexOutOfBoundsException if the array has no such part
     * @throws IllegalArgumentException if the record is too long
     * @throws IllegalStateException if the rings are closed
     */
    public boolean push(byte[] record, int from, int length) {
        Objects.checkFromIndexSize(from, length, record.length);
        return push(MemorySegment.ofArray(record).asSlice(from, length));
    }

    /**
     * Pushes a record to the current CPU's ring, from a heap or native segment.
     *
     * @param record the record, 0 to {@link #maxRecordBytes} bytes, which are copied
     * @return false if the ring has no room for the record; then no record was pushed
     * @throws IllegalArgumentException if the record is too long
     * @throws IllegalStateException if the segment's scope or the rings are closed
     * @throws WrongThreadException if the segment is confined to another thread
     */
    public boolean push(MemorySegment record) {
        if (record.byteSize() > maxRecordBytes) {
            throw new IllegalArgumentException("length=" + record.byteSize() + ", must be 0 to maxRecordBytes="
                    + maxRecordBytes);
        }
        long needBytes = needBytes(record.byteSize());
        long status = RingFunctions.pushRecord(memory, record, needBytes);
        while (status == RingFunctions.END && RingFunctions.pad(memory, needBytes) != RingFunctions.FULL) {
            status = RingFunctions.pushRecord(memory, record, needBytes);
        }
        if (status < 0) {
            memory.requireOpen();
        }
        return status >= 0;
    }

    /**
     * Takes all records from the rings of all CPUs, while threads go on pushing. The consumer receives each record once
     * that was pushed before and not taken yet. It is called without a lock. If it throws, the record for which it
     * threw is taken, and the records after it stay for the next drain.
     *
     * @param consumer receives each record as an array of its own, those of one CPU in the order in which they were
     *     pushed. It may use these rings: a drain of its own takes the remaining records
     * @return the number of records, without those that the consumer drained itself
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(Consumer<byte[]> consumer) {
        return drain(consumer, Integer.MAX_VALUE);
    }

    /**
     * Takes a limited number of records, like {@link #drain(Consumer)}. It begins with the CPU after the one at which
     * the last drain ended, so that each CPU has its turn.
     *
     * @param consumer receives each record as an array of its own
     * @param max the most records, 0 or more
     * @return the number of records
     * @throws IllegalArgumentException if {@code max} is negative
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(Consumer<byte[]> consumer, int max) {
        Objects.requireNonNull(consumer);
        PerCpuRing.requireMax(max);
        return memory.drain(max, (index, tail) -> {
            int length = length(index, tail);
            byte[] bytes = new byte[Math.max(0, length)];
            return take(index, tail, length, bytes, (record, _) -> consumer.accept(record));
        });
    }

    /**
     * Takes all records, like {@link #drain(Consumer)}, and copies each one to the beginning of one array. It allocates
     * nothing for a record.
     *
     * @param buffer the array, at least {@link #maxRecordBytes} bytes
     * @param consumer receives the buffer and the length of the record in bytes; the record stays there until the
     *     consumer returns
     * @return the number of records
     * @throws IndexOutOfBoundsException if the buffer is too short
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(byte[] buffer, ObjIntConsumer<byte[]> consumer) {
        return drain(buffer, consumer, Integer.MAX_VALUE);
    }

    /**
     * Takes a limited number of records, like {@link #drain(Consumer, int)}, and copies each one to the beginning of
     * one array. It allocates nothing for a record.
     *
     * @param buffer the array, at least {@link #maxRecordBytes} bytes
     * @param consumer receives the buffer and the length of the record in bytes; the record stays there until the
     *     consumer returns
     * @param max the most records, 0 or more
     * @return the number of records
     * @throws IndexOutOfBoundsException if the buffer is too short
     * @throws IllegalArgumentException if {@code max} is negative
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the consumer throws it
     */
    public int drain(byte[] buffer, ObjIntConsumer<byte[]> consumer, int max) {
        Objects.requireNonNull(consumer);
        PerCpuRing.requireMax(max);
        Objects.checkFromIndexSize(0, maxRecordBytes, buffer.length);
        return memory.drain(max, (index, tail) -> take(index, tail, length(index, tail), buffer, consumer));
    }

    /**
     * Takes all records, like {@link #drain(Consumer)}, but without copying them. It allocates nothing for a record.
     * The room of a record is free after its handler has returned. If the handler throws, the record for which it threw
     * is taken, and the records after it stay for the next drain.
     *
     * <p>The handler is called without a lock. While it handles the records of one CPU, threads go on pushing to the
     * ring of this CPU until the ring is full. Other drains skip this ring; so do drains that the handler makes. The
     * handler may push. It may also close the rings; the rest of its record may then read as zeros. The handler must
     * not keep the segment: later the segment contains other records or, after the rings were collected, words of other
     * structures.
     *
     * <p>On the fallback each record is copied to one array of the drain.
     *
     * @param handler receives each record, those of one CPU in the order in which they were pushed
     * @return the number of records
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the handler throws it
     */
    public int drainInPlace(RecordHandler handler) {
        return drainInPlace(handler, Integer.MAX_VALUE);
    }

    /**
     * Takes a limited number of records, like {@link #drainInPlace(RecordHandler)}. It begins with the CPU after the
     * one at which the last drain ended.
     *
     * @param handler receives each record
     * @param max the most records, 0 or more
     * @return the number of records
     * @throws IllegalArgumentException if {@code max} is negative
     * @throws IllegalStateException if the rings are closed
     * @throws RuntimeException if the handler throws it
     */
    public int drainInPlace(RecordHandler handler, int max) {
        Objects.requireNonNull(handler);
        PerCpuRing.requireMax(max);
        try {
            return memory.drainInPlace(max, new InPlace(handler));
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /** Passes records on as parts of the ring or, if the memory has no segments, of an array. */
    private final class InPlace implements RingMemory.Elements {
        private final RecordHandler handler;
        /** Null if the memory has segments. */
        private final @Nullable MemorySegment buffer;
        private final MemorySegment shown;

        InPlace(RecordHandler handler) {
            this.handler = handler;
            this.buffer = memory.view(0) == null ? MemorySegment.ofArray(new byte[maxRecordBytes]) : null;
            this.shown = buffer == null ? MemorySegment.NULL : buffer.asReadOnly();
        }

        @Override
        public int hand(int index, long tail) {
            int length = length(index, tail);
            if (length == ArrayRing.PADDING) {
                return skip(index, tail);
            }
            long at = (tail & memory.capacityBytes() - 1) + LENGTH_BYTES;
            try {
                MemorySegment view = memory.view(index);
                if (view != null) {
                    handler.onRecord(view, at, length);
                } else if (buffer != null) {
                    memory.copyOut(index, at, buffer, length);
                    handler.onRecord(shown, 0, length);
                }
            } finally {
                memory.free(index, tail + needBytes(length));
            }
            return 1;
        }
    }

    private long word(int index, long counted) {
        return memory.word(index, counted & memory.capacityBytes() - 1);
    }

    /** Returns the length of a record; it is negative for padding. */
    private int length(int index, long tail) {
        return (int) word(index, tail);
    }

    /** Frees padding, which reaches to the end of the ring, and returns the 0 records in it. */
    private int skip(int index, long tail) {
        memory.free(index, (tail | memory.capacityBytes() - 1) + 1);
        return 0;
    }

    private int take(int index, long tail, int length, byte[] into, ObjIntConsumer<byte[]> consumer) {
        if (length == ArrayRing.PADDING) {
            return skip(index, tail);
        }
        int words = length & -Long.BYTES;
        for (int i = 0; i < words; i += Long.BYTES) {
            RingFunctions.Records.WORD.set(into, i, word(index, tail + LENGTH_BYTES + i));
        }
        // The lowest byte of a word is the first one, in the memory of either engine.
        for (int i = words; i < length; i++) {
            into[i] = (byte) (word(index, tail + LENGTH_BYTES + words) >>> (i - words) * Byte.SIZE);
        }
        memory.free(index, tail + needBytes(length));
        memory.leave();
        try {
            consumer.accept(into, length);
        } finally {
            memory.enter();
        }
        return 1;
    }

    /** {@return the bytes of each CPU's ring} */
    public int capacityBytes() {
        return memory.capacityBytes();
    }

    /** {@return the largest length of a record in bytes} */
    public int maxRecordBytes() {
        return maxRecordBytes;
    }

    /** {@return the bytes that records and padding of all CPUs used a moment ago} */
    public long usedBytes() {
        return Arrays.stream(usedBytesByIndex()).asLongStream().sum();
    }

    /**
     * Returns the bytes that records and padding of each ring used a moment ago, by index, like
     * {@link PerCpuRing#sizes}.
     *
     * @return a new array
     */
    public int[] usedBytesByIndex() {
        return memory.used(capacityBytes());
    }

    /**
     * Drops all records and frees their memory, like {@link PerCpuRing#close}. Afterwards pushing and draining throw
     * IllegalStateException, and sizes are 0. Closing again has no effect.
     */
    @Override
    public void close() {
        memory.close();
    }

    /** Returns a text of one line: {@code PerCpuByteRing[usedBytes=64, capacityBytes=4096, maxRecordBytes=256]}. */
    @Override
    public String toString() {
        return "PerCpuByteRing[usedBytes=" + usedBytes() + ", capacityBytes=" + capacityBytes() + ", maxRecordBytes="
                + maxRecordBytes + "]";
    }
}
