package io.github.rseq4j.percpu;

import io.github.rseq4j.engine.Engine;
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
 * Rings of byte records, one for each CPU: what {@link PerCpuRing} is for {@code long} values. A record is copied in by
 * one downcall on the CPU that the thread runs on, and out by a drainer; full and empty are return values.
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
 * <p><b>Order, threads, visibility</b> and what serves without rseq are those of {@link PerCpuRing}. A push that finds
 * its record too long for the rest of the ring pads that rest by a second downcall and makes a third; it begins again
 * only when other threads have filled the ring up to its end meanwhile, or when it has migrated.
 *
 * <p><b>Room.</b> A record takes 8 bytes and its length rounded up to 8, in one piece: what is left ahead of the ring's
 * end is padded, and counts as used until a drain has passed it. So a ring may refuse a record of more than half of its
 * capacity although no record waits in it, and takes it behind the next drain.
 *
 * <p><b>Memory.</b> The capacity and 128 bytes, for each CPU that runs the application's threads, populated by the page
 * where it is used; it goes back when the rings are closed or collected. Pushing a segment allocates nothing; of an
 * array, it is left to the compiler to leave out the segment of some 100 bytes that is made of it, which it usually
 * does.
 *
 * <p>Records behind their lengths, with padding ahead of the end, are the layout of many logs, Agrona's ring buffers
 * among them.
 */
public final class PerCpuByteRing implements AutoCloseable {
    /** The largest capacity in bytes. */
    public static final int MAX_CAPACITY_BYTES = RingMemory.MAX_CAPACITY_BYTES;
    /** The longest record in bytes. */
    public static final int MAX_RECORD_BYTES = Section.MAX_COPY_BYTES;

    private static final int LENGTH_BYTES = Long.BYTES;
    private static final int MIN_CAPACITY_BYTES = 2 * Long.BYTES;

    /* How it works
     *
     *   tail ->  | length | record, rounded up to words | length | record ... |  <- head       | -1 | rest ... | <- end
     *
     * A push is one section, as in PerCpuRing. It takes one of two ways out when it cannot: the ring is full, or the
     * record does not fit ahead of the end. Then another section writes -1 in place of a length and commits the head at
     * the end, and the push is made again. One section might do both and commit the head behind the record; but a
     * record of nearly the capacity would then never fit from most positions, not even into an empty ring.
     *
     * Each round of that loop but the last commits padding, or finds that the head has moved away from the end; the
     * drainer has to free what is committed, so between two drains there are few rounds, and another one needs a thread
     * that pushed up to the end again, or a migration. Padding at an index that the thread then leaves is harmless: the
     * drainer passes it.
     *
     * The head and the tail are multiples of 8, so there is always room for the word that tells the padding.
     */
    private final RingMemory memory;
    private final int maxRecordBytes;

    /**
     * Makes empty rings.
     *
     * @param capacityBytes how many bytes each CPU's ring holds, 16 to {@link #MAX_CAPACITY_BYTES}, rounded up to a
     *     power of two
     * @param maxRecordBytes the longest record, 0 to {@link #MAX_RECORD_BYTES} and to the rounded capacity less 8
     * @throws IllegalArgumentException when a number is out of its range
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
     * @param record holds the record, which is copied
     * @param from where it begins
     * @param length its length in bytes, 0 to {@link #maxRecordBytes}
     * @return false when the ring has no room for it; no record is pushed then
     * @throws IndexOutOfBoundsException when the array has no such part
     * @throws IllegalArgumentException when the record is too long
     * @throws IllegalStateException when the rings are closed
     */
    public boolean push(byte[] record, int from, int length) {
        Objects.checkFromIndexSize(from, length, record.length);
        return push(MemorySegment.ofArray(record).asSlice(from, length));
    }

    /**
     * Pushes a record to the current CPU's ring, from an array of the heap or from native memory.
     *
     * @param record the record, 0 to {@link #maxRecordBytes} bytes, which are copied
     * @return false when the ring has no room for it; no record is pushed then
     * @throws IllegalArgumentException when the record is too long
     * @throws IllegalStateException when the segment's scope is closed, or the rings are
     * @throws WrongThreadException when the segment is confined to another thread
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
     * Takes all records from all CPUs' rings, while they are in use: each record that was pushed before, and not taken,
     * is handed to the consumer once. If the consumer throws, the record that it threw for is taken, and what it has
     * not got stays for the next drain.
     *
     * @param consumer gets each record as an array of its own; those of one CPU one after the other, the first pushed
     *     first. It may use this ring: a drain of its own takes what is left
     * @return how many there were, without those that the consumer drained itself
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the consumer throws
     */
    public int drain(Consumer<byte[]> consumer) {
        return drain(consumer, Integer.MAX_VALUE);
    }

    /**
     * Takes some records, as {@link #drain(Consumer)} does. It begins with the CPU behind the one where the last drain
     * has ended, so every CPU's turn comes.
     *
     * @param consumer gets each record as an array of its own
     * @param max how many at most, 0 or more
     * @return how many there were
     * @throws IllegalArgumentException when {@code max} is negative
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the consumer throws
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
     * Takes all records, as {@link #drain(Consumer)} does, by way of one array, and allocates nothing for a record.
     *
     * @param buffer holds one record after the other from its beginning, at least {@link #maxRecordBytes} bytes
     * @param consumer gets the buffer and the record's length in bytes; the record is there until it returns
     * @return how many there were
     * @throws IndexOutOfBoundsException when there is no room for the longest record
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the consumer throws
     */
    public int drain(byte[] buffer, ObjIntConsumer<byte[]> consumer) {
        return drain(buffer, consumer, Integer.MAX_VALUE);
    }

