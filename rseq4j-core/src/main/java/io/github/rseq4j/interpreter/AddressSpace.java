package io.github.rseq4j.interpreter;

import io.github.rseq4j.kernel.RawMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory by address: the process's own, or memory of plain Java arrays that answers to addresses of its own. A write
 * touches the bytes that it names and no other. The default methods make what is less than 8 bytes a part of its word,
 * the lowest byte first, and write the whole word: they are for memory that one thread has for itself. Memory that
 * several threads share overrides them all.
 */
public interface AddressSpace {
    /** The process's own memory. The caller answers for the addresses. */
    AddressSpace RAW = new AddressSpace() {
        @Override
        public long getLong(long address) {
            return RawMemory.getLong(address);
        }

        @Override
        public void putLong(long address, long value) {
            RawMemory.putLong(address, value);
        }

        @Override
        public boolean compareAndSetLong(long address, long expected, long value) {
            return RawMemory.compareAndSetLong(address, expected, value);
        }

        @Override
        public int getInt(long address) {
            return RawMemory.getInt(address);
        }

        @Override
        public void putInt(long address, int value) {
            RawMemory.putInt(address, value);
        }

        @Override
        public byte getByte(long address) {
            return RawMemory.getByte(address);
        }

        @Override
        public void putByte(long address, byte value) {
            RawMemory.putByte(address, value);
        }

        @Override
        public void copy(long to, long from, long lengthBytes) {
            RawMemory.copy(to, from, lengthBytes);
        }

        @Override
        public void copyIn(long to, MemorySegment from, long lengthBytes) {
            RawMemory.copyIn(to, from, lengthBytes);
        }

        @Override
        public void copyOut(MemorySegment to, long atBytes, long from, long lengthBytes) {
            RawMemory.copyOut(to, atBytes, from, lengthBytes);
        }
    };

    /**
     * Reads 8 bytes, whole, with opaque order.
     *
     * @param address a multiple of 8
     */
    long getLong(long address);

    /**
     * Writes 8 bytes, whole, with opaque order.
     *
     * @param address a multiple of 8
     * @param value the value
     */
    void putLong(long address, long value);

    /**
     * Writes 8 bytes if they hold what is expected, atomically and with the order of a volatile write. That is so
     * against others that do the same. A section of either engine loads, and stores later: one that has loaded what was
     * expected here writes over this. Only a fence tells: what is still there behind it was not written over, and is
     * seen by whoever begins then (I9). Memory that one thread alone simulates on has no such write.
     *
     * @param address a multiple of 8
     * @param expected what they must hold
     * @param value what they hold then
     * @return whether they were written
     * @throws UnsupportedOperationException when this memory has no such write
     */
    default boolean compareAndSetLong(long address, long expected, long value) {
        throw new UnsupportedOperationException("address=" + address + ": this memory has no compare-and-set");
    }

    /**
     * Reads 4 bytes, whole, with opaque order.
     *
     * @param address a multiple of 4
     */
    default int getInt(long address) {
        return (int) (getLong(word(address)) >>> shift(address));
    }

    /**
     * Writes 4 bytes, whole, with opaque order.
     *
     * @param address a multiple of 4
     * @param value the value
     */
    default void putInt(long address, int value) {
        long rest = getLong(word(address)) & ~(0xFFFF_FFFFL << shift(address));
        putLong(word(address), rest | Integer.toUnsignedLong(value) << shift(address));
    }

    /**
     * Reads a byte.
     *
     * @param address any address
     */
    default byte getByte(long address) {
        return (byte) (getLong(word(address)) >>> shift(address));
    }

    /**
     * Writes a byte.
     *
     * @param address any address
     * @param value the value
     */
    default void putByte(long address, byte value) {
        long rest = getLong(word(address)) & ~(0xFFL << shift(address));
        putLong(word(address), rest | Byte.toUnsignedLong(value) << shift(address));
    }

    /**
     * Copies bytes between ranges that do not overlap.
     *
     * @param to where the first byte goes
     * @param from where the first byte lies
     * @param lengthBytes how many
     */
    default void copy(long to, long from, long lengthBytes) {
        for (long i = 0; i < lengthBytes; i++) {
            putByte(to + i, getByte(from + i));
        }
    }

    /**
     * Copies the first bytes of a segment, which is only read.
     *
     * @param to where the first byte goes
     * @param from the segment
     * @param lengthBytes how many
     * @throws IndexOutOfBoundsException when the segment is shorter
     */
    default void copyIn(long to, MemorySegment from, long lengthBytes) {
        for (long i = 0; i < lengthBytes; i++) {
            putByte(to + i, from.get(ValueLayout.JAVA_BYTE, i));
        }
    }

    /**
     * Copies bytes to a segment, of which no other byte is written.
     *
     * @param to the segment
     * @param atBytes where in the segment the first byte goes
     * @param from where the first byte lies
     * @param lengthBytes how many
     * @throws IndexOutOfBoundsException when the segment has no such part
     * @throws IllegalArgumentException when the segment is read-only
     */
    default void copyOut(MemorySegment to, long atBytes, long from, long lengthBytes) {
        for (long i = 0; i < lengthBytes; i++) {
            to.set(ValueLayout.JAVA_BYTE, atBytes + i, getByte(from + i));
        }
    }

    private static long word(long address) {
        return address & -Long.BYTES;
    }

    private static int shift(long address) {
        return (int) (address & Long.BYTES - 1) * Byte.SIZE;
    }
}
