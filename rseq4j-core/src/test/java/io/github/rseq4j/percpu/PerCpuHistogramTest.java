package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.memory.Cells;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A histogram counts every value exactly, in buckets of the promised width, on restartable sequences and on the
 * fallback.
 */
final class PerCpuHistogramTest {
    private static final int RECORDS = 400_000;
    private static final long MINUTE_NANOS = 60_000_000_000L;

    private static long any(SplittableRandom random) {
        return random.nextLong() >>> random.nextInt(1, Long.SIZE);
    }

    private static void recordAll(PerCpuHistogram histogram, long seed, int records) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < records; i++) {
            histogram.record(any(random));
        }
    }

    /** Records on one thread the values of several threads, whose numbers are their seeds. */
    private static HistogramSnapshot expected(int threads, int records) {
        PerCpuHistogram alone = new PerCpuHistogram(MINUTE_NANOS, 5);
        for (int i = 0; i < threads; i++) {
            recordAll(alone, i, records);
        }
        return alone.snapshot();
    }

    private static List<Thread> start(PerCpuHistogram histogram, boolean virtual, int threads, int records) {
        List<Thread> started = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            long seed = i;
            Runnable body = () -> recordAll(histogram, seed, records);
            started.add(virtual ? Thread.ofVirtual().start(body) : Thread.ofPlatform().start(body));
        }
        return started;
    }

    private static void join(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Test
    void runsTheExampleOfItsJavadoc() {
        PerCpuHistogram latency = new PerCpuHistogram();
        for (long nanos = 1; nanos <= 1000; nanos++) {
            latency.record(nanos);
        }
        HistogramSnapshot interval = latency.snapshotThenReset();
        long count = interval.count();
        double mean = interval.mean();
        long median = interval.percentile(50);
        assertEquals(1000, count);
        assertEquals(500.5, mean);
        assertEquals(503, median);
        assertEquals(0, latency.snapshot().count());
    }

    @Test
    void theExampleEqualsTheCodeThatRuns() throws IOException {
        String root = System.getProperty("rseq4j.root", "");
        assumeFalse(root.isEmpty(), "the sources are not on this machine: rseq4j.root is not set");
        String path = "/java/io/github/rseq4j/percpu/PerCpuHistogram";
        Path sources = Path.of(root, "rseq4j-core", "src");
        String javadoc = Files.readString(Path.of(sources + "/main" + path + ".java"));
        String test = Files.readString(Path.of(sources + "/test" + path + "Test.java"));
        List<String> example = javadoc.substring(javadoc.indexOf("{@snippet"), javadoc.indexOf("\n * }\n *\n"))
                .lines().skip(1)
                .map(line -> line.replaceFirst("^ \\*", "").replaceFirst("//.*", "").strip()).toList();
        assertTrue(example.size() > 5, "the example was found: " + example);
        String method = test.substring(test.indexOf("void runsTheExample"), test.indexOf("assertEquals(1000, count)"));
        assertEquals(String.join("\n", example), method.lines().skip(1).map(String::strip)
                .collect(Collectors.joining("\n")).strip());
    }

    @Test
    void isEmptyAtFirst() {
        PerCpuHistogram histogram = new PerCpuHistogram();
        HistogramSnapshot empty = histogram.snapshot();
        assertEquals(0, empty.count() + empty.sum() + empty.min() + empty.max() + empty.percentile(50)
                + empty.percentile(0) + empty.percentile(100) + empty.countAt(0));
        assertEquals(0, empty.mean());
        empty.forEachBucket((lowest, highest, count) -> {
            throw new AssertionError("a bucket at " + lowest);
        });
        assertEquals(Long.MAX_VALUE, histogram.highestTrackableValue());
        assertEquals(PerCpuHistogram.DEFAULT_SIGNIFICANT_BITS, empty.significantBits());
    }

    @Test
    void addsUpValuesExactly() {
        PerCpuHistogram histogram = new PerCpuHistogram(MINUTE_NANOS, 6);
        histogram.record(1_000_003);
        histogram.record(1_000_003, 4);
        histogram.record(7, 0);
        histogram.record(0, 3);
        HistogramSnapshot snapshot = histogram.snapshot();
        assertEquals(8, snapshot.count());
        assertEquals(5 * 1_000_003, snapshot.sum());
        assertEquals(5 * 1_000_003 / 8.0, snapshot.mean());
        assertEquals(5, snapshot.countAt(1_000_003));
        assertEquals(3, snapshot.countAt(0));
        assertEquals(0, snapshot.countAt(7));
        assertEquals(0, snapshot.min());
        assertTrue(snapshot.max() >= 1_000_003 && snapshot.max() < 1_000_003 * 65L / 64, snapshot.toString());
        assertEquals("count=8, mean=625001.875, min=0, p50=1007615, p90=1007615, p99=1007615, p99.9=1007615, "
                + "max=1007615", histogram.toString());
    }

    @ParameterizedTest
    @CsvSource({"1000, 6", "1, 1", "100, 10", "4611686018427387904, 3", "60000000000, 5"})
    void countsValuesAboveTheHighestInTheLastBucket(long highest, int bits) {
        PerCpuHistogram histogram = new PerCpuHistogram(highest, bits);
        long trackable = histogram.highestTrackableValue();
        assertTrue(trackable >= highest && trackable - highest < Math.max(1, highest >> bits),
                "trackable=" + trackable);
        histogram.record(trackable);
        histogram.record(trackable + 1);
        histogram.record(Long.MAX_VALUE, 2);
        HistogramSnapshot snapshot = histogram.snapshot();
        assertEquals(4, snapshot.count());
        assertEquals(1, snapshot.countAt(highest));
        assertEquals(3, snapshot.countAt(Long.MAX_VALUE));
        assertEquals(2 * trackable + 1 - 2, snapshot.sum(), "twice the greatest value wraps around to -2");
        assertEquals(trackable, snapshot.percentile(25));
        assertEquals(Long.MAX_VALUE, snapshot.percentile(26));
        assertEquals(Long.MAX_VALUE, snapshot.max());
        histogram.reset();
        histogram.record(trackable + 1);
        assertEquals(trackable + 1, histogram.snapshot().min(), "the last bucket begins where the others end");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void countsLikeATableOfBuckets(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int bits = random.nextInt(PerCpuHistogram.MIN_SIGNIFICANT_BITS, PerCpuHistogram.MAX_SIGNIFICANT_BITS + 1);
        PerCpuHistogram histogram = new PerCpuHistogram(Long.MAX_VALUE, bits);
        Map<Long, Long> table = new TreeMap<>();
        long sum = 0;
        for (int i = 0; i < 20_000; i++) {
            long value = any(random);
            long count = random.nextInt(4);
            histogram.record(value, count);
            sum += value * count;
            long width = 1;
            while (value / width >= 2L << bits) {
                width *= 2;
            }
            table.merge(value / width * width, count, Long::sum);
        }
        table.values().removeIf(count -> count == 0);
        Map<Long, Long> found = new TreeMap<>();
        histogram.snapshot().forEachBucket((lowest, highest, count) -> found.put(lowest, count));
        assertEquals(table, found, "seed=" + seed + ", bits=" + bits);
        assertEquals(sum, histogram.snapshot().sum(), "seed=" + seed);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void percentilesMatchASortedArrayWithinTheError(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int bits = random.nextInt(1, 11);
        PerCpuHistogram histogram = new PerCpuHistogram(1L << 40, bits);
        long[] sorted = random.longs(1 + random.nextInt(5000), 0, 1L << random.nextInt(4, 41)).sorted().toArray();
        Arrays.stream(sorted).forEach(histogram::record);
        HistogramSnapshot snapshot = histogram.snapshot();
        for (double percentile : new double[] {0.001, 1, 25, 33.3, 50, 66.7, 90, 99, 99.9, 99.99, 99.999, 100}) {
            BigDecimal rank = new BigDecimal(Double.toString(percentile)).scaleByPowerOfTen(-2)
                    .multiply(new BigDecimal(sorted.length));
            int before = rank.intValue() - (rank.stripTrailingZeros().scale() <= 0 ? 1 : 0);
            long exact = sorted[before];
            long found = snapshot.percentile(percentile);
            assertTrue(found >= exact && found - exact <= exact / (double) (1 << bits),
                    "seed=" + seed + ", percentile=" + percentile + ", exact=" + exact + ", found=" + found);
            assertEquals(snapshot.countAt(exact), snapshot.countAt(found), "both are in one bucket");
        }
        assertEquals(snapshot.max(), snapshot.percentile(100));
        assertEquals(snapshot.min(), snapshot.percentile(0));
        assertTrue(snapshot.min() <= sorted[0] && sorted[0] - snapshot.min() <= sorted[0] / (double) (1 << bits));
    }

    /** The rank that HdrHistogram's AbstractHistogram.getValueAtPercentile selects. */
    private static long hdrRank(double percentile, long count) {
        double requested = Math.min(Math.max(Math.nextAfter(percentile, Double.NEGATIVE_INFINITY), 0.0), 100.0);
        return Math.max((long) Math.ceil(requested * count / 100.0), 1);
    }

    @Test
    void thePercentileOfAnyRankReturnsThatRankLikeHdrHistogram() {
        PerCpuHistogram histogram = new PerCpuHistogram(2000, 10);
        for (int count = 1; count <= 200; count++) {
            histogram.record(count);
            HistogramSnapshot snapshot = histogram.snapshot();
            for (int rank = 1; rank <= count; rank++) {
                double percentile = 100.0 * rank / count;
                assertEquals(rank, snapshot.percentile(percentile), rank + " of " + count);
                assertEquals(hdrRank(percentile, count), snapshot.percentile(percentile), rank + " of " + count);
                double share = (double) rank / count * 100;
                assertEquals(hdrRank(share, count), snapshot.percentile(share), "share of " + rank + " of " + count);
            }
            for (int hundredths = 1; hundredths < 100; hundredths++) {
                double percentile = hundredths / 100.0 * 100;
                assertEquals(hdrRank(percentile, count), snapshot.percentile(percentile), "0." + hundredths);
            }
        }
    }

    @Test
    void percentilesAreExactAboveThePrecisionOfADouble() {
        PerCpuHistogram histogram = new PerCpuHistogram(2000, 10);
        histogram.record(1, 1L << 61);
        histogram.record(2, (1L << 61) - 1);
        histogram.record(3, 1);
        HistogramSnapshot snapshot = histogram.snapshot();
        assertEquals(1, snapshot.percentile(50));
        assertEquals(2, snapshot.percentile(Math.nextUp(50.0)));
        assertEquals(3, snapshot.percentile(100));
    }

    @Test
    void readsAPercentileAsItsPrintedDecimal() {
        PerCpuHistogram histogram = new PerCpuHistogram(2000, 10);
        for (int value = 1; value <= 1000; value++) {
            histogram.record(value);
        }
        HistogramSnapshot snapshot = histogram.snapshot();
        for (int tenths = 1; tenths <= 1000; tenths++) {
            assertEquals(tenths, snapshot.percentile(tenths / 10.0), "tenths=" + tenths);
        }
        assertEquals(1000, snapshot.percentile(99.91));
        assertEquals(1, snapshot.percentile(Double.MIN_VALUE));
    }

    @Test
    void addsSnapshotsOfTheSameShape() {
        PerCpuHistogram both = new PerCpuHistogram(MINUTE_NANOS, 5);
        PerCpuHistogram left = new PerCpuHistogram(MINUTE_NANOS, 5);
        PerCpuHistogram right = new PerCpuHistogram(MINUTE_NANOS, 5);
        recordAll(left, 1, 1000);
        recordAll(right, 2, 500);
        recordAll(both, 1, 1000);
        recordAll(both, 2, 500);
        HistogramSnapshot before = left.snapshot();
        HistogramSnapshot sum = before.plus(right.snapshot());
        assertEquals(both.snapshot(), sum);
        assertEquals(both.snapshot().hashCode(), sum.hashCode());
        assertEquals(1500, sum.count());
        assertEquals(1000, before.count(), "a snapshot does not change");
        assertEquals(left.snapshot(), before);
        assertNotEquals(before, right.snapshot());
        assertNotEquals(new PerCpuHistogram(MINUTE_NANOS, 6).snapshot(),
                new PerCpuHistogram(MINUTE_NANOS, 5).snapshot());
        left.record(0);
        assertNotEquals(before, left.snapshot());
    }

    @Test
    void snapshotsWithDifferentSumsAreUnequal() {
        PerCpuHistogram one = new PerCpuHistogram(MINUTE_NANOS, 1);
        PerCpuHistogram other = new PerCpuHistogram(MINUTE_NANOS, 1);
        one.record(1000);
        other.record(1001);
        assertEquals(one.snapshot().countAt(1000), other.snapshot().countAt(1000));
        assertNotEquals(one.snapshot(), other.snapshot());
    }

    @ParameterizedTest
    @CsvSource({"false, 8, 400000", "true, 200, 10000"})
    void countsEveryRecordOfManyThreads(boolean virtual, int threads, int records) throws InterruptedException {
        PerCpuHistogram histogram = new PerCpuHistogram(MINUTE_NANOS, 5);
        join(start(histogram, virtual, threads, records));
        HistogramSnapshot snapshot = histogram.snapshot();
        assertEquals((long) threads * records, snapshot.count());
        assertEquals(expected(threads, records), snapshot);
    }

    @Test
    void resetsDuringRecordsLoseNothing() throws InterruptedException {
        PerCpuHistogram histogram = new PerCpuHistogram(MINUTE_NANOS, 5);
        List<Thread> recorders = start(histogram, false, 6, RECORDS);
        HistogramSnapshot[] harvests = new HistogramSnapshot[2];
        List<Thread> harvesters = new ArrayList<>();
        for (int i = 0; i < harvests.length; i++) {
            int mine = i;
            harvesters.add(Thread.ofPlatform().start(() -> harvests[mine] = harvest(histogram, recorders)));
        }
        join(recorders);
        join(harvesters);
        HistogramSnapshot all = harvests[0].plus(harvests[1]).plus(histogram.snapshotThenReset());
        assertEquals(expected(6, RECORDS), all);
        assertEquals(0, histogram.snapshot().count());
    }

    private static HistogramSnapshot harvest(PerCpuHistogram histogram, List<Thread> recorders) {
        HistogramSnapshot harvested = histogram.snapshotThenReset();
        while (recorders.stream().anyMatch(Thread::isAlive)) {
            HistogramSnapshot part = histogram.snapshotThenReset();
            histogram.snapshot().forEachBucket((lowest, highest, count) -> assertTrue(count > 0, "count=" + count));
            harvested = harvested.plus(part);
        }
        return harvested;
    }

    @Test
    void startsAgainAfterAReset() {
        PerCpuHistogram histogram = new PerCpuHistogram(1000, 6);
        histogram.record(5, 7);
        histogram.reset();
        assertEquals(0, histogram.snapshot().count() + histogram.snapshot().sum());
        histogram.record(6);
        assertEquals(6, histogram.snapshotThenReset().sum());
        assertEquals(0, histogram.snapshot().countAt(5) + histogram.snapshot().countAt(6));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, -64, Integer.MIN_VALUE, Long.MIN_VALUE})
    void refusesNegativeNumbers(long number) {
        PerCpuHistogram histogram = new PerCpuHistogram();
        assertMessage("value=" + number, () -> histogram.record(number));
        assertMessage("value=" + number, () -> histogram.record(number, 1));
        assertMessage("count=" + number, () -> histogram.record(1, number));
        assertMessage("value=" + number, () -> histogram.snapshot().countAt(number));
        assertMessage("highestTrackableValue=" + number, () -> new PerCpuHistogram(number, 6));
        assertEquals(0, histogram.snapshot().count() + histogram.snapshot().sum(), "nothing was recorded");
    }

    @Test
    void refusesValuesOutOfRange() {
        assertMessage("highestTrackableValue=0", () -> new PerCpuHistogram(0, 6));
        for (int bits : new int[] {Integer.MIN_VALUE, -1, 0, 11, 64, Integer.MAX_VALUE}) {
            assertMessage("significantBits=" + bits, () -> new PerCpuHistogram(1000, bits));
        }
        HistogramSnapshot snapshot = new PerCpuHistogram(1000, 6).snapshot();
        for (double percentile : new double[] {-0.001, 100.001, Double.NaN, Double.NEGATIVE_INFINITY,
            Double.POSITIVE_INFINITY}) {
            assertMessage("percentile=" + percentile, () -> snapshot.percentile(percentile));
        }
        assertMessage("significantBits=7", () -> snapshot.plus(new PerCpuHistogram(1000, 7).snapshot()));
        assertMessage("highestTrackableValue=2015", () -> snapshot.plus(new PerCpuHistogram(2000, 6).snapshot()));
    }

    private static void assertMessage(String part, Executable use) {
        String message = String.valueOf(assertThrows(IllegalArgumentException.class, use).getMessage());
        assertTrue(message.contains(part), message);
    }

    @Test
    void allocatesNothingPerRecord() {
        PerCpuHistogram histogram = new PerCpuHistogram();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perRecord = Long.MAX_VALUE;
        // The first rounds link and compile. Code that allocates at every record never gets below 1 byte a record.
        for (int round = 0; round < 20 && perRecord > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < RECORDS; i++) {
                histogram.record(i * 1_000_003L);
                histogram.record(i, 2);
            }
            perRecord = (threads.getCurrentThreadAllocatedBytes() - before) / RECORDS;
        }
        assertEquals(0, perRecord, "bytes");
    }

    @Test
    void releasesItsCellsWhenCollected() throws InterruptedException {
        long before = CellsHeld.settled();
        int cells = makeAndForget();
        assertTrue(cells > 4 * 50_000, "cells=" + cells);
        for (int i = 0; i < 200 && Cells.get().held() > before; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertTrue(Cells.get().held() <= before, "held=" + Cells.get().held() + ", before=" + before);
    }

    private static int makeAndForget() {
        long before = Cells.get().held();
        List<PerCpuHistogram> made = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            made.add(new PerCpuHistogram(Long.MAX_VALUE, 10));
        }
        int held = (int) (Cells.get().held() - before);
        made.forEach(histogram -> histogram.record(1));
        return held;
    }
}
