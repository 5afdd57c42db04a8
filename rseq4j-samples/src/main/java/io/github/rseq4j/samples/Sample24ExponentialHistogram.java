package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuExponentialHistogram;
import java.util.stream.IntStream;

/**
 * A histogram of gains and losses in buckets that double: the exponential buckets of Prometheus and OpenTelemetry, for
 * values of either sign and of any size.
 *
 * <pre>
 * losses above 1 up to 2: 250
 * gains above 2 up to 4: 749
 * gains above 1073741824 up to 2147483648: 1
 * </pre>
 */
final class Sample24ExponentialHistogram {
    static void main() {
        PerCpuExponentialHistogram changes = new PerCpuExponentialHistogram(DoubleBuckets.exponential(0, 1, 1000));
        IntStream.range(0, 1000).parallel()
                .forEach(i -> changes.record(i == 999 ? 2e9 : i % 4 == 0 ? -1.5 : 3));
        PerCpuExponentialHistogram.Snapshot now = changes.snapshot();
        print("losses", now.negative());
        print("gains", now.positive());
    }

    /** Bucket i holds the magnitudes above 2^(i - 1) up to 2^i, since the scale is 0. */
    private static void print(String name, PerCpuExponentialHistogram.Side side) {
        for (int bucket = 0; bucket < side.size(); bucket++) {
            long bound = 1L << side.index(bucket);
            System.out.println(name + " above " + bound / 2 + " up to " + bound + ": " + side.count(bucket));
        }
    }
}
