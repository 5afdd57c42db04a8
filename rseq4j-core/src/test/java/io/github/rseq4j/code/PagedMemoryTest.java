package io.github.rseq4j.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fallback's memory behaves like memory. */
final class PagedMemoryTest {
    private static final long PAGE_BYTES = 1 << 16;

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
    @ValueSource(longs = {0, 8, -8, 4 * PAGE_BYTES, Long.MAX_VALUE & -8, Long.MIN_VALUE})
    void refusesAddressesThatWereNeverReserved(long address) {
        assertThrows(IndexOutOfBoundsException.class, () -> memory.getLong(address));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.putLong(address, 1));
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
    void losesNothingWhenItGrowsWhileOthersWrite() throws InterruptedException {
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
        assertEquals(0, memory.getLong(base), "every page kept what was written to it");
    }
}
