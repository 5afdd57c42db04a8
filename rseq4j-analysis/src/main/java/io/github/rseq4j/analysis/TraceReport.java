package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.page.CallTree;
import io.github.rseq4j.analysis.page.MarkName;
import io.github.rseq4j.analysis.page.Page;
import io.github.rseq4j.analysis.page.PageCounts;
import io.github.rseq4j.analysis.page.PageData;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a page of HTML that shows a trace: a flame chart of its spans by thread, with their arguments; statistics and
 * a histogram of a selection; numeric fields over time; flame graphs of spans and of CPU samples; the slowest spans.
 * The page is a single file that loads nothing else.
 *
 * {@snippet lang = java:
 * try (Trace trace = Trace.open(Path.of("trace")); OutputStream out = Files.newOutputStream(Path.of("page.html"))) {
 *     TraceReport.of(trace).write(out);
 * }
 * }
 *
 * <p><b>Size.</b> A page has at most {@link #withMaxBytes} bytes, however long the trace is. The longest spans are kept
 * one by one. All others are counted by lane, depth and time, and the page says how many they are. The memory for
 * making a page is bounded too, by its size and by the heap.
 *
 * <p><b>Threads.</b> Immutable. A trace may be used by one call at a time.
 *
 * @since 0.1.0
 */
public final class TraceReport {
    /** The smallest limit of a page's size, in bytes. */
    public static final long LEAST_MAX_BYTES = 2 << 20;
    /** The default limit of a page's size, in bytes. */
    public static final long DEFAULT_MAX_BYTES = 48 << 20;
    /** The highest limit of a page's size, in bytes. Browsers refuse longer texts. */
    public static final long MOST_MAX_BYTES = 256 << 20;

    private static final int SHOWN_NAMES = 1_000;

    private final Trace trace;
    private final long maxBytes;
    private final List<String> notes;
    private final @Nullable Path recording;

    private TraceReport(Trace trace, long maxBytes, List<String> notes, @Nullable Path recording) {
        this.trace = trace;
        this.maxBytes = maxBytes;
        this.notes = List.copyOf(notes);
        this.recording = recording;
    }

    /**
     * Returns a report of a trace.
     *
     * @param trace the trace; the report reads the events that are not read yet
     * @return the report, with the default options
     */
    public static TraceReport of(Trace trace) {
        return new TraceReport(trace, DEFAULT_MAX_BYTES, List.of(), null);
    }

    /**
     * {@return this report with another limit of the page's size}
     *
     * @param bytes the most bytes, {@link #LEAST_MAX_BYTES} to {@link #MOST_MAX_BYTES}
     * @throws IllegalArgumentException if the number is out of range
     */
    public TraceReport withMaxBytes(long bytes) {
        if (bytes < LEAST_MAX_BYTES || bytes > MOST_MAX_BYTES) {
            throw new IllegalArgumentException("bytes=" + bytes + ": must be " + LEAST_MAX_BYTES + " to "
                    + MOST_MAX_BYTES);
        }
        return new TraceReport(trace, bytes, notes, recording);
    }

    /**
     * {@return this report with further sentences in the page's notes}
     *
     * @param sentences the sentences, each without its full stop
     */
    public TraceReport withNotes(List<String> sentences) {
        return new TraceReport(trace, maxBytes, sentences, recording);
    }

    /**
     * {@return this report with a recording} The recording is of the JDK Flight Recorder, or of async-profiler in its
     * format. The page gets its CPU samples with their stacks, and the JVM's events: collections and safepoints in a
     * lane; contended monitors, pinned virtual threads, waits and input and output as bars of their threads. Times are
     * mapped to the trace by the realtime clock, threads by Java's numbers. The part of a recording that cannot be read
     * is noted in the page.
     *
     * @param jfr the file
     * @throws IOException if no event of the recording can be read
     */
    public TraceReport withRecording(Path jfr) throws IOException {
        JfrRecording.check(jfr);
        return new TraceReport(trace, maxBytes, notes, jfr);
    }

    /**
     * Reads the events of the trace that are not read yet, and writes the page.
     *
     * @param out the target of the page, in UTF-8; it is flushed and stays open
     * @return sentences that say what was merged from a recording, what the page leaves out, and its limit
     * @throws IOException if the target cannot be written
     */
    public List<String> write(OutputStream out) throws IOException {
        PageData data = new PageData(maxBytes);
        SummaryCounts summary = new SummaryCounts(trace, true);
        ReportMarks marks = new ReportMarks(trace, data, summary.pairs());
        long first = 0;
        long last = 0;
        for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
            first = summary.count() == 0 ? event.timestamp() : first;
            long nanos = Long.compareUnsigned(event.timestamp(), first) < 0 ? 0
                    : trace.clock().nanos(event.timestamp() - first);
            last = Math.max(last, nanos);
            SpanNode span = summary.add(event);
            data.event(event.type().name(), nanos);
            marks.add(event, span, nanos);
            if (CpuSamples.isSample(event)) {
                data.add(marks.mark(MarkName.Kind.SAMPLE, event, nanos).stack(summary.samples().number(event)));
            }
        }
        marks.finish(last);
        CallTree samples = data.sampleTree();
        data.setStacks(summary.samples().addTo(samples, recording == null ? samples.root()
                : samples.child(samples.root(), "samples of the tracer, without stacks")));
        List<String> sentences = new ArrayList<>();
        if (recording != null) {
            sentences.addAll(new JfrRecording(data, marks, trace.clock().instant(first), last).read(recording));
        }
        Map<String, Object> facts = facts(summary.summary(), first, last, marks, sentences);
        PageCounts counts = new Page(data, marks::threadName, maxBytes).write(facts, out);
        out.flush();
        sentences.addAll(counts.sentences());
        return sentences;
    }

    private Map<String, Object> facts(TraceSummary summary, long first, long last, ReportMarks marks,
            List<String> merged) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("summary", limited(summary.object()));
        facts.put("start", EventText.time(trace.clock().instant(first)));
        facts.put("nanos", Math.max(last, 1));
        List<String> all = new ArrayList<>(notes.stream().map(Printable::text).toList());
        if (marks.forgotten() > 0) {
            all.add(marks.forgotten() + " spans are not shown, because too many were open at the same time");
        }
        if (summary.impossibleDurations() > 0) {
            all.add("events with an impossible duration, which are shown without a length: "
                    + summary.impossibleDurations());
        }
        if (marks.otherNames() > 0) {
            all.add("the page has the names of " + marks.maxNames() + " kinds of spans and events; "
                    + marks.otherNames() + " marks with other names are called others");
        }
        if (marks.cut() > 0) {
            all.add("bars that begin at the first event because their spans began before it: " + marks.cut());
        }
        all.addAll(merged);
        facts.put("notes", all);
        if (recording != null) {
            facts.put("hasStacks", true);
        }
        facts.put("problems", trace.problems().stream().map(each -> Printable.text(each.toString())).toList());
        facts.put("problemCount", trace.problemCount());
        return facts;
    }

    /** Returns the part of a summary that has a bounded length. */
    private static Map<String, Object> limited(Map<String, Object> summary) {
        Map<String, Object> limited = new LinkedHashMap<>(summary);
        limited.computeIfPresent("byEvent", (_, all) -> ((List<?>) all).stream().sorted(Comparator.comparingLong(
                each -> -(((Map<?, ?>) each).get("count") instanceof Long count ? count : 0))).limit(SHOWN_NAMES)
                .toList());
        limited.computeIfPresent("latencies", (_, all) -> {
            Map<String, Object> latencies = new LinkedHashMap<>();
            ((Map<?, ?>) all).entrySet().stream().sorted(Comparator.comparingLong(each -> -(each.getValue()
                    instanceof Map<?, ?> one && one.get("totalNanos") instanceof Long total ? total : 0)))
                    .limit(SHOWN_NAMES).forEach(each -> latencies.put(each.getKey().toString(), each.getValue()));
            return latencies;
        });
        limited.remove("byThread");
        limited.computeIfPresent("samples", (_, all) -> ((List<?>) all).stream().limit(SHOWN_NAMES).toList());
        limited.computeIfPresent("environment", (_, all) -> {
            Map<String, Object> environment = new LinkedHashMap<>();
            ((Map<?, ?>) all).entrySet().stream().limit(SHOWN_NAMES).forEach(each -> environment.put(
                    each.getKey().toString(), Printable.name(String.valueOf(each.getValue()))));
            return environment;
        });
        return limited;
    }
}
