package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values of either sign and of any size are in the bucket that arithmetic gives, on rseq and on the fallback. */
final class PerCpuExponentialHistogramTest {
    private static final int THREADS = 4;
    private static final int VALUES = 2000;
    private static final int EXPONENTS = 1000;

    private static Map<Integer, Long> counts(PerCpuExponentialHistogram.Side side) {
        Map<Integer, Long> counts = new TreeMap<>();
        int last = Integer.MIN_VALUE;
        for (int bucket = 0; bucket < side.size(); bucket++) {
            assertTrue(side.index(bucket) > last && side.count(bucket) > 0, "bucket=" + bucket);
            last = side.index(bucket);
            counts.put(last, side.count(bucket));
            assertEquals(last, side.indices()[bucket]);
            assertEquals(side.count(bucket), side.counts()[bucket]);
        }
        return counts;
    }

    /** Returns the least i for which a magnitude is at most 2^(i / n) or 2^(i * width), by exact comparison. */
    private static int index(double magnitude, int scale) {
        int n = 1 << Math.max(0, scale);
        int width = 1 << Math.max(0, -scale);
        BigDecimal power = new BigDecimal(magnitude).pow(n);
        int index = Math.floorDiv(Math.getExponent(magnitude) * n, width) - 1;
        while (power.compareTo(powerOfTwo((long) index * width)) > 0) {
            index++;
        }
        return index;
    }

    private static BigDecimal powerOfTwo(long exponent) {
        BigDecimal power = new BigDecimal(2).pow((int) Math.abs(exponent));
        return exponent >= 0 ? power : new BigDecimal("0.5").pow((int) -exponent);
    }

    @ParameterizedTest
    @ValueSource(ints = {-4, -1, 0, 1, 3})
    void everyValueIsInItsBucket(int scale) {
        PerCpuExponentialHistogram histogram =
                new PerCpuExponentialHistogram(DoubleBuckets.exponential(scale, 1e-3, 100));
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        Map<Integer, Long> positive = new TreeMap<>();
        Map<Integer, Long> negative = new TreeMap<>();
        long zeros = 0;
        double zero = histogram.snapshot().zeroThreshold();
        for (int i = 0; i < VALUES; i++) {
            double value = Math.scalb(random.nextDouble(1, 2), random.nextInt(i % 2 == 0 ? -12 : -300,
                    i % 2 == 0 ? 8 : 300)) * (random.nextInt(3) == 0 ? -1 : 1);
            histogram.record(value);
            if (Math.abs(value) <= zero) {
                zeros++;
            } else {
                (value > 0 ? positive : negative).merge(index(Math.abs(value), scale), 1L, Long::sum);
            }
        }
        PerCpuExponentialHistogram.Snapshot now = histogram.snapshot();
        assertEquals(positive, counts(now.positive()), "seed=" + seed);
        assertEquals(negative, counts(now.negative()), "seed=" + seed);
        assertEquals(zeros, now.zeroCount(), "seed=" + seed);
        assertEquals(VALUES, now.count());
    }

    @Test
    void theEndsOfTheDoublesHaveBuckets() {
        PerCpuExponentialHistogram histogram = new PerCpuExponentialHistogram(DoubleBuckets.exponential(3, 1, 2));
        for (double value : new double[] {0, -0.0, Double.MIN_VALUE, -Double.MIN_VALUE, Double.MAX_VALUE,
            -Double.MAX_VALUE}) {
            histogram.record(value);
        }
        PerCpuExponentialHistogram.Snapshot now = histogram.snapshot();
        int last = (Double.MAX_EXPONENT + 1) * 8;
        assertEquals(Map.of(last, 1L), counts(now.positive()));
        assertEquals(Map.of(last, 1L), counts(now.negative()));
        assertEquals(4, now.zeroCount());
        assertEquals(0, now.sum());
        histogram.record(Double.POSITIVE_INFINITY);
        histogram.record(Double.NEGATIVE_INFINITY);
        assertEquals(8, histogram.snapshot().count());
        assertThrows(IllegalArgumentException.class, () -> histogram.record(Double.NaN));
        assertEquals(8, histogram.snapshot().count());
        assertThrows(IndexOutOfBoundsException.class, () -> now.positive().index(1));
        assertThrows(IndexOutOfBoundsException.class, () -> now.negative().count(-1));
    }

    @Test
    void refusesExplicitBuckets() {
        DoubleBuckets explicit = DoubleBuckets.explicit(1, 2);
        String message = String.valueOf(assertThrows(IllegalArgumentException.class,
                () -> new PerCpuExponentialHistogram(explicit)).getMessage());
        assertTrue(message.contains("PerCpuDoubleHistogram"), message);
    }

    @Test
    void rangesThatThreadsMakeTogetherLoseNothing() throws InterruptedException {
        PerCpuExponentialHistogram histogram = new PerCpuExponentialHistogram(DoubleBuckets.exponential(0, 1, 10));
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            threads.add(Thread.ofVirtual().start(() -> {
                for (int exponent = 0; exponent < EXPONENTS; exponent++) {
                    histogram.record(Math.scalb(1.0, exponent));
                    histogram.record(-Math.scalb(1.0, EXPONENTS - 1 - exponent));
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Map<Integer, Long> expected = new TreeMap<>();
        for (int index = 0; index < EXPONENTS; index++) {
            expected.put(index, (long) THREADS);
        }
        PerCpuExponentialHistogram.Snapshot now = histogram.snapshot();
        assertEquals(expected, counts(now.positive()));
        assertEquals(expected, counts(now.negative()));
        assertEquals(2L * THREADS * EXPONENTS, now.count());
        assertEquals(0, now.sum());
    }
}
