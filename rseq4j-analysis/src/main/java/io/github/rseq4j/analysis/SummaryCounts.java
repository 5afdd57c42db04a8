package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.EventType;
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

/** Counts the events of a trace, and measures its spans. */
final class SummaryCounts {
    private static final double NANOS_PER_SECOND = 1e9;
    /** The most names of spans with a histogram of their own, of up to some 80 KiB each. All other spans share one. */
    private static final int MOST_LATENCIES = 4_000;
    private static final int LATENCY_BYTES = 1 << 19;
    private static final String OTHERS = "others";
    /** The entry of the environment with the calls of an event that limits left out, before the event's number. */
    private static final String OMITTED = "omitted_";
    /** The most threads with a count of their own. */
    private static final int MOST_THREADS = 1 << 16;
    private static final int THREAD_BYTES = 2048;
    /** The most threads in the summary: those with the most events. */
    private static final int SHOWN_THREADS = 1_000;

    private final long maxLatencies = Math.min(MOST_LATENCIES, Runtime.getRuntime().maxMemory() / LATENCY_BYTES);
    private final Trace trace;
    private final SpanMatcher pairs;
    private final Map<String, Long> byEvent = new TreeMap<>();
    private final Map<Integer, Long> byCpu = new TreeMap<>();
    private final Map<String, Latencies> latencies = new TreeMap<>();
    private final CpuSamples samples;
    private final long maxThreads = Math.min(MOST_THREADS, Runtime.getRuntime().maxMemory() / THREAD_BYTES);
    /** The key is the thread's number; where the kernel used a number again, it is the {@link TraceThread}. */
    private final Map<Object, OfThread> byThread = new HashMap<>();
    private final OfThread otherThreads = new OfThread();
    private long count;
    private long first;
    private long last;

    /** The events of one thread. */
    private static final class OfThread {
        private long count;
        private long samples;
    }

    /**
     * Creates counts.
     *
     * @param trace the trace
     * @param keepsPlaces whether the places of spans are read from {@link #pairs}
     */
    SummaryCounts(Trace trace, boolean keepsPlaces) {
        this.trace = trace;
        this.pairs = new SpanMatcher(trace, keepsPlaces);
        this.samples = new CpuSamples(trace::codeNames);
    }

    long count() {
        return count;
    }

    /**
     * Counts an event.
     *
     * @return the span that the event begins, ends or is; null for other events
     */
    @Nullable SpanNode add(TraceEvent event) {
        first = count == 0 || Long.compareUnsigned(event.timestamp(), first) < 0 ? event.timestamp() : first;
        last = count == 0 || Long.compareUnsigned(event.timestamp(), last) > 0 ? event.timestamp() : last;
        count++;
        byEvent.merge(event.type().name(), 1L, Long::sum);
        byCpu.merge(event.cpu(), 1L, Long::sum);
        boolean isSample = samples.add(event);
        OfThread thread = thread(event);
        thread.count++;
        thread.samples += isSample ? 1 : 0;
        SpanNode span = pairs.take(event);
        if (span != null && span.endNumber() != 0 && span.nanos() >= 0) {
            String name = latencies.size() < maxLatencies || latencies.containsKey(span.name()) ? span.name() : OTHERS;
            latencies.computeIfAbsent(name, _ -> new Latencies()).add(span.nanos());
        }
        return span;
    }

    private OfThread thread(TraceEvent event) {
        TraceThread owner = event.threadId() < 0 ? trace.threads().of(event.threadId(), event.timestamp()) : null;
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

    /** Returns the matcher of spans. */
    SpanMatcher pairs() {
        return pairs;
    }

    /** Returns the samples of CPU time. */
    CpuSamples samples() {
        return samples;
    }

    /** Returns the summary of the events that were counted so far. */
    TraceSummary summary() {
        Map<String, TraceSummary.Latency> byName = new LinkedHashMap<>();
        latencies.forEach((name, each) -> byName.put(name, each.latency()));
        return new TraceSummary(trace, count, first, last, seconds(), rate(count), events(), cpus(), threads(), byName,
                pairs.unmatched(), pairs.impossible(), samples.byLibrary(), samples.byFunction());
    }

    private List<TraceSummary.EventCount> events() {
        List<TraceSummary.EventCount> events = new ArrayList<>();
        for (EventType type : trace.description().events()) {
            long number = byEvent.getOrDefault(type.name(), 0L);
            Object omitted = trace.description().environment().get(OMITTED + type.id());
            events.add(new TraceSummary.EventCount(type.name(), number, rate(number),
                    omitted instanceof Long calls ? calls : 0));
        }
        return events;
    }

    private List<TraceSummary.ThreadCount> threads() {
        return byThread.entrySet().stream().sorted(Comparator.comparingLong(
                (Map.Entry<Object, OfThread> each) -> each.getValue().count).reversed()).limit(SHOWN_THREADS)
                .map(each -> {
                    TraceThread thread = each.getKey() instanceof TraceThread owner ? owner
                            : trace.threads().of((long) each.getKey(), first);
                    long id = each.getKey() instanceof Long number ? number
                            : -Objects.requireNonNull(thread).kernelTid();
                    return new TraceSummary.ThreadCount(id, thread, each.getValue().count, rate(each.getValue().count),
                            each.getValue().samples);
                }).toList();
    }

    private List<TraceSummary.CpuCount> cpus() {
        // A CPU has a stream for each set of rings.
        Map<Integer, TraceSummary.CpuCount> cpus = new TreeMap<>();
        for (TraceReader.StreamCounts stream : trace.streams()) {
            long events = byCpu.getOrDefault(stream.cpu(), 0L);
            cpus.merge(stream.cpu(), new TraceSummary.CpuCount(stream.cpu(), events, rate(events), stream.packets(),
                    stream.lostPackets(), stream.discarded()), (one, other) -> new TraceSummary.CpuCount(one.cpu(),
                            events, one.perSecond(), one.packets() + other.packets(),
                            one.lostPackets() + other.lostPackets(), one.discarded() + other.discarded()));
        }
        return List.copyOf(cpus.values());
    }
}
