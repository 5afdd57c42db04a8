package io.github.rseq4j.code;

import io.github.rseq4j.kernel.RawMemory;

/**
 * Memory by address: the process's own, or memory of plain Java arrays that answers to addresses of its own. What is
 * less than 8 bytes is a part of its word, the lowest byte first, as on both of our architectures; memory that can do
 * better overrides that.
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

    private static long word(long address) {
        return address & -Long.BYTES;
    }

    private static int shift(long address) {
        return (int) (address & Long.BYTES - 1) * Byte.SIZE;
    }
}
