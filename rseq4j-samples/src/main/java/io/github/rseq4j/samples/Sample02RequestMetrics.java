package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.FusedCounters;
import io.github.rseq4j.percpu.PerCpuCounters;

/**
 * Updates several counters of a request in one call, so that the cost of the call is paid once.
 *
 * <pre>
 * count=3 bytes=3584 micros=425 errors=1
 * </pre>
 */
final class Sample02RequestMetrics {
    private static final int COUNT = 0;
    private static final int BYTES = 1;
    private static final int MICROS = 2;
    private static final int ERRORS = 3;

    static void main() {
        PerCpuCounters metrics = new PerCpuCounters(4);
        FusedCounters request = metrics.fused(COUNT, BYTES, MICROS, ERRORS);
        record(request, 512, 120, false);
        record(request, 1024, 80, true);
        record(request, 2048, 225, false);
        System.out.println("count=" + metrics.sum(COUNT) + " bytes=" + metrics.sum(BYTES)
                + " micros=" + metrics.sum(MICROS) + " errors=" + metrics.sum(ERRORS));
    }

    private static void record(FusedCounters request, long bytes, long micros, boolean failed) {
        request.add(1, bytes, micros, failed ? 1 : 0);
    }
}
