package io.github.rseq4j.demo.service;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import io.github.rseq4j.demo.side.Side;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;

/**
 * The counts of a service at one moment. All begin when the service starts.
 *
 * @param epochNanos the time of day, in nanoseconds since 1970
 * @param requests the number of the last request
 * @param cpuNanos the CPU time of the process, in nanoseconds
 * @param allocatedBytes the bytes that its threads have allocated
 * @param collections the number of its garbage collections
 * @param recyclers the number of recyclers that its pool has made
 * @param lost the number of events that could not be recorded
 * @param counted the counters, by kind of request
 * @param observed the counts of the histograms, by kind
 */
public record Sample(long epochNanos, long requests, long cpuNanos, long allocatedBytes, long collections,
        long recyclers, long lost, Map<String, Long> counted, Map<String, Long> observed) {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    public Sample {
        counted = Map.copyOf(counted);
        observed = Map.copyOf(observed);
    }

    static Sample of(Side side, long requests) {
        Map<String, Long> counted = side.counted();
        Map<String, Long> observed = side.observed();
        Instant now = Instant.now();
        OperatingSystemMXBean system =
                Objects.requireNonNull(ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class));
        ThreadMXBean threads = Objects.requireNonNull(ManagementFactory.getPlatformMXBean(ThreadMXBean.class));
        return new Sample(now.getEpochSecond() * NANOS_PER_SECOND + now.getNano(), requests,
                system.getProcessCpuTime(), threads.getTotalThreadAllocatedBytes(),
                ManagementFactory.getGarbageCollectorMXBeans().stream()
                        .mapToLong(GarbageCollectorMXBean::getCollectionCount).sum(),
                side.recyclers(), side.lost(), counted, observed);
    }
}
