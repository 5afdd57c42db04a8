package io.github.rseq4j.interpreter;

import io.github.rseq4j.kernel.RawMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import java.lang.foreign.ValueLayout;

/**
 * Memory by address: the process's own memory, or Java arrays with addresses of their own. A write changes only the
 * bytes that it names. The default methods treat less than 8 bytes as a part of a word, lowest byte first, and write
 * the whole word. They are for memory of a single thread; memory that several threads share overrides all of them.
 */
public interface AddressSpace {
    /** The process's own memory. The caller is responsible for the addresses. */
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

        @Override
        public MemorySegment view(long address, long lengthBytes) {
            return RawMemory.view(address, lengthBytes);
        }
    };

    /**
     * Returns a part of this memory as a read-only segment, or null if this memory has no such segments. The caller
     * answers for the address.
     *
     * @param address the first byte
     * @param lengthBytes the length in bytes
     */
    default @Nullable MemorySegment view(long address, long lengthBytes) {
        return null;
    }

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
     * Writes 8 bytes if they hold an expected value, with the order of a volatile write. The write is atomic only with
     * respect to other calls of this method. A section loads a word and stores to it later, on either engine. A section
     * that has loaded the expected value overwrites this write. So the caller fences and reads the word again: a value
     * that is still there was not overwritten, and sections that begin later see it (I9). Memory for simulations on one
     * thread does not have this method.
     *
     * @param address a multiple of 8
     * @param expected the expected value
     * @param value the new value
     * @return whether the value was written
     * @throws UnsupportedOperationException if this memory does not have this method
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
     * @param to the address of the first byte written
     * @param from the address of the first byte read
     * @param lengthBytes the number of bytes
     */
    default void copy(long to, long from, long lengthBytes) {
        for (long i = 0; i < lengthBytes; i++) {
            putByte(to + i, getByte(from + i));
        }
    }

    /**
     * Copies the first bytes of a segment, which is only read.
     *
     * @param to the address of the first byte written
     * @param from the segment
     * @param lengthBytes the number of bytes
     * @throws IndexOutOfBoundsException if the segment is shorter
     */
    default void copyIn(long to, MemorySegment from, long lengthBytes) {
        for (long i = 0; i < lengthBytes; i++) {
            putByte(to + i, from.get(ValueLayout.JAVA_BYTE, i));
        }
    }

    /**
     * Copies bytes to a segment. Other bytes of the segment are not written.
     *
     * @param to the segment
     * @param atBytes the offset in the segment
     * @param from the address of the first byte read
     * @param lengthBytes the number of bytes
     * @throws IndexOutOfBoundsException if the range exceeds the segment
     * @throws IllegalArgumentException if the segment is read-only
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
