package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A summary of a trace: the numbers of events by name, CPU index and thread; the durations of spans; and the libraries
 * in which CPU time was spent.
 *
 * <p>Rates are events for each second between the first and the last event of the trace. A rate is 0 if all events have
 * the same time. Immutable, so any thread may use it.
 *
 * @since 0.1.0
 */
public final class TraceSummary {
    private final UUID uuid;
    private final Map<String, Object> environment;
    private final long count;
    private final @Nullable Instant from;
    private final @Nullable Instant to;
    private final double seconds;
    private final double perSecond;
    private final List<EventCount> byEvent;
    private final List<CpuCount> byCpu;
    private final List<ThreadCount> byThread;
    private final Map<String, Latency> latencies;
    private final long unmatched;
    private final long impossible;
    private final List<LibrarySamples> samples;
    private final List<FunctionSamples> functions;

    TraceSummary(Trace trace, long count, long first, long last, double seconds, double perSecond,
            List<EventCount> byEvent, List<CpuCount> byCpu, List<ThreadCount> byThread, Map<String, Latency> latencies,
            long unmatched, long impossible, List<LibrarySamples> samples, List<FunctionSamples> functions) {
        this.uuid = trace.description().uuid();
        this.environment = trace.description().environment();
        this.count = count;
        this.from = count == 0 ? null : trace.clock().instant(first);
        this.to = count == 0 ? null : trace.clock().instant(last);
        this.seconds = seconds;
        this.perSecond = perSecond;
        this.byEvent = List.copyOf(byEvent);
        this.byCpu = List.copyOf(byCpu);
        this.byThread = List.copyOf(byThread);
        this.latencies = Collections.unmodifiableMap(latencies);
        this.unmatched = unmatched;
        this.impossible = impossible;
        this.samples = List.copyOf(samples);
        this.functions = List.copyOf(functions);
    }

    /**
     * The events of one name.
     *
     * @param event the name, with its provider
     * @param count the number of events
     * @param perSecond the rate
     * @param omitted the number of calls that the event's limits left out
     * @since 0.1.0
     */
    public record EventCount(String event, long count, double perSecond, long omitted) {}

    /**
     * The events of one CPU index.
     *
     * @param cpu the CPU index
     * @param count the number of events
     * @param perSecond the rate
     * @param packets the number of packets of the stream
     * @param lostPackets the number of packets that are missing between them
     * @param discarded the number of events that the packets count as discarded
     * @since 0.1.0
     */
    public record CpuCount(int cpu, long count, double perSecond, long packets, long lostPackets, long discarded) {}

    /**
     * The events of one thread.
     *
     * @param threadId the thread's number, as in {@link TraceEvent#threadId}
     * @param thread the thread's name and numbers, or null if the trace does not name it
     * @param count the number of events
     * @param perSecond the rate
     * @param samples the number of these events that are samples of CPU time
     * @since 0.1.0
     */
    public record ThreadCount(long threadId, @Nullable TraceThread thread, long count, double perSecond,
                              long samples) {}

    /**
     * The durations of the spans of one name. Median and percentiles exceed the true values by less than 1 in 100.
     *
     * @param count the number of spans
     * @param totalNanos the sum, in nanoseconds, at most {@code Long.MAX_VALUE}
     * @param medianNanos the median, in nanoseconds
     * @param p90Nanos the 90th percentile, in nanoseconds
     * @param p99Nanos the 99th percentile, in nanoseconds
     * @param maxNanos the maximum, in nanoseconds
     * @since 0.1.0
     */
    public record Latency(long count, long totalNanos, long medianNanos, long p90Nanos, long p99Nanos,
                          long maxNanos) {}

    /**
     * The samples of CPU time in one library.
     *
     * @param library the name of the library's file; {@code java} for anonymous executable memory, where Java's
     *     compiled code is; {@code unknown} if no mapping is known
     * @param count the number of samples
     * @param percent the share of all samples of the trace, in percent
     * @since 0.1.0
     */
    public record LibrarySamples(String library, long count, double percent) {}

    /**
     * The samples of CPU time in one function of Java's code, as the JVM names it.
     *
     * @param function the name with its types, or the name of a stub or of the interpreter
     * @param count the number of samples
     * @param percent the share of all samples of the trace, in percent
     * @since 0.1.0
     */
    public record FunctionSamples(String function, long count, double percent) {}

    /**
     * Summarizes a trace whose tracer has ended.
     *
     * @param folder the folder that holds the trace's metadata
     * @return the summary
     * @throws UnreadableTraceException if the metadata cannot be read
     * @throws IOException if the folder does not exist or is not a folder
     */
    public static TraceSummary of(Path folder) throws IOException {
        try (Trace trace = Trace.open(folder)) {
            return of(trace);
        }
    }

