package io.github.rseq4j.interpreter;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fallback's memory behaves like native memory. */
final class PagedMemoryTest {
    private static final long PAGE_BYTES = 1 << 16;
    private static final int ROUNDS = 400_000;

    private final PagedMemory memory = new PagedMemory();
    private final long base = memory.reserve(3 * PAGE_BYTES);

    @Test
    void readsZeroWhereNothingWasWritten() {
        assertEquals(0, memory.getLong(base));
        assertEquals(0, memory.getInt(base + PAGE_BYTES - 4));
        assertEquals(0, memory.getByte(base + 3 * PAGE_BYTES - 1));
    }

    @Test
    void keepsEveryWidthInLittleEndianOrder() {
        memory.putLong(base, 0x1122_3344_5566_7788L);
        assertEquals(0x5566_7788, memory.getInt(base));
        assertEquals(0x1122_3344, memory.getInt(base + 4));
        assertEquals((byte) 0x88, memory.getByte(base));
        assertEquals(0x11, memory.getByte(base + 7));
        memory.putInt(base + 4, -1);
        assertEquals(0xFFFF_FFFF_5566_7788L, memory.getLong(base));
        memory.putByte(base + 1, (byte) -2);
        assertEquals(0xFFFF_FFFF_5566_FE88L, memory.getLong(base));
    }

    @Test
    void copiesAcrossPages() {
        for (int i = 0; i < 20; i++) {
            memory.putByte(base + i, (byte) (i + 1));
        }
        memory.copy(base + PAGE_BYTES - 10, base, 20);
        for (int i = 0; i < 20; i++) {
            assertEquals(i + 1, memory.getByte(base + PAGE_BYTES - 10 + i));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 13, 65_535, 65_536, 65_537, 131_072})
    void copiesSegmentsInAndOutAcrossPages(int length) {
        byte[] bytes = new byte[length + 2];
        new SplittableRandom(length).nextBytes(bytes);
        long from = base + PAGE_BYTES - 11;
        memory.copyIn(from, MemorySegment.ofArray(bytes).asReadOnly(), length);
        byte[] found = new byte[length + 7];
        memory.copyOut(MemorySegment.ofArray(found), 3, from, length);
        assertArrayEquals(Arrays.copyOf(bytes, length), Arrays.copyOfRange(found, 3, 3 + length));
        assertEquals(0, memory.getByte(from - 1), "the byte before");
        if (from + length < base + 3 * PAGE_BYTES) {
            assertEquals(0, memory.getByte(from + length), "the byte after");
        }
        assertEquals(0, found[2] + found[length + 3]);
    }

    @Test
    void copiesUnwrittenMemoryAsZeros() {
        byte[] bytes = new byte[20];
        Arrays.fill(bytes, (byte) 9);
        memory.copyOut(MemorySegment.ofArray(bytes), 1, base + PAGE_BYTES - 9, 18);
        assertArrayEquals(new byte[18], Arrays.copyOfRange(bytes, 1, 19));
        assertEquals(9, bytes[0]);
        assertEquals(9, bytes[19]);
        memory.putLong(base, -1);
        memory.copy(base + 1, base + 2 * PAGE_BYTES - 3, 6);
        assertEquals(0xFF00_0000_0000_00FFL, memory.getLong(base));
    }

    /** The neighbouring bytes on the same page belong to other owners. */
    @Test
    void clearsOnlyTheGivenBytes() {
        for (long[] range : new long[][] {{8, 8}, {3, 1}, {8, PAGE_BYTES - 8}, {PAGE_BYTES - 5, 10}, {0, PAGE_BYTES},
            {5, 2 * PAGE_BYTES}, {PAGE_BYTES, 2 * PAGE_BYTES}, {1, 3 * PAGE_BYTES - 2}, {7, 0}}) {
            for (long at = 0; at < 3 * PAGE_BYTES; at += Long.BYTES) {
                memory.putLong(base + at, -1);
            }
            memory.clear(base + range[0], range[1]);
            for (int at = 0; at < 3 * PAGE_BYTES; at++) {
                boolean isCleared = at >= range[0] && at < range[0] + range[1];
                assertEquals(isCleared ? 0 : -1, memory.getByte(base + at), Arrays.toString(range) + " byte " + at);
            }
        }
    }

    /** Each thread owns some bytes of two words, and reads there what it wrote. */
    @Test
    void aWriteOfAnyWidthChangesNoNeighbouringByte() throws InterruptedException {
        long words = base + PAGE_BYTES - 8;
        byte[] two = new byte[2];
        List<IntConsumer> writes = List.of(
                i -> memory.putInt(words, i),
                i -> memory.putByte(words + 4, (byte) i),
                i -> {
                    two[0] = (byte) i;
                    memory.copyIn(words + 5, MemorySegment.ofArray(two), 2);
                },
                i -> {
                    memory.putByte(base + 2 * PAGE_BYTES, (byte) i);
                    memory.copy(words + 7, base + 2 * PAGE_BYTES, 2);
                },
                i -> memory.putByte(words + 9, (byte) i),
                i -> memory.putInt(words + 12, i));
        long[] at = {words, words + 4, words + 5, words + 7, words + 9, words + 12};
        List<Thread> threads = new ArrayList<>();
        Queue<String> faults = new ConcurrentLinkedQueue<>();
        CyclicBarrier together = new CyclicBarrier(at.length);
        for (int t = 0; t < at.length; t++) {
            int own = t;
            threads.add(Thread.ofPlatform().start(() -> {
                await(together);
                for (int i = 0; i < ROUNDS && faults.isEmpty(); i++) {
                    writes.get(own).accept(i);
                    if (memory.getByte(at[own]) != (byte) i) {
                        faults.add("writer " + own + ", round " + i);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(faults));
        assertEquals(0, memory.getByte(words + 10) + memory.getByte(words + 11), "the bytes without an owner");
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 8, -8, 4 * PAGE_BYTES, Long.MAX_VALUE & -8, Long.MIN_VALUE})
    void refusesAddressesThatWereNeverReserved(long address) {
        assertThrows(IndexOutOfBoundsException.class, () -> memory.getLong(address));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.putLong(address, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.getInt(address));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.putInt(address, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.getByte(address));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.putByte(address, (byte) 1));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.copy(address, base, 1));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.copy(base, address, 1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7})
    void refusesWordsThatAreNotAligned(long offset) {
        assertThrows(IllegalArgumentException.class, () -> memory.getLong(base + offset));
        if (offset != 4) {
            assertThrows(IllegalArgumentException.class, () -> memory.putInt(base + offset, 1));
        }
    }

    @Test
    void losesNoWriteWhileItGrows() throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            int own = t;
            threads.add(Thread.ofPlatform().start(() -> {
                long mine = memory.reserve(64 * PAGE_BYTES);
                for (int page = 0; page < 64; page++) {
                    memory.putLong(mine + page * PAGE_BYTES + 8L * own, own + 1);
                    memory.reserve(PAGE_BYTES);
                }
                for (int page = 0; page < 64; page++) {
                    if (memory.getLong(mine + page * PAGE_BYTES + 8L * own) != own + 1) {
                        memory.putLong(base, -1);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(0, memory.getLong(base), "every page kept its writes");
    }
}
