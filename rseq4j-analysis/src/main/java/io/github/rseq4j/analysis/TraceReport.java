package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Writes a page of HTML that shows a trace: timelines of CPUs and threads, rates, events, and latencies. The page is a
 * single file that loads nothing else. It has at most {@link #MAX_PAGE_BYTES} bytes, however long the trace is.
 *
 * <p><b>Threads.</b> Any thread may call any method. A trace may be used by one call at a time.
 *
 * @since 0.1.0
 */
public final class TraceReport {
    /* How it works
     *
     * The page shows counts in steps of time (TraceLanes), so its size does not depend on the number of events. The
     * longest spans are kept one by one; so are all events of a small trace. Values, names and lists that may be long
     * are cut, so the size of the page in bytes is bounded too.
     */
    /** The most events that are shown one by one. */
    static final int MAX_SINGLE = 20_000;
    /** The most bytes of events that are shown one by one. */
    static final int MAX_SINGLE_BYTES = 1 << 23;
    /** The most characters of a value that are shown. */
    static final int MAX_VALUE_CHARS = 300;
    /** The size limit of a page, in bytes: events one by one, and lanes with an event in every step. */
    public static final int MAX_PAGE_BYTES = 48 << 20;
    /** The most spans of a page. A page shows the longest ones. */
    public static final int MAX_SPANS = 5_000;

    private static final int BUFFER_CHARS = 1 << 16;
    private static final int MAX_LANES = 1_000;
    private static final int SHOWN_LANES = 200;
    private static final int SHOWN_CPUS = 512;
    private static final int SHOWN_NAMES = 1_000;
    private static final int MAX_LINE_CHARS = 4_000;
    private static final String TEMPLATE = "trace-report.html";
    private static final String DATA = "@DATA@";

    private final Trace trace;
    private final EventText text;
    private final SummaryCounts summary;
    private final TraceLanes cpus = new TraceLanes(SHOWN_CPUS);
    private final TraceLanes threads = new TraceLanes(MAX_LANES);
    private final TraceLanes events = new TraceLanes(MAX_LANES);
    private final List<List<Object>> single = new ArrayList<>();
    private long singleBytes;
    private List<ShownSpan> spans = new ArrayList<>();
    private long first;

    /** A span; its begin is in nanoseconds since the first event. */
    private record ShownSpan(String pair, String thread, long begin, long nanos) {}

    private TraceReport(Trace trace) {
        this.trace = trace;
        this.text = new EventText(trace);
        this.summary = new SummaryCounts(trace);
    }

    /**
     * Reads the events of a trace that are not read yet, and writes a page of them.
     *
     * @param trace the trace; it stays open
     * @param out the target of the page, in UTF-8; it is flushed and stays open
     * @throws IOException if the target cannot be written
     */
    public static void write(Trace trace, OutputStream out) throws IOException {
        write(trace, List.of(), out);
    }

    /**
     * Reads the events of a trace that are not read yet, and writes a page of them.
     *
     * @param trace the trace; it stays open
     * @param notes further sentences for the page's notes, each without its full stop
     * @param out the target of the page, in UTF-8; it is flushed and stays open
     * @throws IOException if the target cannot be written
     */
    public static void write(Trace trace, List<String> notes, OutputStream out) throws IOException {
        TraceReport report = new TraceReport(trace);
        for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
            report.add(event);
        }
        Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), BUFFER_CHARS);
        report.write(notes, writer);
        writer.flush();
    }

    /** Adds an event to the page. */
    private void add(TraceEvent event) {
        SpanMatcher.Begun ended = summary.add(event);
        first = summary.count() == 1 ? event.timestamp() : first;
        long nanos = since(event.timestamp());
        String thread = trace.threads().lane(event);
        cpus.add("cpu " + event.cpu(), nanos);
        threads.add(thread, nanos);
        events.add(event.type().name(), nanos);
        if (areAllSingle()) {
            addSingle(event, nanos, thread);
        }
        if (ended != null) {
            long begin = since(ended.timestamp());
            spans.add(new ShownSpan(ended.pair(), thread, begin, Math.max(nanos - begin, 0)));
            if (spans.size() >= 2 * MAX_SPANS) {
                spans = longest();
            }
        }
    }

    private boolean areAllSingle() {
        return summary.count() <= MAX_SINGLE && singleBytes <= MAX_SINGLE_BYTES;
    }

    private void addSingle(TraceEvent event, long nanos, String thread) {
        StringBuilder line = new StringBuilder();
        text.line(event, MAX_VALUE_CHARS, line::append);
        String shown = Printable.cut(line.toString(), MAX_LINE_CHARS);
        singleBytes += event.type().name().length() + 50L + (shown + thread).chars()
                .map(c -> c == '<' ? 6 : c >= 0x80 ? 3 : c == '"' || c == '\\' ? 2 : 1).sum();
        if (areAllSingle()) {
            single.add(List.of(nanos, event.cpu(), thread, event.type().name(), shown));
        } else {
            single.clear();
        }
    }

    private long since(long timestamp) {
        return Long.compareUnsigned(timestamp, first) < 0 ? 0 : trace.clock().nanos(timestamp - first);
    }

    private List<ShownSpan> longest() {
        return new ArrayList<>(spans.stream().sorted((a, b) -> Long.compare(b.nanos(), a.nanos())).limit(MAX_SPANS)
                .toList());
    }

    private void write(List<String> notes, Writer out) throws IOException {
        String[] template = template().split(DATA, 2);
        out.write(template[0]);
        Json json = Json.inPage(out);
        json.beginObject();
        json.entry("summary", limited(summary.summary().object()));
        json.entry("start", EventText.time(trace.clock().instant(first)));
        json.entry("nanos", Math.max(Math.round(summary.seconds() * 1e9), 1));
        lanes(json, "cpus", cpus, SHOWN_CPUS);
        lanes(json, "threads", threads, SHOWN_LANES);
        lanes(json, "events", events, SHOWN_LANES);
        json.entry("spans", longest().stream().map(s -> List.of(s.pair(), s.thread(), s.begin(), s.nanos())).toList());
        json.entry("single", areAllSingle() ? single : List.of());
        json.entry("notes", notes(notes));
        json.entry("problems", trace.problems().stream().map(p -> Printable.text(p.toString())).toList());
        json.entry("problemCount", trace.problemCount());
        json.endObject();
        out.write(template[1]);
    }

    /** Returns the notes: those about omissions of the page, and the caller's. */
    private List<String> notes(List<String> others) {
        List<String> notes = new ArrayList<>();
        others.forEach(note -> notes.add(Printable.text(note) + "."));
        if (!areAllSingle()) {
            notes.add("Events are shown as counts, not one by one, because they are more than " + MAX_SINGLE
                    + ", or " + (MAX_SINGLE_BYTES >> 20) + " MiB of text.");
        }
        if (spans.size() > MAX_SPANS) {
            notes.add("Only the " + MAX_SPANS + " longest spans are shown.");
        }
        return notes;
    }

    /** Returns the part of a summary that has a bounded length. */
    private static Map<String, Object> limited(Map<String, Object> summary) {
        Map<String, Object> limited = new LinkedHashMap<>(summary);
        limited.computeIfPresent("byEvent", (_, all) -> ((List<?>) all).stream().sorted(Comparator.comparingLong(
                each -> -(((Map<?, ?>) each).get("count") instanceof Long count ? count : 0))).limit(SHOWN_NAMES)
                .toList());
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

    private static void lanes(Json json, String name, TraceLanes lanes, int most) throws IOException {
        json.name(name);
        json.beginObject();
        json.entry("stepNanos", lanes.stepNanos());
        json.name("lanes");
        lanes.write(json, most);
        json.endObject();
    }

    private static String template() throws IOException {
        try (InputStream in = Objects.requireNonNull(TraceReport.class.getResourceAsStream(TEMPLATE), TEMPLATE)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
