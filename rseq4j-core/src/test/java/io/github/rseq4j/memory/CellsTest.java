package io.github.rseq4j.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cells are packed, hold 0 when they are allocated, and are freed when their owner is collected. */
final class CellsTest {
    private static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;

    private final Cells cells = new Cells(Engine.get());

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, Cells.MAX_CELLS + 1, Integer.MAX_VALUE})
    void refusesACountOutOfRange(int count) {
        String message = assertThrows(IllegalArgumentException.class, () -> cells.allocate(this, count)).getMessage();
        assertTrue(String.valueOf(message).startsWith("count=" + count), message);
    }

    @Test
    void packsCellsSideBySide() {
        long first = cells.allocate(this, 1);
        long second = cells.allocate(this, 3);
        long third = cells.allocate(this, 1);
        assertEquals(first + Long.BYTES, second);
        assertEquals(second + 3 * Long.BYTES, third);
        assertEquals(5, cells.held());
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, Cells.MAX_PAIRS + 1, Integer.MAX_VALUE})
    void refusesACountOfPairsOutOfRange(int count) {
        String message = assertThrows(IllegalArgumentException.class, () -> cells.allocatePairs(this, count))
                .getMessage();
        assertTrue(String.valueOf(message).startsWith("count=" + count), message);
    }

    @Test
    void alignsPairsWhereverTheFirstCellLies() {
        long before = cells.allocate(this, 1) + Long.BYTES;
        for (int i = 0; i < 4; i++) {
            long pairs = cells.allocatePairs(this, 2);
            assertEquals(0, pairs % (2 * Long.BYTES), "pairs begin at a multiple of their size");
            assertTrue(pairs >= before, "pairs do not overlap the cells before them");
            before = pairs + 4 * Long.BYTES;
            // The next pairs begin at another remainder.
            assertTrue(cells.allocate(this, 1 + i % 2) >= before, "pairs do not overlap the cells after them");
        }
        assertEquals(0, cells.allocatePairs(this, Cells.MAX_PAIRS) % (2 * Long.BYTES));
    }

    @Test
    void reservesAnotherRangeWhenOneIsFull() {
        long first = cells.allocate(this, Cells.MAX_CELLS);
        long second = cells.allocate(this, Cells.MAX_CELLS);
        assertTrue(Math.abs(second - first) >= STRIDE_BYTES * Engine.get().copies(), first + " and " + second);
        write(second, 7);
        assertEquals(0, cells.sum(first));
        assertEquals(7L * Engine.get().copies(), cells.sum(second));
    }

    @Test
    void reusesCellsOfACollectedOwnerAndClearsThem() throws InterruptedException {
        long address = cells.allocate(new Object(), 8);
        for (int i = 0; i < 8; i++) {
            write(address + (long) i * Long.BYTES, 99);
        }
        long other = cells.allocate(this, 4);
        awaitHeld(4);
        long again = cells.allocate(this, 8);
        assertEquals(address, again, "the first fit is the freed range");
        assertNotEquals(other, again);
        for (int i = 0; i < 8; i++) {
            assertEquals(0, cells.sum(again + (long) i * Long.BYTES));
        }
    }

    @Test
    void joinsFreedNeighbours() throws InterruptedException {
        long first = cells.allocate(new Object(), 2);
        cells.allocate(new Object(), 3);
        cells.allocate(new Object(), 4);
        awaitHeld(0);
        assertEquals(first, cells.allocate(this, 9), "2 + 3 + 4 neighbouring cells hold 9");
    }

    @Test
    void neverReusesACellWhoseOwnerIsInUse() {
        List<PerCpuCounter> kept = new ArrayList<>();
        for (int round = 0; round < 200; round++) {
            PerCpuCounter counter = new PerCpuCounter();
            counter.add(round);
            kept.add(counter);
            for (int i = 0; i < 100; i++) {
                new PerCpuCounter().add(1_000_000);
            }
            if (round % 50 == 0) {
                System.gc();
            }
        }
        for (int round = 0; round < kept.size(); round++) {
            assertEquals(round, kept.get(round).sum());
        }
    }

    @Test
    void releasesThePagesOfCollectedOwners() throws InterruptedException {
        for (int count : new int[] {Cells.MAX_CELLS, 1000, 10}) {
            long populated = 0;
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < Cells.MAX_CELLS; i += count) {
                    long address = cells.allocate(new Object(), Math.min(count, Cells.MAX_CELLS - i));
                    write(address, 1);
                    write(address + 8L * (Math.min(count, Cells.MAX_CELLS - i) - 1), 1);
                }
                populated = cells.populatedBytes();
            }
            awaitHeld(0);
            long left = cells.populatedBytes();
            assertTrue(left <= (1L << 18) * Engine.get().copies() && left < populated,
                    "count=" + count + ", populated=" + populated + ", left=" + left);
        }
    }

    @Test
    void requestsACollectionWhenDroppedCellsAccumulate() {
        long most = 0;
        long bound = Math.clamp(Runtime.getRuntime().maxMemory() / 16, 64L << 20, 512L << 20);
        int count = Cells.MAX_CELLS / 2;
        long bytesEach = (long) Engine.get().copies() * count * Long.BYTES;
        for (long made = 0; made < 4 * bound; made += bytesEach) {
            long address = cells.allocate(new Object(), count);
            for (int i = 0; i < count; i += 512) {
                write(address + 8L * i, 1);
            }
            most = made % (16 * bytesEach) == 0 ? Math.max(most, cells.populatedBytes()) : most;
        }
        assertTrue(most <= 2 * bound, "populated=" + most + ", bound=" + bound);
    }

    @Test
    void neverReusesPagesOfHeldCells() throws InterruptedException {
        List<Object> kept = new ArrayList<>();
        List<Long> addresses = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            Object owner = new Object();
            int count = 1 + i * 37 % 900;
            long address = cells.allocate(owner, count);
            write(address, i);
            write(address + 8L * (count - 1), i);
            if (i % 3 == 0) {
                kept.add(owner);
                addresses.add(address);
                addresses.add(address + 8L * (count - 1));
            }
            if (i % 500 == 0) {
                System.gc();
            }
        }
        for (int i = 0; i < 5; i++) {
            System.gc();
            Thread.sleep(10);
            cells.held();
        }
        for (int i = 0; i < addresses.size(); i++) {
            assertEquals((i / 2 * 3L) * Engine.get().copies(), cells.sum(addresses.get(i)), "owner " + i / 2);
        }
        assertEquals(1000, kept.size());
    }

    private void awaitHeld(long count) throws InterruptedException {
        for (int i = 0; i < 200 && cells.held() != count; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(count, cells.held(), "the collector found the owners");
    }

    private static void write(long cell, long value) {
        for (int copy = 0; copy < Engine.get().copies(); copy++) {
            Engine.get().memory().putLong(cell + copy * STRIDE_BYTES, value);
        }
    }
}
