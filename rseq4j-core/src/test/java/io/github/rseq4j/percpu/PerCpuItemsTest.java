package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Items are new when they are allocated, have one owner while they are held, and misuse is named. */
final class PerCpuItemsTest {
    private static final int STRIDE_BYTES = PerCpuItems.MAX_ITEM_BYTES;
    private static final ItemOptions ROBUST = ItemOptions.defaults().withRobust(true);

    private static byte[] template(int lengthBytes) {
        byte[] template = new byte[lengthBytes];
        new Random(lengthBytes).nextBytes(template);
        return template;
    }

    private static byte[] content(PerCpuItems items, long item, int index) {
        byte[] bytes = new byte[items.itemBytes()];
        for (int offset = 0; offset < bytes.length; offset += Long.BYTES) {
            long word = items.getLong(item, index, offset);
            for (int i = 0; i < Long.BYTES; i++) {
                bytes[offset + i] = (byte) (word >>> i * Byte.SIZE);
            }
        }
        return bytes;
    }

    private static void assertNew(PerCpuItems items, long item, byte[] template) {
        byte[] expected = Arrays.copyOf(template, items.itemBytes());
        for (int index = 0; index < items.copies(); index++) {
            assertTrue(Arrays.equals(expected, content(items, item, index)), "index=" + index);
        }
    }

    private static void assertStats(PerCpuItems items, int ranges, long allocated, long free) {
        ItemStats stats = items.stats();
        assertEquals(ranges, stats.ranges());
        assertEquals(allocated, stats.allocated());
        assertEquals(free, stats.free());
        assertEquals("ItemStats[ranges=" + ranges + ", allocated=" + allocated + ", free=" + free + "]",
                stats.toString());
    }

    private static void dirty(PerCpuItems items, long item) {
        for (int index = 0; index < items.copies(); index++) {
            for (int offset = 0; offset < items.itemBytes(); offset += Long.BYTES) {
                items.putLong(item, index, offset, ~offset - 77L * index);
            }
        }
    }

    private static String message(Class<? extends Exception> kind, Executable misuse) {
        return String.valueOf(assertThrows(kind, misuse).getMessage());
    }

    private static String hex(long item) {
        return "item=0x" + Long.toHexString(item);
    }

