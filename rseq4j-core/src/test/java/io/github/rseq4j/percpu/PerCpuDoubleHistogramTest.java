package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Histograms of doubles count in the right bucket, and lose nothing, on rseq and on the fallback. */
final class PerCpuDoubleHistogramTest {
    private static final int THREADS = 8;
    private static final int RECORDS = 50_000;
    private static final long SEED = 42;

    @Test
    void boundsBelongToTheBucketBelowThem() {
        DoubleBuckets buckets = DoubleBuckets.explicit(-1.5, 0, 0.1, 10);
        double[] values = {Double.NEGATIVE_INFINITY, -1.5, -1.4, -0.0, 0, Double.MIN_VALUE, 0.1, Math.nextUp(0.1), 10,
            10.5, Double.POSITIVE_INFINITY};
        int[] numbers = {0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4};
        for (int i = 0; i < values.length; i++) {
            assertEquals(numbers[i], buckets.number(values[i]), "bucket of " + values[i]);
        }
        assertEquals(Double.POSITIVE_INFINITY, buckets.upperBound(4));
        assertEquals(0.1, buckets.upperBound(2));
    }

    /** The bound of a bucket is the greatest double whose 2^scale-th power is at most a power of two. */
    @ParameterizedTest
    @ValueSource(ints = {-4, -3, -1, 0, 1, 2, 3, 5})
    void exponentialBoundsAreExact(int scale) {
        DoubleBuckets buckets = DoubleBuckets.exponential(scale, 1e-3, 1e3);
        int n = 1 << Math.max(0, scale);
        int width = 1 << Math.max(0, -scale);
        for (int i = 0; i < buckets.size() - 1; i++) {
            double bound = buckets.upperBound(i);
            int index = buckets.lowestIndex() + i;
            BigDecimal power = index >= 0 ? new BigDecimal(2).pow(index * width)
                    : BigDecimal.ONE.divide(new BigDecimal(2).pow(-index * width));
            assertTrue(new BigDecimal(bound).pow(n).compareTo(power) <= 0, "bucket " + i);
            assertTrue(new BigDecimal(Math.nextUp(bound)).pow(n).compareTo(power) > 0, "bucket " + i);
            assertEquals(i, buckets.number(bound));
            assertEquals(i + 1, buckets.number(Math.nextUp(bound)));
        }
        assertTrue(buckets.upperBound(0) < 1e-3 && buckets.upperBound(1) >= 1e-3);
        assertTrue(buckets.upperBound(buckets.size() - 2) >= 1e3);
        for (double low : new double[] {0, -0.0, -1, Double.NEGATIVE_INFINITY, Double.MIN_VALUE, 1e-300}) {
            assertEquals(0, buckets.number(low));
        }
        assertEquals(buckets.size() - 1, buckets.number(Double.POSITIVE_INFINITY));
        assertEquals(buckets.size() - 1, buckets.number(Double.MAX_VALUE));
    }

    @Test
    void randomValuesLieBetweenTheBoundsOfTheirBucket() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int scale = DoubleBuckets.MIN_SCALE; scale <= DoubleBuckets.MAX_SCALE; scale++) {
            DoubleBuckets buckets = DoubleBuckets.exponential(scale, 1e-9, 1e9);
            for (int i = 0; i < 2000; i++) {
                double value = Math.scalb(random.nextDouble(1, 2), random.nextInt(-29, 29));
                int number = buckets.number(value);
                assertTrue(value <= buckets.upperBound(number) && value > buckets.upperBound(number - 1),
                        "seed=" + SEED + ", scale=" + scale + ", value=" + value + ", bucket=" + number);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void countsEveryRecordOfManyThreadsWhileReaderSeesWholeCounts(boolean virtual) throws InterruptedException {
        DoubleBuckets buckets = virtual ? DoubleBuckets.exponential(2, 0.1, 100) : DoubleBuckets.explicit(1, 2, 4, 8);
        PerCpuDoubleHistogram histogram = new PerCpuDoubleHistogram(buckets);
        AtomicLongArray own = new AtomicLongArray(buckets.size());
        Runnable body = () -> {
            for (int i = 0; i < RECORDS; i++) {
                double value = i % 41 / 4.0;
                histogram.record(value);
                own.incrementAndGet(buckets.number(value));
            }
        };
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(virtual ? Thread.ofVirtual().start(body) : Thread.ofPlatform().start(body));
        }
        long before = 0;
        while (threads.stream().anyMatch(Thread::isAlive)) {
            PerCpuDoubleHistogram.Snapshot now = histogram.snapshot();
            long all = 0;
            for (int i = 0; i < buckets.size(); i++) {
                all += now.count(i);
            }
            assertEquals(all, now.count());
            assertTrue(all >= before, "counts only grow");
            before = all;
        }
        for (Thread thread : threads) {
            thread.join();
        }
        PerCpuDoubleHistogram.Snapshot end = histogram.snapshot();
        double sum = 0;
        for (int i = 0; i < RECORDS; i++) {
            sum += i % 41 / 4.0;
        }
        assertEquals((long) THREADS * RECORDS, end.count());
        assertEquals(THREADS * sum, end.sum(), "quarters add up exactly in any order");
        for (int i = 0; i < buckets.size(); i++) {
            assertEquals(own.get(i), end.count(i), "bucket " + i);
        }
    }

    @Test
    void refusesWhatHasNoBucket() {
        PerCpuDoubleHistogram histogram = new PerCpuDoubleHistogram(DoubleBuckets.explicit(1));
        assertThrows(IllegalArgumentException.class, () -> histogram.record(Double.NaN));
        assertEquals(0, histogram.snapshot().count());
        for (double[] bounds : new double[][] {{}, {1, 1}, {2, 1}, {Double.NaN}, {1, Double.POSITIVE_INFINITY}}) {
            assertThrows(IllegalArgumentException.class, () -> DoubleBuckets.explicit(bounds));
        }
        assertThrows(IllegalArgumentException.class, () -> DoubleBuckets.exponential(9, 1, 2));
        assertThrows(IllegalArgumentException.class, () -> DoubleBuckets.exponential(-5, 1, 2));
        assertThrows(IllegalArgumentException.class, () -> DoubleBuckets.exponential(0, 0, 2));
        assertThrows(IllegalArgumentException.class, () -> DoubleBuckets.exponential(0, 2, 1));
        assertThrows(IllegalArgumentException.class, () -> DoubleBuckets.exponential(8, 1e-300, 1e300));
        assertThrows(IndexOutOfBoundsException.class, () -> DoubleBuckets.explicit(1).upperBound(2));
    }
}
