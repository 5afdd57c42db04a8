package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Memory by address. The caller answers for the address: nothing is checked here but alignment.
 */
public final class RawMemory {
    private static final MemorySegment ALL = Native.everything();

    /** Made when a word is first touched: a fresh JVM takes milliseconds for it, which its start does not need. */
    private static final class Words {
        private static final VarHandle LONG = JAVA_LONG.varHandle();
        private static final VarHandle INT = JAVA_INT.varHandle();
    }

    private RawMemory() {}

    /** Makes sure that words can be read and written from now on, however little stack is left. */
    public static void prepare() {
        Initialized.require(MethodHandles.lookup(), Words.class);
    }

    /**
     * Returns a part of memory as a read-only segment that never ends. The caller answers for the address.
     *
     * @param address the first byte
     * @param lengthBytes the length in bytes
     */
    public static MemorySegment view(long address, long lengthBytes) {
        return ALL.asSlice(address, lengthBytes).asReadOnly();
    }

    /**
     * Reads 8 bytes, whole, with opaque order: what another CPU's section has committed is seen sooner or later.
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
     * Writes 8 bytes if they hold what is expected, atomically and with the order of a volatile write: against others
     * that do so. A section that is running does not look again before it commits, and writes over it (I9).
     *
     * @param address a multiple of 8
     * @param expected what they must hold
     * @param value what they hold then
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
     * @param to where the first goes
     * @param from where the first lies
     * @param lengthBytes how many
     */
    public static void copy(long to, long from, long lengthBytes) {
        MemorySegment.copy(ALL, from, ALL, to, lengthBytes);
    }

    /**
     * Copies the first bytes of a segment.
     *
     * @param to where the first goes
     * @param from the segment
     * @param lengthBytes how many
     */
    public static void copyIn(long to, MemorySegment from, long lengthBytes) {
        MemorySegment.copy(from, 0, ALL, to, lengthBytes);
    }

    /**
     * Copies bytes to a segment.
     *
     * @param to the segment
     * @param atBytes where in the segment the first goes
     * @param from where the first lies
     * @param lengthBytes how many
     */
    public static void copyOut(MemorySegment to, long atBytes, long from, long lengthBytes) {
        MemorySegment.copy(ALL, from, to, atBytes, lengthBytes);
    }

    /**
     * Writes bytes.
     *
     * @param address where the first goes
     * @param bytes what is written
     */
    public static void put(long address, byte[] bytes) {
        MemorySegment.copy(bytes, 0, ALL, JAVA_BYTE, address, bytes.length);
    }

    /**
     * Reads bytes.
     *
     * @param address where the first lies
     * @param lengthBytes how many
     * @return a new array
     */
    public static byte[] get(long address, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        MemorySegment.copy(ALL, JAVA_BYTE, address, bytes, 0, lengthBytes);
        return bytes;
    }

    /**
     * Reads 8 bytes that no other thread writes: without memory order, and not necessarily in one access.
     *
     * @param address any address
     * @return the value
     */
    public static long readLong(long address) {
        byte[] bytes = get(address, Long.BYTES);
        long value = 0;
        for (int i = Long.BYTES - 1; i >= 0; i--) {
            value = value << Byte.SIZE | Byte.toUnsignedLong(bytes[i]);
        }
        return value;
    }

    /**
     * mincore(2): how much of a part is in memory, at most.
     *
     * @param address a page's address
     * @param lengthBytes how long the part is
     * @return how many bytes its pages have; all where the kernel does not tell
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
