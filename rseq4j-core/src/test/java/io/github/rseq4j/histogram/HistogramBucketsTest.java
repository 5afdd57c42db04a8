package io.github.rseq4j.histogram;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.memory.Cells;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Buckets cover every value once, and are as narrow as their significant bits require. */
final class HistogramBucketsTest {
    private static final int RANDOM_VALUES = 100_000;

    /** Returns 0, the values around each power of two, and random values of every length. */
    private static List<Long> values(long seed) {
        List<Long> values = new ArrayList<>(List.of(0L, Long.MAX_VALUE - 1, Long.MAX_VALUE));
        for (int bit = 0; bit < Long.SIZE - 1; bit++) {
            values.addAll(List.of((1L << bit) - 1, 1L << bit, (1L << bit) + 1));
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < RANDOM_VALUES; i++) {
            values.add(random.nextLong() >>> random.nextInt(1, Long.SIZE));
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void everyValueIsInABucketThatIsNarrowEnough(int bits) {
        HistogramBuckets buckets = HistogramBuckets.upTo(Long.MAX_VALUE, bits);
        for (long value : values(bits)) {
            int number = buckets.number(value);
            long lowest = buckets.lowest(number);
            long highest = buckets.highest(number);
            String at = "seed=" + bits + ", value=" + value + ", lowest=" + lowest + ", highest=" + highest;
            assertTrue(lowest <= value && value <= highest, at);
            assertTrue(lowest == highest || highest - lowest < lowest >> bits, at);
            assertTrue(value >= 2L << bits || lowest == highest, at);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void bucketsAreContiguous(int bits) {
        SplittableRandom random = new SplittableRandom(bits);
        for (int shape = 0; shape < 20; shape++) {
            long trackable = shape == 0 ? Long.MAX_VALUE : 1 + (random.nextLong() >>> random.nextInt(2, Long.SIZE));
            HistogramBuckets buckets = HistogramBuckets.upTo(trackable, bits);
            String at = "seed=" + bits + ", highestTrackableValue=" + trackable;
            long next = 0;
            for (int number = 0; number < buckets.size(); number++) {
                assertEquals(next, buckets.lowest(number), at);
                assertEquals(number, buckets.number(buckets.lowest(number)), at);
                assertEquals(number, buckets.number(buckets.highest(number)), at);
                next = buckets.highest(number) + 1;
            }
            assertEquals(Long.MIN_VALUE, next, at + ": the last bucket reaches up to Long.MAX_VALUE");
            assertTrue(buckets.highestTrackableValue() >= trackable, at);
            assertEquals(buckets, HistogramBuckets.upTo(buckets.highestTrackableValue(), bits), at);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void theFullRangeFitsIntoOneOwnersCells(int bits) {
        HistogramBuckets buckets = HistogramBuckets.upTo(Long.MAX_VALUE, bits);
        assertEquals(64 - bits << bits, buckets.size());
        assertTrue(1 + buckets.size() <= Cells.MAX_CELLS, "size=" + buckets.size());
        assertEquals(Long.MAX_VALUE, buckets.highestTrackableValue());
    }
}
