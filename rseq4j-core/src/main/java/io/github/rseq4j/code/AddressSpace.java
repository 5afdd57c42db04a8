package io.github.rseq4j.code;

import io.github.rseq4j.kernel.RawMemory;

/** Memory by address: the process's own, or memory of plain Java arrays that answers to addresses of its own. */
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
     * Reads 4 bytes, whole, with opaque order.
     *
     * @param address a multiple of 4
     */
    int getInt(long address);

    /**
     * Writes 4 bytes, whole, with opaque order.
     *
     * @param address a multiple of 4
     * @param value the value
     */
    void putInt(long address, int value);

    /**
     * Reads a byte.
     *
     * @param address any address
     */
    byte getByte(long address);

    /**
     * Writes a byte.
     *
     * @param address any address
     * @param value the value
     */
    void putByte(long address, byte value);
}
