package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.json.JsonMapper;

/** Gathers what the page of a trace shows, and writes the page. */
final class TraceReport {
    /* How it works
     *
     * Counts over time are steps (TraceLanes): the page has the same size whatever the number of events. The longest of
     * what begins and ends are kept one by one; so are all events of a trace that has few.
     */
    /** So many events are shown one by one. */
    static final int MAX_SINGLE = 20_000;
    /** So many spans are shown. */
    static final int MAX_SPANS = 5_000;

    private static final int MAX_LANES = 1_000;
    private static final int SHOWN_LANES = 200;
    private static final String TEMPLATE = "trace-report.html";
    private static final String DATA = "@DATA@";

    private final TraceClock clock;
    private final TraceSummary summary;
    private final TraceLanes cpus = new TraceLanes(MAX_LANES);
    private final TraceLanes threads = new TraceLanes(MAX_LANES);
    private final TraceLanes events = new TraceLanes(MAX_LANES);
    private final List<List<Object>> single = new ArrayList<>();
    private List<Span> spans = new ArrayList<>();
    private long first;

    /** What began and ended, in nanoseconds since the trace's start. */
    private record Span(String pair, String thread, long begin, long nanos) {}

    TraceReport(TraceDescription trace) {
        this.clock = trace.clock();
        this.summary = new TraceSummary(trace);
    }

    /** Takes the next event. */
    void add(TraceEvent event) {
        Long start = summary.add(event);
        first = summary.count() == 1 ? event.timestamp() : first;
        long nanos = since(event.timestamp());
        String thread = "thread " + event.threadId();
        cpus.add("cpu " + event.cpu(), nanos);
        threads.add(thread, nanos);
        events.add(event.type().name(), nanos);
        if (single.size() <= MAX_SINGLE) {
            single.add(List.of(nanos, event.cpu(), thread, event.type().name(), EventText.line(event, clock)));
        }
        if (start != null) {
            long begin = since(start);
            spans.add(new Span(summary.pairs().role(event.type()).pair(), thread, begin, Math.max(nanos - begin, 0)));
            if (spans.size() >= 2 * MAX_SPANS) {
                spans = longest();
            }
        }
    }

    private long since(long timestamp) {
        return Long.compareUnsigned(timestamp, first) < 0 ? 0 : clock.nanos(timestamp - first);
    }

    private List<Span> longest() {
        return new ArrayList<>(spans.stream().sorted((a, b) -> Long.compare(b.nanos(), a.nanos())).limit(MAX_SPANS)
                .toList());
    }

    /**
     * Returns the page.
     *
     * @param input what the events came from
     */
    String page(TraceInput input) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("summary", summary.object(input.reader()));
        data.put("start", EventText.time(clock.instant(first)));
        data.put("nanos", Math.max(Math.round(summary.seconds() * 1e9), 1));
        data.put("cpus", lanes(cpus, Integer.MAX_VALUE));
        data.put("threads", lanes(threads, SHOWN_LANES));
        data.put("events", lanes(events, SHOWN_LANES));
        data.put("spans", longest().stream().map(s -> List.of(s.pair(), s.thread(), s.begin(), s.nanos())).toList());
        data.put("single", summary.count() <= MAX_SINGLE ? single : List.of());
        data.put("problems", input.reader().problems().stream().map(p -> EventText.printable(p.toString())).toList());
        data.put("problemCount", input.reader().problemCount());
        // In a script element only this can end it or begin a comment.
        String json = JsonMapper.shared().writeValueAsString(data).replace("<", "\\u003c");
        return template().replace(DATA, json);
    }

    private static Map<String, Object> lanes(TraceLanes lanes, int most) {
        return Map.of("stepNanos", lanes.stepNanos(), "lanes", lanes.objects(most));
    }

    private static String template() {
        try (InputStream in = Objects.requireNonNull(TraceReport.class.getResourceAsStream(TEMPLATE), TEMPLATE)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
