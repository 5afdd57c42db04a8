package io.github.rseq4j.function;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.sections.TimestampBucketAddPair;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The time since a start is added to the pair of its bucket, in ticks of the sections' clock. */
final class DurationFunctionsTest {
    private static final int BITS = TimestampBucketAddPair.SIGNIFICANT_BITS;
    private static final int BUCKETS = HistogramBuckets.number(Long.MAX_VALUE, BITS) + 1;

    private static final long MARGIN = 1000;

    private final long pairs = Cells.get().allocatePairs(this, BUCKETS);

    private static long now() throws Throwable {
        return (long) Engine.get().timestampHandle(true).invokeExact();
    }

    @Test
    void addsEachDurationToItsBucket() throws Throwable {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        long[] expected = new long[2 * BUCKETS];
        for (int i = 0; i < 20_000; i++) {
            long before = random.nextLong(1L << random.nextInt(1, 62));
            // An unordered reading may be taken some nanoseconds before the reading here.
            long start = now() - before - MARGIN;
            long ticks = DurationFunctions.addSince(pairs, start, Long.MAX_VALUE);
            assertTrue(ticks >= before && ticks <= now() - start, "ticks=" + ticks + ", seed=" + seed);
            int bucket = HistogramBuckets.number(ticks, BITS);
            expected[2 * bucket]++;
            expected[2 * bucket + 1] += ticks;
        }
        assertArrayEquals(expected, Cells.get().sums(pairs, 2 * BUCKETS), "seed=" + seed);
    }

    @Test
    void addsNothingBeyondTheLimit() throws Throwable {
        long far = 1L << 40;
        for (long[] call : new long[][] {{now(), 0}, {now() - far, far}, {now() + far, far},
            {now() + far, Long.MAX_VALUE}}) {
            long status = DurationFunctions.addSince(pairs, call[0], call[1]);
            assertEquals(Status.EXIT + TimestampBucketAddPair.EXIT_BEYOND, Status.code(status));
        }
        assertArrayEquals(new long[2 * BUCKETS], Cells.get().sums(pairs, 2 * BUCKETS));
    }
}
