package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.DoubleBuckets;
import io.github.rseq4j.percpu.PerCpuDoubleHistogram;
import java.util.stream.IntStream;

/**
 * A histogram with the bounds of a service level objective: how many requests took at most 0.1 s, at most 1 s, and
 * longer. {@code DoubleBuckets.exponential} makes the buckets of Prometheus' native histograms and of OpenTelemetry.
 *
 * <pre>
 * up to 0.1 s: 800, up to 1 s: 150, longer: 50
 * 1000 requests, 325.0 s
 * </pre>
 */
final class Sample11DoubleHistogram {
    static void main() {
        PerCpuDoubleHistogram seconds = new PerCpuDoubleHistogram(DoubleBuckets.explicit(0.1, 1));
        IntStream.range(0, 1000).parallel()
                .forEach(request -> seconds.record(request < 800 ? 0.0625 : request < 950 ? 0.5 : 4));
        PerCpuDoubleHistogram.Snapshot now = seconds.snapshot();
        System.out.println("up to 0.1 s: " + now.count(0) + ", up to 1 s: " + now.count(1) + ", longer: "
                + now.count(2));
        System.out.println(now.count() + " requests, " + now.sum() + " s");
    }
}
