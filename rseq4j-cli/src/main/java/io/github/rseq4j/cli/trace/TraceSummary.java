package io.github.rseq4j.cli.trace;

import io.github.rseq4j.percpu.HistogramSnapshot;
import io.github.rseq4j.percpu.PerCpuHistogram;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts the events of a trace, and how long took what begins and ends. */
final class TraceSummary {
    /** Latencies above it, 19 hours, are counted as it. */
    private static final long HIGHEST_NANOS = 1L << 46;
    /** The median and the 99th percentile are less than one in a hundred off. */
    private static final int SIGNIFICANT_BITS = 8;
    private static final double NANOS_PER_SECOND = 1e9;
    /** So many pairs have latencies of their own, each some 80 KiB for each CPU; those of all others are one. */
    private static final int MOST_LATENCIES = 500;
    private static final int LATENCY_BYTES = 1 << 20;
    private static final String OTHERS = "others";
    /** So many threads are counted each. */
    private static final int MOST_THREADS = 1 << 16;
    private static final int THREAD_BYTES = 2048;
    /** So many of them are told, those with the most events. */
    private static final int SHOWN_THREADS = 1_000;

    private final long maxLatencies = Math.min(MOST_LATENCIES, Runtime.getRuntime().maxMemory() / LATENCY_BYTES);
    private final TraceDescription trace;
    private final TraceThreads named;
    private final TracePairs pairs = new TracePairs();
    private final Map<String, Long> byEvent = new TreeMap<>();
    private final Map<Integer, Long> byCpu = new TreeMap<>();
    private final Map<String, Latency> latencies = new TreeMap<>();
    private final CpuSamples samples = new CpuSamples();
    private final long maxThreads = Math.min(MOST_THREADS, Runtime.getRuntime().maxMemory() / THREAD_BYTES);
    /** By number; those of the kernel that were given again by thread. */
    private final Map<Object, OfThread> byThread = new HashMap<>();
    private final OfThread otherThreads = new OfThread();
    private long count;
    private long first;
    private long last;

    /** Latencies of one pair. */
    static final class Latency {
        private final PerCpuHistogram histogram = new PerCpuHistogram(HIGHEST_NANOS, SIGNIFICANT_BITS);
        private long max;

        private void add(long nanos) {
            histogram.record(Math.min(nanos, HIGHEST_NANOS));
            max = Math.max(max, nanos);
        }

        /** Returns it as an object of JSON. */
        Map<String, Object> object() {
            HistogramSnapshot snapshot = histogram.snapshot();
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("count", snapshot.count());
            // The middle of the distribution may be rounded up beyond the greatest.
            object.put("medianNanos", Math.min(snapshot.percentile(50), max));
            object.put("p99Nanos", Math.min(snapshot.percentile(99), max));
            object.put("maxNanos", max);
            return object;
        }
    }

    /** Events of one thread. */
    private static final class OfThread {
        private long count;
        private long samples;
    }

    /**
     * Begins with no event.
     *
     * @param trace what the trace's metadata says
     * @param named the trace's threads
     */
    TraceSummary(TraceDescription trace, TraceThreads named) {
        this.trace = trace;
        this.named = named;
    }

    TracePairs pairs() {
        return pairs;
    }

    long count() {
        return count;
    }

    /**
     * Takes the next event.
     *
     * @return what it ends, or null
     */
    TracePairs.@Nullable Begun add(TraceEvent event) {
        first = count == 0 || Long.compareUnsigned(event.timestamp(), first) < 0 ? event.timestamp() : first;
        last = count == 0 || Long.compareUnsigned(event.timestamp(), last) > 0 ? event.timestamp() : last;
        count++;
        byEvent.merge(event.type().name(), 1L, Long::sum);
        byCpu.merge(event.cpu(), 1L, Long::sum);
        boolean isSample = samples.add(event);
        OfThread thread = thread(event);
        thread.count++;
        thread.samples += isSample ? 1 : 0;
        TracePairs.Begun half = pairs.take(event);
        if (half == null || pairs.role(event.type()).kind() != TracePairs.Kind.ENDS) {
            return null;
        }
        if (Long.compareUnsigned(event.timestamp(), half.timestamp()) >= 0) {
            String pair = latencies.size() < maxLatencies || latencies.containsKey(half.pair()) ? half.pair() : OTHERS;
            latencies.computeIfAbsent(pair, _ -> new Latency())
                    .add(trace.clock().nanos(event.timestamp() - half.timestamp()));
        }
        return half;
    }

