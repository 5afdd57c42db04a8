package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory by address. The caller is responsible for the address: only its alignment is checked.
 */
public final class RawMemory {
    private static final MemorySegment ALL = Native.everything();

    /**
     * The handles of words, made at the first access to a word. They cost a fresh JVM milliseconds, and its first
     * update does not need them.
     */
    private static final class Words {
        private static final VarHandle LONG = JAVA_LONG.varHandle();
        private static final VarHandle INT = JAVA_INT.varHandle();
    }

    private RawMemory() {}

    /** Initialises the access to words, so that later accesses need little stack. */
    public static void prepare() {
        Initialized.require(MethodHandles.lookup(), Words.class);
    }

    /**
     * Returns a part of memory as a read-only segment of the global scope. The caller is responsible for the address.
     *
     * @param address the first byte
     * @param lengthBytes the length in bytes
     */
    public static MemorySegment view(long address, long lengthBytes) {
        return ALL.asSlice(address, lengthBytes).asReadOnly();
    }

    /**
     * Reads 8 bytes, whole, with opaque order: the commit of another CPU's section becomes visible eventually.
     *
     * @param address a multiple of 8
     * @return the value
     */
    public static long getLong(long address) {
        return (long) Words.LONG.getOpaque(ALL, address);
    }

    /**
     * Writes 8 bytes, whole, with opaque order.
     *
     * @param address a multiple of 8
     * @param value the value
     */
    public static void putLong(long address, long value) {
        Words.LONG.setOpaque(ALL, address, value);
    }

    /**
     * Compares and sets 8 bytes with the order of a volatile write. It is atomic with respect to other
     * compare-and-sets, and not with respect to sections: a running section that has loaded the word commits over the
     * new value (I9).
     *
     * @param address a multiple of 8
     * @param expected the value that they must have
     * @param value the new value
     * @return whether they were written
     */
    public static boolean compareAndSetLong(long address, long expected, long value) {
        return Words.LONG.compareAndSet(ALL, address, expected, value);
    }

    /**
     * Reads 4 bytes, whole, with opaque order.
     *
     * @param address a multiple of 4
     * @return the value
     */
    public static int getInt(long address) {
        return (int) Words.INT.getOpaque(ALL, address);
    }

    /**
     * Writes 4 bytes, whole, with opaque order.
     *
     * @param address a multiple of 4
     * @param value the value
     */
    public static void putInt(long address, int value) {
        Words.INT.setOpaque(ALL, address, value);
    }

    /**
     * Reads a byte.
     *
     * @param address any address
     * @return the value
     */
    public static byte getByte(long address) {
        return ALL.get(JAVA_BYTE, address);
    }

    /**
     * Writes a byte.
     *
     * @param address any address
     * @param value the value
     */
    public static void putByte(long address, byte value) {
        ALL.set(JAVA_BYTE, address, value);
    }

    /**
     * Copies bytes.
     *
     * @param to the address to which the first byte is copied
     * @param from the address of the first byte
     * @param lengthBytes the number of bytes
     */
    public static void copy(long to, long from, long lengthBytes) {
        MemorySegment.copy(ALL, from, ALL, to, lengthBytes);
    }

    /**
     * Copies the first bytes of a segment to an address.
     *
     * @param to the address to which the first byte is copied
     * @param from the segment
     * @param lengthBytes the number of bytes
     */
    public static void copyIn(long to, MemorySegment from, long lengthBytes) {
        MemorySegment.copy(from, 0, ALL, to, lengthBytes);
    }

    /**
     * Copies bytes to a segment.
     *
     * @param to the segment
     * @param atBytes the offset in the segment to which the first byte is copied
     * @param from the address of the first byte
     * @param lengthBytes the number of bytes
     */
    public static void copyOut(MemorySegment to, long atBytes, long from, long lengthBytes) {
        MemorySegment.copy(ALL, from, to, atBytes, lengthBytes);
    }

    /**
     * Returns memory as a buffer, for accesses without memory order. It needs no handle and no layout, whose first uses
     * cost a fresh JVM milliseconds.
     */
    private static ByteBuffer buffer(long address, int lengthBytes) {
        return ALL.asSlice(address, lengthBytes).asByteBuffer().order(ByteOrder.nativeOrder());
    }

    /**
     * Writes bytes.
     *
     * @param address the address of the first byte
     * @param bytes the bytes
     */
    public static void put(long address, byte[] bytes) {
        buffer(address, bytes.length).put(bytes);
    }

    /**
     * Reads bytes.
     *
     * @param address the address of the first byte
     * @param lengthBytes the number of bytes
     * @return a new array
     */
    public static byte[] get(long address, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        buffer(address, lengthBytes).get(bytes);
        return bytes;
    }

    /**
     * Reads 8 bytes that no other thread writes: without memory order, and not necessarily in one access.
     *
     * @param address any address
     * @return the value
     */
    public static long readLong(long address) {
        return buffer(address, Long.BYTES).getLong();
    }

    /**
     * Writes 8 bytes that no other thread reads, as {@link #readLong} reads them.
     *
     * @param address any address
     * @param value the value
     */
    static void writeLong(long address, long value) {
        buffer(address, Long.BYTES).putLong(value);
    }

    /**
     * mincore(2): returns an upper bound of the resident bytes in a part of memory.
     *
     * @param address a page's address
     * @param lengthBytes the length of the part
     * @return the bytes of its resident pages; all bytes if the kernel cannot tell
     */
    public static long residentBytes(long address, long lengthBytes) {
        long pageBytes = Linux.getauxval(Linux.AT_PAGESZ);
        long pages = (lengthBytes + pageBytes - 1) / pageBytes;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(pages);
            if (Native.call(Native.find("mincore"), address, lengthBytes, answer.address()).intOrNegativeErrno() < 0) {
                return lengthBytes;
            }
            long resident = 0;
            for (long i = 0; i < pages; i++) {
                resident += answer.get(JAVA_BYTE, i) & 1;
            }
            return resident * pageBytes;
        }
    }
}