    /**
     * Reads the events of a trace that are not read yet, and summarizes them.
     *
     * @param trace the trace; it stays open
     * @return the summary
     */
    public static TraceSummary of(Trace trace) {
        SummaryCounts counts = new SummaryCounts(trace, false);
        for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
            counts.add(event);
        }
        return counts.summary();
    }

    /** {@return the trace's identifier} */
    public UUID uuid() {
        return uuid;
    }

    /** {@return properties of the traced process by name; each value is a String or a Long} */
    public Map<String, Object> environment() {
        return environment;
    }

    /** {@return the number of events} */
    public long count() {
        return count;
    }

    /** {@return the time of the first event, or null if there is no event} */
    public @Nullable Instant from() {
        return from;
    }

    /** {@return the time of the last event, or null if there is no event} */
    public @Nullable Instant to() {
        return to;
    }

    /** {@return the time between the first and the last event, in seconds} */
    public double seconds() {
        return seconds;
    }

    /** {@return the rate of all events, in events for each second} */
    public double perSecond() {
        return perSecond;
    }

    /** {@return the number of events that found no room in a ring and were discarded} */
    public long discarded() {
        return byCpu.stream().mapToLong(CpuCount::discarded).sum();
    }

    /** {@return the number of calls that limits of events left out; a span counts as one call} */
    public long omitted() {
        return byEvent.stream().mapToLong(EventCount::omitted).sum();
    }

    /** {@return the number of missing packets} */
    public long lostPackets() {
        return byCpu.stream().mapToLong(CpuCount::lostPackets).sum();
    }

    /** {@return the events by name, in the order of their declarations} */
    public List<EventCount> byEvent() {
        return byEvent;
    }

    /** {@return the events by CPU index, in ascending order} */
    public List<CpuCount> byCpu() {
        return byCpu;
    }

    /** {@return the 1,000 threads with the most events, in descending order} */
    public List<ThreadCount> byThread() {
        return byThread;
    }

    /** {@return the number of events of threads that are not in {@link #byThread}} */
    public long otherThreads() {
        return count - byThread.stream().mapToLong(ThreadCount::count).sum();
    }

    /**
     * {@return the durations of spans by name, for the first 4,000 names, or fewer in a small heap; {@code others} has
     * those of all other names}
     */
    public Map<String, Latency> latencies() {
        return latencies;
    }

    /** {@return the number of begins without an end, and of ends without a begin} */
    public long unmatched() {
        return unmatched;
    }

    /**
     * {@return the number of events whose {@code durationNanos} is negative, or longer than the clock has run} They are
     * no spans.
     */
    public long impossibleDurations() {
        return impossible;
    }

    /** {@return the samples of CPU time by library, in descending order} */
    public List<LibrarySamples> samples() {
        return samples;
    }

    /**
     * {@return the samples of CPU time by function of Java's code, the 1,000 with the most samples, in descending
     * order} Samples in compiled methods that the JVM dropped before sampling ended are in no function.
     */
    public List<FunctionSamples> functions() {
        return functions;
    }

    /**
     * Writes the summary as a JSON object, with one line for each entry.
     *
     * @param to the target
     * @throws IOException if the target cannot be written
     */
    public void json(Appendable to) throws IOException {
        Json.pretty(to).value(object());
    }

    /** Returns the entries of the JSON object. */
    Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("uuid", uuid.toString());
        object.put("environment", environment);
        object.put("events", count);
        if (from != null && to != null) {
            object.put("from", EventText.time(from));
            object.put("to", EventText.time(to));
        }
        object.put("seconds", seconds);
        object.put("perSecond", perSecond);
        object.put("discarded", discarded());
        object.put("lostPackets", lostPackets());
        object.put("omitted", omitted());
        object.put("byEvent", byEvent.stream().map(each -> entries("event", each.event(), "count", each.count(),
                "perSecond", each.perSecond(), "omitted", each.omitted())).toList());
        object.put("byCpu", byCpu.stream().map(each -> entries("cpu", each.cpu(), "count", each.count(), "perSecond",
                each.perSecond(), "packets", each.packets(), "lostPackets", each.lostPackets(), "discarded",
                each.discarded())).toList());
        object.put("byThread", byThread.stream().map(TraceSummary::object).toList());
        object.put("otherThreads", otherThreads());
        Map<String, Object> byName = new LinkedHashMap<>();
        latencies.forEach((name, each) -> byName.put(name, entries("count", each.count(), "totalNanos",
                each.totalNanos(), "medianNanos", each.medianNanos(), "p90Nanos", each.p90Nanos(), "p99Nanos",
                each.p99Nanos(), "maxNanos", each.maxNanos())));
        object.put("latencies", byName);
        object.put("unmatched", unmatched);
        object.put("impossibleDurations", impossible);
        object.put("samples", samples.stream().map(each -> entries("library", each.library(), "count", each.count(),
                "percent", each.percent())).toList());
        object.put("functions", functions.stream().map(each -> entries("function", each.function(), "count",
                each.count(), "percent", each.percent())).toList());
        return object;
    }

    private static Map<String, Object> object(ThreadCount each) {
        Map<String, Object> object = entries("tid", each.threadId());
        TraceThread thread = each.thread();
        if (thread != null) {
            EventText.thread(thread, "name", object);
        }
        object.putAll(entries("count", each.count(), "perSecond", each.perSecond(), "samples", each.samples()));
        return object;
    }

    private static Map<String, Object> entries(Object... keysAndValues) {
        Map<String, Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            entries.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return entries;
    }
}
