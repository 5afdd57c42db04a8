package io.github.rseq4j.interpreter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A word is written when it holds the expected value, by exactly one of several concurrent threads. */
final class CompareAndSetTest {
    private static final int THREADS = 8;
    private static final int ADDITIONS = 20_000;

    /** The memories that have a compare-and-set. */
    enum Kind { RAW, PAGED }

    private static AddressSpace memory(Kind kind) {
        return kind == Kind.RAW ? AddressSpace.RAW : new PagedMemory();
    }

    @ParameterizedTest
    @EnumSource
    void writesOnlyAWordThatHoldsTheExpectedValue(Kind kind) {
        try (Arena arena = Arena.ofConfined()) {
            AddressSpace memory = memory(kind);
            long word = word(memory, arena);
            assertTrue(memory.compareAndSetLong(word, 0, -5), "unwritten memory holds 0");
            assertEquals(-5, memory.getLong(word));
            assertFalse(memory.compareAndSetLong(word, 0, 7));
            assertFalse(memory.compareAndSetLong(word, -5 & 0xFFFF_FFFFL, 7), "all 8 bytes are compared");
            assertEquals(-5, memory.getLong(word));
            assertTrue(memory.compareAndSetLong(word, -5, Long.MIN_VALUE));
            assertEquals(Long.MIN_VALUE, memory.getLong(word));
            assertEquals(0, memory.getLong(word + Long.BYTES), "the next word is unchanged");
        }
    }

    private static long word(AddressSpace memory, Arena arena) {
        return memory instanceof PagedMemory paged ? paged.reserve(2 * Long.BYTES)
                : arena.allocate(2 * Long.BYTES, Long.BYTES).address();
    }

    @ParameterizedTest
    @EnumSource
    void refusesWordsThatAreNotAligned(Kind kind) {
        try (Arena arena = Arena.ofConfined()) {
            AddressSpace memory = memory(kind);
            long word = word(memory, arena);
            for (int offset = 1; offset < Long.BYTES; offset++) {
                long address = word + offset;
                assertThrows(IllegalArgumentException.class, () -> memory.compareAndSetLong(address, 0, 1));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void losesNoAdditionOfManyThreads(Kind kind) throws InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            AddressSpace memory = memory(kind);
            long word = word(memory, arena);
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < ADDITIONS; i++) {
                        long before = memory.getLong(word);
                        while (!memory.compareAndSetLong(word, before, before + 1)) {
                            before = memory.getLong(word);
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals((long) THREADS * ADDITIONS, memory.getLong(word));
        }
    }

    @Test
    void memoryWithoutCompareAndSetRefusesIt() {
        AddressSpace without = new AddressSpace() {
            @Override
            public long getLong(long address) {
                return 0;
            }

            @Override
            public void putLong(long address, long value) {}
        };
        String message = assertThrows(UnsupportedOperationException.class, () -> without.compareAndSetLong(8, 0, 1))
                .getMessage();
        assertEquals("address=8: this memory has no compare-and-set", message);
    }
}