    /**
     * Takes some records, as {@link #drain(Consumer, int)} does, by way of one array, and allocates nothing for a
     * record.
     *
     * @param buffer holds one record after the other from its beginning, at least {@link #maxRecordBytes} bytes
     * @param consumer gets the buffer and the record's length in bytes; the record is there until it returns
     * @param max how many at most, 0 or more
     * @return how many there were
     * @throws IndexOutOfBoundsException when there is no room for the longest record
     * @throws IllegalArgumentException when {@code max} is negative
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the consumer throws
     */
    public int drain(byte[] buffer, ObjIntConsumer<byte[]> consumer, int max) {
        Objects.requireNonNull(consumer);
        PerCpuRing.requireMax(max);
        Objects.checkFromIndexSize(0, maxRecordBytes, buffer.length);
        return memory.drain(max, (index, tail) -> take(index, tail, length(index, tail), buffer, consumer));
    }

    /**
     * Takes all records from all CPUs' rings where they lie: no record is copied, and nothing is allocated for a
     * record. Each record that was pushed before, and not taken, is handed to the handler once. Its room is free after
     * the handler has returned. If the handler throws, the record that it threw for is taken, and the later ones stay
     * for the next drain.
     *
     * <p>The handler is called without a lock. While it handles records of one CPU, pushes to that CPU's ring go on
     * until it is full, and other drains, also those of the handler itself, pass over that CPU's ring. The handler may
     * push, and may close the rings; the record that it has then reads as zeros. A segment that is kept after the
     * handler has returned shows other records, or, after the rings were collected, other structures' words.
     *
     * <p>On the fallback each record is copied to one array for the whole drain.
     *
     * @param handler gets each record; those of one CPU one after the other, the first pushed first
     * @return how many records there were
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the handler throws
     */
    public int drainInPlace(RecordHandler handler) {
        return drainInPlace(handler, Integer.MAX_VALUE);
    }

    /**
     * Takes some records where they lie, as {@link #drainInPlace(RecordHandler)} does. It begins with the CPU after the
     * one where the last drain has ended.
     *
     * @param handler gets each record
     * @param max how many records at most, 0 or more
     * @return how many records there were
     * @throws IllegalArgumentException when {@code max} is negative
     * @throws IllegalStateException when the rings are closed
     * @throws RuntimeException what the handler throws
     */
    public int drainInPlace(RecordHandler handler, int max) {
        Objects.requireNonNull(handler);
        PerCpuRing.requireMax(max);
        try {
            return memory.drainInPlace(max, new InPlace(memory, handler, maxRecordBytes));
        } finally {
            Reference.reachabilityFence(memory);
        }
    }

    /** Hands records out as parts of the ring, or, where memory has no segments, of an array. */
    private static final class InPlace implements RingMemory.Elements {
        private final RingMemory memory;
        private final RecordHandler handler;
        private final @Nullable MemorySegment buffer;
        private final MemorySegment shown;

        InPlace(RingMemory memory, RecordHandler handler, int maxRecordBytes) {
            this.memory = memory;
            this.handler = handler;
            this.buffer = memory.view(0) == null ? MemorySegment.ofArray(new byte[maxRecordBytes]) : null;
            this.shown = buffer == null ? MemorySegment.NULL : buffer.asReadOnly();
        }

        @Override
        public int hand(int index, long tail) {
            long at = tail & memory.capacityBytes() - 1;
            int length = (int) memory.word(index, at);
            if (length == ArrayRing.PADDING) {
                memory.free(index, (tail | memory.capacityBytes() - 1) + 1);
                return 0;
            }
            try {
                MemorySegment view = memory.view(index);
                if (view != null) {
                    handler.onRecord(view, at + LENGTH_BYTES, length);
                } else if (buffer != null) {
                    memory.copyOut(index, at + LENGTH_BYTES, buffer, length);
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

    /** Returns a record's length, or that of padding, which is negative. */
    private int length(int index, long tail) {
        return (int) word(index, tail);
    }

    private int take(int index, long tail, int length, byte[] into, ObjIntConsumer<byte[]> consumer) {
        if (length == ArrayRing.PADDING) {
            memory.free(index, (tail | memory.capacityBytes() - 1) + 1);
            return 0;
        }
        int words = length & -Long.BYTES;
        for (int i = 0; i < words; i += Long.BYTES) {
            RingFunctions.Records.WORD.set(into, i, word(index, tail + LENGTH_BYTES + i));
        }
        // The lowest byte of a word is the first one, as in every memory of ours.
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

    /** {@return how many bytes each CPU's ring holds} */
    public int capacityBytes() {
        return memory.capacityBytes();
    }

    /** {@return the longest record in bytes} */
    public int maxRecordBytes() {
        return maxRecordBytes;
    }

    /** {@return how many bytes were used a moment ago by records and padding, on all CPUs} */
    public long usedBytes() {
        return Arrays.stream(usedBytesByIndex()).asLongStream().sum();
    }

    /**
     * Returns how many bytes of each ring were used a moment ago by records and padding, by its index, as
     * {@link PerCpuRing#sizes} does.
     *
     * @return a new array
     */
    public int[] usedBytesByIndex() {
        return memory.used(capacityBytes());
    }

    /**
     * Drops all records and gives their memory back, as {@link PerCpuRing#close} does with values. From then on push
     * and drain throw, sizes are 0. Closing again does nothing.
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
