package io.github.rseq4j.agent.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

/** Methods get numbers, cells and histograms. Runs on restartable sequences and on the fallback. */
final class MethodTableTest {
    private final MethodTable table = MethodTable.create();

    private static long sum(long cell) {
        return CounterFunctions.CELLS.sum(cell);
    }

    @Test
    void givesAMethodOfTheSameNamesItsNumberAgain() {
        assertEquals(0, table.add("a.B", "m", "()V"));
        assertEquals(1, table.add("a.B", "m", "(I)V"));
        assertEquals(0, table.add("a.B", "m", "()V"));
        assertEquals(2, table.size());
        assertThrows(IndexOutOfBoundsException.class, () -> table.countCell(2));
        assertThrows(IndexOutOfBoundsException.class, () -> table.mode(-1, "count"));
    }

    @Test
    void countsInCellsOfItsOwn() {
        int first = table.add("a.B", "m", "()V");
        int second = table.add("a.B", "n", "()V");
        CounterFunctions.add(table.countCell(first), 3);
        CounterFunctions.add(table.countCell(second), 4);
        assertEquals(3, sum(table.countCell(first)));
        assertEquals(4, sum(table.countCell(second)));
        assertEquals(table.countCell(first) + Long.BYTES, table.countCell(second), "counters are packed");
    }

    @Test
    void recordsDurationsAndTheLongest() {
        int site = table.add("a.B", "m", "()V");
        Histogram histogram = table.histogram(site);
        assertSame(histogram, table.histogram(site));
        for (long ticks : new long[] {5, 70_000, 6, -1, Long.MAX_VALUE >> 1}) {
            histogram.record(ticks);
        }
        assertEquals(70_011 + (Long.MAX_VALUE >> 1), sum(histogram.sumCell()));
        assertEquals(Long.MAX_VALUE >> 1, Engine.get().memory().getLong(histogram.maxAddress()));
        long cells = 0;
        for (int i = 0; i < histogram.buckets().size(); i++) {
            cells += sum(histogram.firstBucketCell() + (long) i * Long.BYTES);
        }
        assertEquals(5, cells);
    }

    @Test
    void keepsTheHistogramsOfMethodsApart() {
        for (int i = 0; i < 500; i++) {
            Histogram histogram = table.histogram(table.add("a.B", "m" + i, "()V"));
            histogram.record(i);
            histogram.record(1L << 60);
        }
        for (int i = 0; i < 500; i++) {
            Histogram histogram = table.histogram(i);
            assertEquals(i + (1L << 60), sum(histogram.sumCell()));
            assertEquals(1, sum(histogram.firstBucketCell() + histogram.buckets().number(i) * 8L));
        }
    }

    @Test
    void refusesMoreMethodsThanFit() {
        for (int i = 0; i < TableLayout.MAX_METHODS; i++) {
            assertEquals(i, table.add("a.B", "m" + i, "()V"));
        }
        IllegalStateException refusal = assertThrows(IllegalStateException.class, () -> table.add("a.B", "m", "()V"));
        assertTrue(String.valueOf(refusal.getMessage()).contains("methods=65536"), refusal::getMessage);
        assertEquals(0, table.add("a.B", "m0", "()V"));
        assertNotEquals(0, table.histogram(TableLayout.MAX_METHODS - 1).sumCell());
    }

    @Test
    void refusesMoreTextsThanFit() {
        String longName = "x".repeat(16 << 20);
        table.add("a" + longName, "b" + longName, "c" + longName);
        IllegalStateException refusal =
                assertThrows(IllegalStateException.class, () -> table.add("d" + longName, "e", "f"));
        assertTrue(String.valueOf(refusal.getMessage()).contains("narrow the rules"), refusal::getMessage);
        assertEquals(1, table.add("g", "h", "i"));
    }

    @Test
    void findsTheLongestOfManyThreads() throws InterruptedException {
        Histogram histogram = table.histogram(table.add("a.B", "m", "()V"));
        LongAdder all = new LongAdder();
        Thread[] threads = new Thread[8];
        for (int t = 0; t < threads.length; t++) {
            int first = t;
            threads[t] = Thread.ofPlatform().start(() -> {
                for (int i = first; i < 100_000; i += threads.length) {
                    histogram.record(i);
                    all.add(i);
                }
            });
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(99_999, Engine.get().memory().getLong(histogram.maxAddress()));
        assertEquals(all.sum(), sum(histogram.sumCell()));
    }
}
