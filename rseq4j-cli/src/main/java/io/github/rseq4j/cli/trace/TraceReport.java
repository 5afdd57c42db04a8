package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.Printable;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JsonGenerator;

/** Gathers what the page of a trace shows, and writes the page. */
final class TraceReport {
    /* How it works
     *
     * Counts over time are steps (TraceLanes): the page has the same size whatever the number of events. The longest of
     * what begins and ends are kept one by one; so are all events of a trace that has few. What may be long (values,
     * names, lists) is cut, so that the page's bytes are limited too.
     */
    /** So many events are shown one by one. */
    static final int MAX_SINGLE = 20_000;
    /** So many bytes these may take. */
    static final int MAX_SINGLE_BYTES = 1 << 23;
    /** So many characters of a value are shown. */
    static final int MAX_VALUE_CHARS = 300;
    /** No page is larger: what is shown one by one, and lanes that have an event in every step. */
    static final int MAX_PAGE_BYTES = 48 << 20;
    /** So many spans are shown. */
    static final int MAX_SPANS = 5_000;

    private static final int MAX_LANES = 1_000;
    private static final int SHOWN_LANES = 200;
    private static final int SHOWN_CPUS = 512;
    private static final int SHOWN_NAMES = 1_000;
    private static final int MAX_LINE_CHARS = 4_000;
    private static final String TEMPLATE = "trace-report.html";
    private static final String DATA = "@DATA@";

    private final TraceClock clock;
    private final TraceThreads named;
    private final TraceSummary summary;
    private final TraceLanes cpus = new TraceLanes(SHOWN_CPUS);
    private final TraceLanes threads = new TraceLanes(MAX_LANES);
    private final TraceLanes events = new TraceLanes(MAX_LANES);
    private final List<List<Object>> single = new ArrayList<>();
    private long singleBytes;
    private List<Span> spans = new ArrayList<>();
    private long first;

    /** What began and ended, in nanoseconds since the trace's start. */
    private record Span(String pair, String thread, long begin, long nanos) {}

    /**
     * Begins with no event.
     *
     * @param trace what the trace's metadata says
     * @param named the trace's threads
     */
    TraceReport(TraceDescription trace, TraceThreads named) {
        this.clock = trace.clock();
        this.named = named;
        this.summary = new TraceSummary(trace, named);
    }

    /** Takes the next event. */
    void add(TraceEvent event) {
        TracePairs.Begun ended = summary.add(event);
        first = summary.count() == 1 ? event.timestamp() : first;
        long nanos = since(event.timestamp());
        String thread = named.lane(event);
        cpus.add("cpu " + event.cpu(), nanos);
        threads.add(thread, nanos);
        events.add(event.type().name(), nanos);
        if (areAllSingle()) {
            addSingle(event, nanos, thread);
        }
        if (ended != null) {
            long begin = since(ended.timestamp());
            spans.add(new Span(ended.pair(), thread, begin, Math.max(nanos - begin, 0)));
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
        EventText.line(event, clock, named, MAX_VALUE_CHARS, line::append);
        String text = Printable.cut(line.toString(), MAX_LINE_CHARS);
        singleBytes += event.type().name().length() + 50L + (text + thread).chars()
                .map(c -> c == '<' ? 6 : c >= 0x80 ? 3 : c == '"' || c == '\\' ? 2 : 1).sum();
        if (areAllSingle()) {
            single.add(List.of(nanos, event.cpu(), thread, event.type().name(), text));
        } else {
            single.clear();
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
     * Writes the page.
     *
     * @param input what the events came from
     * @param out where to, which stays open
     * @throws IOException when it cannot be written
     */
    void write(TraceInput input, OutputStream out) throws IOException {
        String[] template = template().split(DATA, 2);
        out.write(template[0].getBytes(StandardCharsets.UTF_8));
        try (JsonGenerator json = Printable.json(true, true).createGenerator(out)) {
            json.writeStartObject();
            json.writePOJOProperty("summary", limited(summary.object(input.reader())));
            json.writePOJOProperty("start", EventText.time(clock.instant(first)));
            json.writePOJOProperty("nanos", Math.max(Math.round(summary.seconds() * 1e9), 1));
            lanes(json, "cpus", cpus, SHOWN_CPUS);
            lanes(json, "threads", threads, SHOWN_LANES);
            lanes(json, "events", events, SHOWN_LANES);
            json.writePOJOProperty("spans", longest().stream()
                    .map(s -> List.of(s.pair(), s.thread(), s.begin(), s.nanos())).toList());
            json.writePOJOProperty("single", areAllSingle() ? single : List.of());
            json.writePOJOProperty("notes", notes(input));
            json.writePOJOProperty("problems", input.reader().problems().stream()
                    .map(p -> Printable.text(p.toString())).toList());
            json.writePOJOProperty("problemCount", input.reader().problemCount());
            json.writeEndObject();
        }
        out.write(template[1].getBytes(StandardCharsets.UTF_8));
    }

    /** Says what is not on the page. */
    private List<String> notes(TraceInput input) {
        List<String> notes = new ArrayList<>();
        input.notes().forEach(note -> notes.add(Printable.text(note) + "."));
        if (!areAllSingle()) {
            notes.add("Events are shown as counts, and not one by one: they are more than " + MAX_SINGLE + ", or "
                    + (MAX_SINGLE_BYTES >> 20) + " MiB of text.");
        }
        if (spans.size() > MAX_SPANS) {
            notes.add("Of what begins and ends the " + MAX_SPANS + " longest are shown.");
        }
        return notes;
    }

    /** Returns a summary without what makes a page too long. */
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

    private static void lanes(JsonGenerator json, String name, TraceLanes lanes, int most) {
        json.writeObjectPropertyStart(name);
        json.writePOJOProperty("stepNanos", lanes.stepNanos());
        json.writeName("lanes");
        lanes.write(json, most);
        json.writeEndObject();
    }

    private static String template() {
        try (InputStream in = Objects.requireNonNull(TraceReport.class.getResourceAsStream(TEMPLATE), TEMPLATE)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
