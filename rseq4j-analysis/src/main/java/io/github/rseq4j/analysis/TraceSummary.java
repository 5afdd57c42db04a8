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
 * How many events a trace has, by name, CPU index and thread; how long its spans lasted; where its CPU time was spent.
 * Immutable.
 *
 * @since 0.1
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
    private final List<LibrarySamples> samples;

    TraceSummary(Trace trace, long count, long first, long last, double seconds, double perSecond,
            List<EventCount> byEvent, List<CpuCount> byCpu, List<ThreadCount> byThread, Map<String, Latency> latencies,
            long unmatched, List<LibrarySamples> samples) {
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
        this.samples = List.copyOf(samples);
    }

    /**
     * Events of one name.
     *
     * @param event the name
     * @param count how many there are
     * @param perSecond how many there are in a second of the trace
     */
    public record EventCount(String event, long count, double perSecond) {}

    /**
     * Events of one CPU index.
     *
     * @param cpu the CPU index
     * @param count how many there are
     * @param perSecond how many there are in a second of the trace
     * @param packets how many packets the stream has
     * @param lostPackets how many packets are missing between them
     * @param discarded how many events the packets count as discarded
     */
    public record CpuCount(int cpu, long count, double perSecond, long packets, long lostPackets, long discarded) {}

    /**
     * Events of one thread.
     *
     * @param threadId the thread's number, as {@link TraceEvent} has it
     * @param thread what is known of the thread, or null
     * @param count how many events there are
     * @param perSecond how many there are in a second of the trace
     * @param samples how many of them are samples of CPU time
     */
    public record ThreadCount(long threadId, @Nullable TraceThread thread, long count, double perSecond,
                              long samples) {}

    /**
     * How long the spans of one name lasted. Median and percentile are less than one in a hundred above the true ones.
     *
     * @param count how many spans there are
     * @param medianNanos the median, in nanoseconds
     * @param p99Nanos the 99th percentile, in nanoseconds
     * @param maxNanos the longest, in nanoseconds
     */
    public record Latency(long count, long medianNanos, long p99Nanos, long maxNanos) {}

    /**
     * Samples of CPU time in one library.
     *
     * @param library its file's name; {@code java} for code that Java compiled, {@code unknown} where it cannot be told
     * @param count how many samples there are
     * @param percent how many of each hundred samples of the trace
     */
    public record LibrarySamples(String library, long count, double percent) {}

    /**
     * Summarizes a trace whose tracer has ended.
     *
     * @param folder the folder that holds the trace's metadata
     * @return the summary
     * @throws UnreadableTraceException when the metadata cannot be read
     * @throws IOException when there is no such folder
     */
    public static TraceSummary of(Path folder) throws IOException {
        try (Trace trace = Trace.open(folder)) {
            return of(trace);
        }
    }

    /**
     * Summarizes the events of a trace that are not read yet.
     *
     * @param trace the trace
     * @return the summary
     */
    public static TraceSummary of(Trace trace) {
        SummaryCounts counts = new SummaryCounts(trace);
        for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
            counts.add(event);
        }
        return counts.summary();
    }

    /** {@return the trace's own number} */
    public UUID uuid() {
        return uuid;
    }

    /** {@return what is known of the traced process: texts and longs by name} */
    public Map<String, Object> environment() {
        return environment;
    }

    /** {@return how many events there are} */
    public long count() {
        return count;
    }

    /** {@return when the first event was, or null when there is none} */
    public @Nullable Instant from() {
        return from;
    }

    /** {@return when the last event was, or null when there is none} */
    public @Nullable Instant to() {
        return to;
    }

    /** {@return how many seconds lie between the first and the last event} */
    public double seconds() {
        return seconds;
    }

    /** {@return how many events there are in a second, 0 where all are at one time} */
    public double perSecond() {
        return perSecond;
    }

    /** {@return how many events found no room and were discarded} */
    public long discarded() {
        return byCpu.stream().mapToLong(CpuCount::discarded).sum();
    }

    /** {@return how many packets are missing} */
    public long lostPackets() {
        return byCpu.stream().mapToLong(CpuCount::lostPackets).sum();
    }

    /** {@return the events by name, in the order of the metadata} */
    public List<EventCount> byEvent() {
        return byEvent;
    }

    /** {@return the events by CPU index, ascending} */
    public List<CpuCount> byCpu() {
        return byCpu;
    }

    /** {@return the 1,000 threads with the most events, those first} */
    public List<ThreadCount> byThread() {
        return byThread;
    }

    /** {@return how many events are of none of {@link #byThread}} */
    public long otherThreads() {
        return count - byThread.stream().mapToLong(ThreadCount::count).sum();
    }

    /** {@return how long spans lasted, by name; those of the names beyond the first 500 are {@code others}} */
    public Map<String, Latency> latencies() {
        return latencies;
    }

    /** {@return how many begins and ends have no other half} */
    public long unmatched() {
        return unmatched;
    }

    /** {@return the samples of CPU time by library, the most first} */
    public List<LibrarySamples> samples() {
        return samples;
    }

    /**
     * Writes the summary as an object of JSON, with a line for each entry.
     *
     * @param to where to
     * @throws IOException when it cannot be written
     */
    public void json(Appendable to) throws IOException {
        Json.pretty(to).value(object());
    }

    /** Returns the entries of the object of JSON. */
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
        object.put("byEvent", byEvent.stream().map(each -> entries("event", each.event(), "count", each.count(),
                "perSecond", each.perSecond())).toList());
        object.put("byCpu", byCpu.stream().map(each -> entries("cpu", each.cpu(), "count", each.count(), "perSecond",
                each.perSecond(), "packets", each.packets(), "lostPackets", each.lostPackets(), "discarded",
                each.discarded())).toList());
        object.put("byThread", byThread.stream().map(TraceSummary::object).toList());
        object.put("otherThreads", otherThreads());
        Map<String, Object> byName = new LinkedHashMap<>();
        latencies.forEach((name, each) -> byName.put(name, entries("count", each.count(), "medianNanos",
                each.medianNanos(), "p99Nanos", each.p99Nanos(), "maxNanos", each.maxNanos())));
        object.put("latencies", byName);
        object.put("unmatched", unmatched);
        object.put("samples", samples.stream().map(each -> entries("library", each.library(), "count", each.count(),
                "percent", each.percent())).toList());
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
