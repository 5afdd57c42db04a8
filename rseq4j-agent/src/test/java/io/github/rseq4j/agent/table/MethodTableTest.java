package io.github.rseq4j.agent.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.trace.common.TraceTime;
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
        assertEquals(70_011 + (Long.MAX_VALUE >> 1), total(histogram, 1));
        assertEquals(Long.MAX_VALUE >> 1, Engine.get().memory().getLong(histogram.maxAddress()));
        assertEquals(5, total(histogram, 0));
    }

    /** Adds up one word of each bucket: 0 is the count, 1 the sum. */
    private static long total(Histogram histogram, int word) {
        long total = 0;
        for (int i = 0; i < histogram.buckets().size(); i++) {
            total += sum(histogram.cells() + (2L * i + word) * Long.BYTES);
        }
        return total;
    }

    @Test
    void recordsTheTimeSinceAStart() {
        Histogram histogram = table.histogram(table.add("a.B", "m", "()V"));
        long sum = 0;
        long longest = 0;
        for (int i = 0; i < 1000; i++) {
            long before = TraceTime.unordered();
            long ticks = histogram.recordSince(before);
            long after = TraceTime.now();
            assertTrue(ticks >= 0 && ticks <= after - before, ticks + " of " + (after - before));
            sum += ticks;
            longest = Math.max(longest, ticks);
        }
        assertEquals(1000, total(histogram, 0));
        assertEquals(sum, total(histogram, 1));
        assertEquals(longest, Engine.get().memory().getLong(histogram.maxAddress()));
    }

    /** A start after now is that of a thread that came from a CPU whose counter shows a later time. */
    @Test
    void aTimeSinceALaterStartIsZeroAndOneBeyondTheBucketsIsInTheLast() {
        Histogram histogram = table.histogram(table.add("a.B", "m", "()V"));
        assertEquals(0, histogram.recordSince(TraceTime.now() + (1L << 40)));
        assertEquals(1, sum(histogram.cells()), "count of bucket 0");
        assertEquals(0, Engine.get().memory().getLong(histogram.maxAddress()));
        long start = TraceTime.now() - (1L << 50);
        long ticks = histogram.recordSince(start);
        assertTrue(ticks >= 1L << 50 && ticks <= TraceTime.now() - start, "ticks=" + ticks);
        long last = histogram.cells() + 2L * Long.BYTES * histogram.buckets().last();
        assertEquals(1, sum(last));
        assertEquals(ticks, sum(last + Long.BYTES));
        assertEquals(ticks, Engine.get().memory().getLong(histogram.maxAddress()));
    }

    /** Each bucket that a duration may have, by the section and by Java. */
    @Test
    void theSectionAndJavaFindTheSameBucket() {
        Histogram bySection = table.histogram(table.add("a.B", "m", "()V"));
        Histogram byJava = table.histogram(table.add("a.B", "n", "()V"));
        for (int bit = 0; bit < 44; bit++) {
            for (int i = 0; i < 40; i++) {
                byJava.record(bySection.recordSince(TraceTime.unordered() - (1L << bit) - ((1L << bit) * i / 40)));
            }
        }
        for (int i = 0; i < 2 * byJava.buckets().size(); i++) {
            assertEquals(sum(byJava.cells() + (long) i * Long.BYTES), sum(bySection.cells() + (long) i * Long.BYTES),
                    "word " + i);
        }
    }

    @Test
    void aSampledCallStandsForOthersInTheSum() {
        Histogram histogram = table.histogram(table.add("a.B", "m", "()V")).withWeight(7);
        histogram.record(5);
        histogram.record(600);
        assertEquals(600, Engine.get().memory().getLong(histogram.maxAddress()));
        long ticks = histogram.recordSince(TraceTime.unordered());
        assertEquals(7 * (605 + ticks), total(histogram, 1));
        assertEquals(3, total(histogram, 0));
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
            assertEquals(i + (1L << 60), total(histogram, 1));
            assertEquals(1, sum(histogram.cells() + histogram.buckets().number(i) * 16L));
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
        assertNotEquals(0, table.histogram(TableLayout.MAX_METHODS - 1).cells());
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
        assertEquals(all.sum(), total(histogram, 1));
    }
}
