package io.github.rseq4j.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranges are reused after they are released or their owner is collected, and hold no old data then. */
final class RangesTest {
    private static final byte[] IMAGE = new byte[(int) Ranges.STRIDE_BYTES];

    static {
        Arrays.fill(IMAGE, (byte) 3);
    }

    private final Engine engine = Engine.get();
    private final Ranges ranges = new Ranges(engine, 32, 8192);

    private void write(long range) {
        for (int copy = 0; copy < engine.copies(); copy++) {
            engine.memory().putLong(range + (copy + 1) * Ranges.STRIDE_BYTES - 8, 5);
        }
    }

    private void assertHolds(long range, long word) {
        for (int copy = 0; copy < engine.copies(); copy++) {
            for (long offset : new long[] {0, 8, 4096, Ranges.STRIDE_BYTES - 8}) {
                assertEquals(word, engine.memory().getLong(range + copy * Ranges.STRIDE_BYTES + offset));
            }
        }
    }

    private static long shown(Ranges.Pool holding) {
        return holding.showsImage() ? 0x0303_0303_0303_0303L : 0;
    }

    @Test
    void reusedRangesAreNew() {
        for (byte[] image : List.of(IMAGE, new byte[0], IMAGE)) {
            Ranges.Pool holding = ranges.hold(this, image);
            assertEquals(image.length > 0 && engine instanceof NativeEngine, holding.showsImage());
            long range = ranges.take(holding);
            assertHolds(range, shown(holding));
            write(range);
            ranges.giveBack(holding);
            assertEquals(1, ranges.waiting());
            ranges.giveBack(holding);
            assertEquals(1, ranges.waiting(), "a second release does nothing");
        }
    }

    @Test
    void keepsRangesApart() {
        Ranges.Pool one = ranges.hold(this, IMAGE);
        Ranges.Pool other = ranges.hold(this, new byte[0]);
        long first = ranges.take(one);
        long second = ranges.take(one);
        long third = ranges.take(other);
        assertNotEquals(first, second);
        write(first);
        assertHolds(second, shown(one));
        assertHolds(third, 0);
    }

    @Test
    void usesFewMappingsOnAMachineWithManyCpus() {
        for (int copies : new int[] {2, 3, 31, 32, 33, 64, 129, 513, 1025, 8193}) {
            int strides = Ranges.strides(copies, 32);
            assertTrue((copies + strides - 1) / strides <= 32, "copies=" + copies + ", strides=" + strides);
            assertTrue(strides == 1 || copies > 32, "copies=" + copies + ", strides=" + strides);
        }
    }

    @ParameterizedTest
    @CsvSource({"32, 8192", "1, 8192", "1, 2", "2, 4", "1, 0", "32, 0"})
    void newItemsHoldTheirImageUnderEveryLimitOfMappings(int mappingsPerRange, int maxMappings)
            throws IOException {
        Ranges few = new Ranges(engine, mappingsPerRange, maxMappings);
        long before = images();
        int pageBytes = 1 << 16;
        for (int pool = 0; pool < 4; pool++) {
            ItemMemory memory = new ItemMemory(pageBytes, new byte[] {3, 3, 3, 3, 3, 3, 3, 3}, few);
            for (int range = 0; range < 3; range++) {
                long item = memory.grow();
                memory.makeFirst(item);
                memory.makeFirst(item + pageBytes);
                for (int copy = 0; copy < engine.copies(); copy++) {
                    assertTrue(memory.isNew(memory.address(item, copy))
                            && memory.isNew(memory.address(item + pageBytes, copy)), "range=" + range);
                    memory.put(memory.address(item, copy), 9);
                    memory.put(memory.address(item, copy) + 8, 9);
                }
                memory.makeNew(item);
                for (int copy = 0; copy < engine.copies(); copy++) {
                    assertTrue(memory.isNew(memory.address(item, copy)), "range=" + range + ", copy=" + copy);
                }
            }
            if (engine instanceof NativeEngine && maxMappings < 100) {
                assertTrue(images() <= before + maxMappings, "mappings=" + images());
            }
            if (pool % 2 == 0) {
                memory.release();
            }
        }
    }

    private static long images() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("rseq4j-items")).count();
        }
    }

    @Test
    void keepsFewFilesOpenForManyPoolsWithAnImage() throws IOException {
        List<Ranges.Pool> pools = new ArrayList<>();
        long before = descriptors();
        for (int i = 0; i < 2 * Ranges.MAX_FILES; i++) {
            pools.add(ranges.hold(this, IMAGE));
        }
        assertTrue(descriptors() <= before + Ranges.MAX_FILES + 20, "before=" + before + ", now=" + descriptors());
        assertHolds(ranges.take(pools.getLast()), 0);
        assertHolds(ranges.take(pools.getFirst()), shown(pools.getFirst()));
        pools.forEach(ranges::giveBack);
        assertTrue(descriptors() <= before + 20, "before=" + before + ", now=" + descriptors());
        assertEquals(engine instanceof NativeEngine, ranges.hold(this, IMAGE).showsImage(), "there is room again");
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    @Test
    void reclaimsTheRangesOfACollectedOwner() throws InterruptedException {
        long range = ranges.take(ranges.hold(new Object(), IMAGE));
        write(range);
        for (int i = 0; i < 200 && ranges.waiting() == 0; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(1, ranges.waiting(), "the collector found the owner");
        assertEquals(range, ranges.take(ranges.hold(this, new byte[0])));
        assertHolds(range, 0);
    }
}
