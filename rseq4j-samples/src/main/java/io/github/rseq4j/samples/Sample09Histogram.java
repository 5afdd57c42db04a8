package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.HistogramSnapshot;
import io.github.rseq4j.percpu.PerCpuHistogram;
import java.util.stream.LongStream;

/**
 * The distribution of latencies that many threads record, up to a minute in nanoseconds. A percentile is exact to 1/128
 * with seven significant bits.
 *
 * <pre>
 * count 100000, sum 5000050000
 * the median is near 50000: true
 * the 99th percentile is near 99000: true
 * </pre>
 */
final class Sample09Histogram {
    static void main() {
        try (PerCpuHistogram latencies = new PerCpuHistogram(60_000_000_000L, 7)) {
            LongStream.rangeClosed(1, 100_000).parallel().forEach(latencies::record);
            HistogramSnapshot now = latencies.snapshot();
            System.out.println("count " + now.count() + ", sum " + now.sum());
            System.out.println("the median is near 50000: " + (Math.abs(now.percentile(50) - 50_000) < 500));
            System.out.println("the 99th percentile is near 99000: " + (Math.abs(now.percentile(99) - 99_000) < 990));
        }
    }
}
