package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.memory.Poison;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Robust mode finds and names silent damage of memory, and reports nothing without damage. */
final class PerCpuItemsRobustTest {
    private static final ItemOptions ROBUST = ItemOptions.defaults().withRobust(true).withMaxRanges(1);

    private final PerCpuItems items = new PerCpuItems(64, ROBUST);

    private static String message(Executable misuse) {
        return String.valueOf(assertThrows(IllegalStateException.class, misuse).getMessage());
    }

    /** Returns an item that was used in the copies before the last, and freed. */
    private long freed() {
        long item = items.allocate();
        for (int index = 0; index < items.copies() - 1; index++) {
            items.putLong(item, index, 8, 5);
        }
        items.free(item);
        return item;
    }

    private void write(long item, int index, int offsetBytes, long value) {
        Engine.get().memory().putLong(item + ((long) index << Engine.STRIDE_SHIFT) + offsetBytes, value);
    }

    private static String fault(long item, int index, int offsetBytes, long found, long expected) {
        return "use after free: item=0x" + Long.toHexString(item) + ", index=" + index + ", offsetBytes=" + offsetBytes
                + ", found=0x" + Long.toHexString(found) + ", expected=0x" + Long.toHexString(expected);
    }

    @Test
    void poisonsOnlyTheUsedCopies() {
        long item = freed();
        int last = items.copies() - 1;
        for (int index = 0; index <= last; index++) {
            for (int offset = 0; offset < 64; offset += 8) {
                assertEquals(index < last ? Poison.WORD : 0, Engine.get().memory()
                        .getLong(item + ((long) index << Engine.STRIDE_SHIFT) + offset), "index=" + index);
            }
        }
        assertDoesNotThrow(items::verify);
        assertDoesNotThrow(items::close);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 56})
    void verifyNamesAWriteToAPoisonedCopyOnce(int offsetBytes) {
        long item = freed();
        write(item, 0, offsetBytes, 0x123);
        assertEquals(fault(item, 0, offsetBytes, 0x123, Poison.WORD), message(items::verify));
        assertDoesNotThrow(items::verify);
    }

    @Test
    void verifyNamesAWriteToAnUnusedCopy() {
        long item = freed();
        int last = items.copies() - 1;
        write(item, last, 16, -1);
        assertEquals(fault(item, last, 16, -1, 0), message(items::verify));
    }

    @Test
    void reuseNamesAWriteAndTheNextItemIsNew() {
        long[] freed = new long[(1 << Engine.STRIDE_SHIFT) / 64];
        for (int i = 0; i < freed.length; i++) {
            freed[i] = items.allocate();
        }
        for (long item : freed) {
            items.free(item);
        }
        ItemSections.add(freed[0], 7);
        assertTrue(message(items::allocate).startsWith("use after free: item=0x" + Long.toHexString(freed[0])));
        long next = items.allocate();
        assertNotEquals(freed[0], next, "the damaged item is reused last");
        assertEquals(0, ItemSections.sum(items, next));
        assertEquals(1, items.stats().allocated());
    }

    @Test
    void closeNamesLeaksAndUses() {
        List<Long> leaked = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            leaked.add(items.allocate());
        }
        long item = items.allocate();
        items.free(item);
        write(item, 0, 0, 1);
        String message = message(items::close);
        assertTrue(message.startsWith("leaked: items=10, item=0x" + Long.toHexString(leaked.getFirst())), message);
        assertEquals(8, message.split(", item=0x", -1).length - 1, "the first eight are named");
        assertTrue(message.endsWith(fault(item, 0, 0, 1, 0)), message);
        assertDoesNotThrow(items::close);
        assertTrue(message(items::allocate).contains("closed"));
    }

    @Test
    void namesTheFirstOfManyUsesAndCountsThem() {
        List<Long> freed = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            freed.add(items.allocate());
        }
        freed.forEach(items::free);
        freed.forEach(item -> write(item, 0, 0, 1));
        String message = message(items::verify);
        assertEquals(8, message.split("use after free: ", -1).length - 1, message);
        assertTrue(message.endsWith("used after free in all: items=20"), message);
    }

    @Test
    void reportsNothingWithoutRobustMode() {
        PerCpuItems plain = new PerCpuItems(64);
        long item = plain.allocate();
        plain.allocate();
        plain.free(item);
        write(item, 0, 0, 1);
        assertDoesNotThrow(plain::verify);
        assertDoesNotThrow(plain::close);
    }
}