    @ParameterizedTest
    @CsvSource({"1, 8, 0", "1, 8, 1", "8, 8, 0", "8, 8, 8", "24, 24, 0", "24, 24, 13", "4096, 4096, 0",
        "4096, 4096, 4096", "65536, 65536, 100", "1048575, 1048576, 0", "1048576, 1048576, 1048576"})
    void itemsAreNewInEveryCopyEvenWhenReused(int size, int rounded, int templateBytes) {
        byte[] template = template(templateBytes);
        ItemOptions options = ItemOptions.defaults().withTemplate(template).withMaxRanges(1);
        try (PerCpuItems items = new PerCpuItems(size, options)) {
            assertEquals(rounded, items.itemBytes());
            int all = STRIDE_BYTES / rounded;
            int some = Math.min(all, 100);
            for (int round = 0; round < 2; round++) {
                Set<Long> held = new HashSet<>();
                for (int i = 0; i < some; i++) {
                    long item = items.allocate();
                    assertNew(items, item, template);
                    dirty(items, item);
                    held.add(item);
                }
                assertStats(items, 1, some, all - some);
                held.forEach(items::free);
                assertStats(items, 1, 0, all);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, PerCpuItems.MAX_ITEM_BYTES + 1, Integer.MAX_VALUE})
    void refusesASizeOutOfRange(int itemBytes) {
        String message = message(IllegalArgumentException.class, () -> new PerCpuItems(itemBytes));
        assertTrue(message.startsWith("itemBytes=" + itemBytes), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, 0, ItemOptions.MAX_RANGES + 1})
    void refusesALimitOutOfRange(int ranges) {
        String message = message(IllegalArgumentException.class, () -> ItemOptions.defaults().withMaxRanges(ranges));
        assertTrue(message.startsWith("maxRanges=" + ranges), message);
        assertEquals(ItemOptions.DEFAULT_MAX_RANGES, ItemOptions.defaults().maxRanges());
    }

    @Test
    void refusesATemplateThatDoesNotFit() {
        ItemOptions options = ItemOptions.defaults().withTemplate(new byte[9]);
        String message = message(IllegalArgumentException.class, () -> new PerCpuItems(8, options));
        assertTrue(message.contains("template.length=9") && message.contains("itemBytes=8"), message);
    }

    @Test
    void copiesItsTemplate() {
        byte[] template = {1, 2, 3};
        ItemOptions options = ItemOptions.defaults().withTemplate(template);
        template[0] = 9;
        options.template()[1] = 9;
        try (PerCpuItems items = new PerCpuItems(3, options)) {
            assertNew(items, items.allocate(), new byte[] {1, 2, 3});
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void growsByRangesUpToTheLimitAndThenNamesTheRemedy(boolean robust) {
        int itemBytes = 300_000;
        try (PerCpuItems items = new PerCpuItems(itemBytes, ROBUST.withRobust(robust).withMaxRanges(3))) {
            assertStats(items, 0, 0, 0);
            List<Long> held = new ArrayList<>();
            for (int i = 0; i < 9; i++) {
                held.add(items.allocate());
                assertStats(items, 1 + i / 3, i + 1, 2 - i % 3);
            }
            String message = message(IllegalStateException.class, items::allocate);
            for (String part : List.of("itemBytes=300000", "items=9", "ranges=3", "maxRanges=3", "withMaxRanges")) {
                assertTrue(message.contains(part), message);
            }
            items.free(held.getFirst());
            assertEquals(held.getFirst(), items.allocate(), "the freed item is reused where nothing else is left");
            held.forEach(items::free);
        }
    }

    @Test
    void reusesABatchOfFreedItemsBeforeFreshOnes() {
        try (PerCpuItems items = new PerCpuItems(8)) {
            List<Long> held = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                held.add(items.allocate());
            }
            held.subList(0, 63).forEach(items::free);
            assertEquals(held.getLast() + 8, items.allocate(), "too few for a fence");
            items.free(held.getLast());
            assertEquals(held.getFirst(), items.allocate());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void namesAddressesThatAreNotItems(boolean robust) {
        try (PerCpuItems items = new PerCpuItems(24, ROBUST.withRobust(robust));
                PerCpuItems others = new PerCpuItems(24)) {
            long item = items.allocate();
            for (long foreign : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, item - 1, item + STRIDE_BYTES,
                item + STRIDE_BYTES / 24 * 24, others.allocate()}) {
                String message = message(IllegalArgumentException.class, () -> items.free(foreign));
                assertTrue(message.contains(hex(foreign)) && message.contains("not of this pool"), message);
            }
            String inside = message(IllegalArgumentException.class, () -> items.free(item + 8));
            assertTrue(inside.contains(hex(item + 8)) && inside.contains("offsetBytes=8"), inside);
            String never = message(IllegalStateException.class, () -> items.free(item + 24));
            assertTrue(never.contains(hex(item + 24)) && never.contains("never handed out"), never);
            assertEquals(1, items.stats().allocated());
            items.free(item);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void namesAnItemThatIsFreedTwiceOrUsedWhenFree(boolean robust) {
        try (PerCpuItems items = new PerCpuItems(8, ROBUST.withRobust(robust))) {
            long item = items.allocate();
            items.free(item);
            for (Executable misuse : List.<Executable>of(() -> items.free(item), () -> items.address(item, 0),
                    () -> items.getLong(item, 0, 0), () -> items.putLong(item, 0, 0, 1))) {
                String message = message(IllegalStateException.class, misuse);
                assertTrue(message.contains(hex(item) + " is free: "), message);
            }
            assertEquals(0, items.stats().allocated());
        }
    }

    @Test
    void refusesWordsOutOfRange() {
        try (PerCpuItems items = new PerCpuItems(16)) {
            long item = items.allocate();
            int copies = items.copies();
            for (int index : new int[] {Integer.MIN_VALUE, -1, copies, Integer.MAX_VALUE}) {
                String message = message(IndexOutOfBoundsException.class, () -> items.address(item, index));
                assertTrue(message.startsWith("index=" + index), message);
            }
            for (int offset : new int[] {Integer.MIN_VALUE, -8, 1, 4, 7, 9, 16, Integer.MAX_VALUE}) {
                String message = message(IndexOutOfBoundsException.class, () -> items.putLong(item, 0, offset, 1));
                assertTrue(message.startsWith("offsetBytes=" + offset), message);
            }
            assertEquals(item + (copies - 1L) * STRIDE_BYTES, items.address(item, copies - 1));
        }
    }

    @Test
    void everyMethodRefusesWhenThePoolIsClosed() {
        PerCpuItems items = new PerCpuItems(8);
        long item = items.allocate();
        items.close();
        items.close();
        for (Executable method : List.<Executable>of(items::allocate, () -> items.free(item), items::copies,
                () -> items.address(item, 0), () -> items.getLong(item, 0, 0), () -> items.putLong(item, 0, 0, 0),
                items::itemBytes, items::stats, items::verify)) {
            String message = message(IllegalStateException.class, method);
            assertTrue(message.contains("the pool is closed") && message.contains("itemBytes=8"), message);
        }
    }

    /** Items of many sizes are allocated and freed. Each keeps its owner's writes, and overlaps no other. */
    @ParameterizedTest
    @CsvSource({"1, 8, 0, false", "2, 24, 17, false", "3, 4096, 5, false", "4, 262144, 0, false", "5, 40, 40, true",
        "6, 8192, 0, true"})
    void keepsTheWritesOfOwnersUnderAnyOrderOfCalls(long seed, int size, int templateBytes, boolean robust) {
        Random random = new Random(seed);
        byte[] template = template(templateBytes);
        TreeMap<Long, Map<Long, Long>> held = new TreeMap<>();
        try (PerCpuItems items = new PerCpuItems(size, ROBUST.withRobust(robust).withTemplate(template)
                .withMaxRanges(4))) {
            for (int step = 0; step < 600; step++) {
                boolean isFull = held.size() >= Math.min(200, 4 * (STRIDE_BYTES / size));
                if (!isFull && random.nextInt(5) < 3) {
                    long item = items.allocate();
                    assertNew(items, item, template);
                    Long below = held.floorKey(item + size - 1);
                    assertTrue(below == null || below + size <= item, "seed=" + seed + ", step=" + step);
                    held.put(item, written(items, item, random));
                } else if (!held.isEmpty()) {
                    long item = new ArrayList<>(held.keySet()).get(random.nextInt(held.size()));
                    Objects.requireNonNull(held.remove(item)).forEach((address, value) -> assertEquals(value,
                            items.getLong(item, (int) ((address - item) / STRIDE_BYTES),
                                    (int) ((address - item) % STRIDE_BYTES)), "seed=" + seed));
                    items.free(item);
                }
                assertEquals(held.size(), items.stats().allocated());
            }
            items.verify();
            held.keySet().forEach(items::free);
        }
    }

    private static Map<Long, Long> written(PerCpuItems items, long item, Random random) {
        Map<Long, Long> written = new HashMap<>();
        for (int i = 0; i < 5; i++) {
            int index = random.nextInt(items.copies());
            int offset = random.nextInt(items.itemBytes() / Long.BYTES) * Long.BYTES;
            long value = random.nextLong();
            items.putLong(item, index, offset, value);
            written.put(items.address(item, index) + offset, value);
        }
        return written;
    }

    /** Bytes at any offset, of sizes that cross words and the fallback's pages, and of one copy alone. */
    @ParameterizedTest
    @CsvSource({"24, 0, 24", "24, 5, 13", "24, 24, 0", "200000, 65530, 70000", "1048576, 0, 1048576"})
    void copiesSegmentsIntoACopyAndOut(int itemBytes, int offset, int length) {
        try (PerCpuItems items = new PerCpuItems(itemBytes)) {
            long item = items.allocate();
            byte[] source = new byte[length];
            new Random(length).nextBytes(source);
            items.write(item, 0, offset, MemorySegment.ofArray(source).asReadOnly());
            byte[] found = new byte[itemBytes];
            items.read(item, 0, 0, MemorySegment.ofArray(found));
            byte[] expected = new byte[itemBytes];
            System.arraycopy(source, 0, expected, offset, length);
            assertArrayEquals(expected, found);
            byte[] part = new byte[length];
            items.read(item, 0, offset, MemorySegment.ofArray(part));
            assertArrayEquals(source, part);
            items.read(item, 1, 0, MemorySegment.ofArray(found));
            assertArrayEquals(new byte[itemBytes], found, "the other copy");
        }
    }

    @Test
    void refusesSegmentsBeyondACopy() {
        try (PerCpuItems items = new PerCpuItems(16)) {
            long item = items.allocate();
            long next = items.allocate();
            for (long[] place : new long[][] {{-1, 1}, {0, 17}, {9, 8}, {17, 0}, {Long.MAX_VALUE, 8},
                {Long.MIN_VALUE, 8}}) {
                MemorySegment segment = MemorySegment.ofArray(new byte[(int) place[1]]).fill((byte) 1);
                String read = message(IndexOutOfBoundsException.class, () -> items.read(item, 0, place[0], segment));
                String write = message(IndexOutOfBoundsException.class, () -> items.write(item, 0, place[0], segment));
                assertTrue(read.startsWith("offsetBytes=" + place[0] + ", byteSize=" + place[1]), read);
                assertEquals(read, write);
            }
            MemorySegment readOnly = MemorySegment.ofArray(new byte[8]).asReadOnly();
            assertThrows(IllegalArgumentException.class, () -> items.read(item, 0, 0, readOnly));
            assertThrows(IndexOutOfBoundsException.class, () -> items.read(item, items.copies(), 0,
                    MemorySegment.ofArray(new byte[8])));
            assertEquals(0, items.getLong(item, 0, 0) + items.getLong(item, 0, 8) + items.getLong(next, 0, 0));
            items.free(next);
            assertThrows(IllegalStateException.class, () -> items.read(next, 0, 0, MemorySegment.NULL));
        }
    }
}