    private OfThread thread(TraceEvent event) {
        TraceThread owner = event.threadId() < 0 ? named.of(event.threadId(), event.timestamp()) : null;
        Object key = owner == null ? (Object) event.threadId() : (Object) owner;
        OfThread thread = byThread.get(key);
        if (thread == null && byThread.size() < maxThreads) {
            thread = new OfThread();
            byThread.put(key, thread);
        }
        return thread == null ? otherThreads : thread;
    }

    double seconds() {
        return trace.clock().nanos(last - first) / NANOS_PER_SECOND;
    }

    private double rate(long events) {
        double seconds = seconds();
        return seconds == 0 ? 0 : events / seconds;
    }

    /** Returns it as an object of JSON. */
    Map<String, Object> object(TraceReader reader) {
        Map<String, Object> object = new LinkedHashMap<>();
        TraceClock clock = trace.clock();
        object.put("uuid", trace.uuid().toString());
        object.put("environment", trace.environment());
        object.put("events", count);
        if (count > 0) {
            object.put("from", EventText.time(clock.instant(first)));
            object.put("to", EventText.time(clock.instant(last)));
        }
        object.put("seconds", seconds());
        object.put("perSecond", rate(count));
        List<TraceReader.StreamCounts> streams = reader.counts();
        object.put("discarded", streams.stream().mapToLong(TraceReader.StreamCounts::discarded).sum());
        object.put("lostPackets", streams.stream().mapToLong(TraceReader.StreamCounts::lostPackets).sum());
        object.put("byEvent", events());
        object.put("byCpu", cpus(streams));
        List<Map<String, Object>> threads = threads();
        object.put("byThread", threads);
        object.put("otherThreads", count - threads.stream().mapToLong(
                each -> each.get("count") instanceof Long number ? number : 0).sum());
        Map<String, Object> byPair = new LinkedHashMap<>();
        latencies.forEach((pair, latency) -> byPair.put(pair, latency.object()));
        object.put("latencies", byPair);
        object.put("unmatched", pairs.unmatched());
        object.put("samples", samples.byLibrary());
        return object;
    }

    private List<Map<String, Object>> events() {
        List<Map<String, Object>> events = new ArrayList<>();
        for (EventType type : trace.events()) {
            long number = byEvent.getOrDefault(type.name(), 0L);
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("event", type.name());
            each.put("count", number);
            each.put("perSecond", rate(number));
            events.add(each);
        }
        return events;
    }

    private List<Map<String, Object>> threads() {
        List<Map<String, Object>> threads = new ArrayList<>();
        byThread.entrySet().stream().sorted(Comparator.comparingLong(
                (Map.Entry<Object, OfThread> each) -> each.getValue().count).reversed()).limit(SHOWN_THREADS)
                .forEach(each -> {
                    TraceThread thread = each.getKey() instanceof TraceThread owner ? owner
                            : named.of((long) each.getKey(), first);
                    Map<String, Object> object = new LinkedHashMap<>();
                    object.put("tid", each.getKey() instanceof Long number ? number
                            : -Objects.requireNonNull(thread).kernelTid());
                    if (thread != null) {
                        EventText.thread(thread, "name", object);
                    }
                    object.put("count", each.getValue().count);
                    object.put("perSecond", rate(each.getValue().count));
                    object.put("samples", each.getValue().samples);
                    threads.add(object);
                });
        return threads;
    }

    private List<Map<String, Object>> cpus(List<TraceReader.StreamCounts> streams) {
        List<Map<String, Object>> cpus = new ArrayList<>();
        for (TraceReader.StreamCounts stream : streams) {
            long events = byCpu.getOrDefault(stream.index(), 0L);
            Map<String, Object> each = new LinkedHashMap<>();
            each.put("cpu", stream.index());
            each.put("count", events);
            each.put("perSecond", rate(events));
            each.put("packets", stream.packets());
            each.put("lostPackets", stream.lostPackets());
            each.put("discarded", stream.discarded());
            cpus.add(each);
        }
        return cpus;
    }
}
