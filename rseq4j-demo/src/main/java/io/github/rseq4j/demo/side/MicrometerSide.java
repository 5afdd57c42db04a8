package io.github.rseq4j.demo.side;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.ref.SoftReference;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.RecyclerPool;

/** Micrometer's counters and timers, a recycler for each thread, JFR. */
final class MicrometerSide extends JfrSide {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Map<Kind, Counter> requests = new EnumMap<>(Kind.class);
    private final Map<Kind, Timer> latencies = new EnumMap<>(Kind.class);
    private final ThreadPool recyclers = new ThreadPool();

    /** Is Jackson's ThreadLocalPool, and counts the recyclers that it makes. */
    private static final class ThreadPool extends RecyclerPool.ThreadLocalPoolBase<BufferRecycler> {
        private static final long serialVersionUID = 1L;
        private final transient LongAdder made = new LongAdder();
        // A pool for each service of this process, not for all.
        @SuppressWarnings("ThreadLocalUsage")
        private final transient ThreadLocal<@Nullable SoftReference<BufferRecycler>> ofThread = new ThreadLocal<>();

        @Override
        public BufferRecycler acquirePooled() {
            SoftReference<BufferRecycler> reference = ofThread.get();
            BufferRecycler recycler = reference == null ? null : reference.get();
            if (recycler == null) {
                made.increment();
                recycler = new BufferRecycler();
                ofThread.set(new SoftReference<>(recycler));
            }
            return recycler;
        }
    }

    MicrometerSide() {
        Duration[] bounds = BOUNDS.stream().map(bound -> Duration.ofNanos(Math.round(bound * 1e9)))
                .toArray(Duration[]::new);
        for (Kind kind : Kind.values()) {
            requests.put(kind, Counter.builder("service.requests").tag(LABEL, kind.name()).register(registry));
            latencies.put(kind, Timer.builder("service.latency").tag(LABEL, kind.name()).serviceLevelObjectives(bounds)
                    .register(registry));
        }
    }

    @Override
    public void count(Kind kind, long nanos) {
        PeerMetrics.of(requests, kind).increment();
        PeerMetrics.of(latencies, kind).record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public Map<String, Long> counted() {
        Map<String, Long> counts = new TreeMap<>();
        requests.forEach((kind, counter) -> counts.put(kind.name(), Math.round(counter.count())));
        return counts;
    }

    @Override
    public Map<String, Long> observed() {
        Map<String, Long> counts = new TreeMap<>();
        latencies.forEach((kind, timer) -> counts.put(kind.name(), timer.count()));
        return counts;
    }

    @Override
    public String metrics() {
        return registry.scrape();
    }

    @Override
    public RecyclerPool<BufferRecycler> pool() {
        return recyclers;
    }

    @Override
    public long recyclers() {
        return recyclers.made.sum();
    }
}
