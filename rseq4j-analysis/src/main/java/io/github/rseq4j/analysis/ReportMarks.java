package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.page.CallTree;
import io.github.rseq4j.analysis.page.Mark;
import io.github.rseq4j.analysis.page.MarkName;
import io.github.rseq4j.analysis.page.PageData;
import io.github.rseq4j.analysis.page.Track;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns the events of a trace into the marks of a page. */
final class ReportMarks {
    /* How it works
     *
     * A span of SpanMatcher carries a Shown. Its mark is added when the span has ended: the spans in it are known then,
     * so self time and number of children are exact, also where the page drops the children. Its depth and its place in
     * the tree of names come later, if complete spans may still come around it.
     *
     * A begin without an end becomes a span that ends with the span around it, or with the trace, and is marked as
     * unfinished.
     */
    /** The most characters of a value. */
    static final int MAX_VALUE_CHARS = 300;
    private static final int UNKNOWN_CPU = -1;
    private static final int MAX_ARGUMENT_CHARS = 4_000;
    private static final int MAX_TRACKS = 1_000;
    private static final int TRACK_BYTES = 1 << 15;
    private static final int MOST_OPEN = 1 << 20;
    private static final int OPEN_BYTES = 4096;

    private final Trace trace;
    private final PageData data;
    private final SpanMatcher pairs;
    private final Map<String, MarkName> names = new HashMap<>();
    private final Map<Object, Track> tracks = new HashMap<>();
    private final Track virtual = new Track("virtual threads", Track.Kind.VIRTUAL);
    private final Map<MarkName.Kind, MarkName> others = new EnumMap<>(MarkName.Kind.class);
    private final Track otherThreads = new Track("other threads", Track.Kind.OTHERS);
    private final long maxTracks = Math.clamp(Runtime.getRuntime().maxMemory() / TRACK_BYTES, 1, MAX_TRACKS);
    /** The most spans that are open at the same time, in the view of the page. */
    private final long maxOpen = Math.min(MOST_OPEN, Runtime.getRuntime().maxMemory() / OPEN_BYTES);
    /** Begins that a span around them has outlived. */
    private final List<SpanNode> left = new ArrayList<>();
    private long first;
    private boolean isFirst = true;
    private long open;
    private long forgotten;
    private long cut;
    private long otherNames;

    /** Data of a span for the page, besides its times. */
    private static final class Shown {
        private final Track track;
        private final EventType type;
        /** The values of the begin, until the span has a mark. */
        private String arguments;
        /** The time at which the span around it has ended first. */
        private long leftAt;
        private @Nullable Mark mark;
        private CallTree.@Nullable Node node;

        Shown(EventType type, Track track, String arguments) {
            this.type = type;
            this.track = track;
            this.arguments = arguments;
        }
    }

    ReportMarks(Trace trace, PageData data, SpanMatcher pairs) {
        this.trace = trace;
        this.data = data;
        this.pairs = pairs;
    }

    /** Returns the number of spans for which there was no room, because too many were open at the same time. */
    long forgotten() {
        return forgotten;
    }

    /** Returns the number of spans that began before the first event. */
    long cut() {
        return cut;
    }

    /**
     * Adds an event that the matcher has taken.
     *
     * @param event the event
     * @param span the answer of the matcher
     * @param nanos the time since the first event, in nanoseconds
     */
    void add(TraceEvent event, @Nullable SpanNode span, long nanos) {
        first = isFirst ? event.timestamp() : first;
        isFirst = false;
        values(event, nanos);
        for (SpanNode gone : pairs.left()) {
            leave(gone, nanos);
        }
        if (span == null) {
            other(event, nanos);
        } else if (span.isComplete()) {
            Shown shown = new Shown(event.type(), track(event.threadId(), event.timestamp()), arguments(event, 1));
            span.setNote(shown);
            ended(span, shown, event.type());
        } else if (span.endNumber() == 0) {
            begun(span, event);
        } else if (span.note() instanceof Shown shown) {
            open--;
            shown.arguments += arguments(event, 0);
            ended(span, shown, event.type());
        }
        settle(pairs::settle);
    }

    private void begun(SpanNode span, TraceEvent event) {
        if (open < maxOpen) {
            open++;
            span.setNote(new Shown(event.type(), track(event.threadId(), event.timestamp()), arguments(event, 0)));
        } else {
            forgotten++;
        }
    }

    private void other(TraceEvent event, long nanos) {
        if (pairs.role(event.type()).kind() == SpanMatcher.Kind.BEGINS) {
            forgotten++;
        } else if (pairs.role(event.type()).kind() != SpanMatcher.Kind.ENDS && !CpuSamples.isOfSampler(event)) {
            data.add(mark(MarkName.Kind.INSTANT, event, nanos).arguments(arguments(event, 0)));
        }
    }

    /** Gives spans to {@link #place}. */
    private interface Settling {
        void to(SpanMatcher.Spans spans) throws IOException;
    }

    private void settle(Settling spans) {
        try {
            spans.to(this::place);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns a mark of an event alone. */
    Mark mark(MarkName.Kind kind, TraceEvent event, long nanos) {
        MarkName name = name(kind, event.type().name(), () -> new MarkName(event.type().name(), kind,
                fields(event.type(), 0), 0));
        SpanNode around = pairs.innermost(event.threadId());
        return new Mark(name, track(event.threadId(), event.timestamp()), event.threadId()).time(nanos, 0)
                .cpus(event.cpu(), event.cpu()).depth(around == null ? 0 : around.depth());
    }

    /** Returns a name; those beyond the limit share one, which has no fields. */
    private MarkName name(MarkName.Kind kind, String text, Supplier<MarkName> made) {
        MarkName name = names.get(kind + text);
        if (name == null && names.size() < data.maxNames()) {
            name = made.get();
            names.put(kind + text, name);
        }
        otherNames += name == null ? 1 : 0;
        return name != null ? name : others.computeIfAbsent(kind, _ -> new MarkName("others:others", kind, List.of(),
                0));
    }

    /** Returns the most names of the page. */
    int maxNames() {
        return data.maxNames();
    }

    /** Returns the number of marks whose name the page does not have. */
    long otherNames() {
        return otherNames;
    }

    /** Returns a sample that is no event of the trace; the name is for a thread that the trace does not name. */
    Mark sample(MarkName name, long threadId, String threadName, long nanos) {
        return new Mark(name, track(threadId, Long.MAX_VALUE, threadName), threadId).time(nanos, 0)
                .cpus(UNKNOWN_CPU, UNKNOWN_CPU);
    }

    private void values(TraceEvent event, long nanos) {
        // The first field of a complete span is its duration.
        for (int i = pairs.role(event.type()).kind() == SpanMatcher.Kind.IS ? 1 : 0; i < event.values().size(); i++) {
            if (event.values().get(i) instanceof Number number && !CpuSamples.isOfSampler(event)) {
                data.value(event.type().name() + " " + event.type().fields().get(i).name(), nanos,
                        number.doubleValue());
            }
        }
    }

    /** Adds the mark of a span that has ended. The spans in it are known, and those around it not always. */
    private void ended(SpanNode span, Shown shown, EventType last) {
        long begin = nanos(span.begin());
        long length = nanos(span.end()) - begin;
        boolean isCut = Long.compareUnsigned(span.begin(), first) < 0;
        cut += isCut ? 1 : 0;
        add(span, shown, last, begin, length, span.isComplete() ? span.nanos() : length,
                (span.isNested ? 0 : Mark.OVERLAPS) | (isCut ? Mark.CUT : 0));
    }

    private void add(SpanNode span, Shown shown, @Nullable EventType last, long begin, long length, long whole,
            int flags) {
        MarkName name = name(MarkName.Kind.SPAN, span.name(), () -> {
            boolean isComplete = span.isComplete();
            EventType ends = last != null || isComplete ? last : endOf(span.name());
            List<String> endFields = ends == null || isComplete ? List.of() : fields(ends, 0);
            return new MarkName(span.name(), MarkName.Kind.SPAN,
                    Stream.concat(fields(shown.type, isComplete ? 1 : 0).stream(), endFields.stream()).toList(),
                    endFields.size());
        });
        Mark mark = new Mark(name, shown.track, span.threadId()).time(begin, length).whole(whole).depth(span.depth())
                .cpus(span.cpu(), span.endNumber() == 0 ? span.cpu() : span.endCpu()).flags(flags)
                .children(span.innerCount(), trace.clock().nanos(span.innerCycles())).arguments(shown.arguments);
        shown.arguments = "";
        shown.mark = mark;
        data.add(mark);
    }

    /** Sets the final place of a span that has ended. */
    private void place(SpanNode span) {
        if (span.note() instanceof Shown shown && shown.mark != null) {
            shown.node = null;
            shown.mark.depth(span.depth());
            shown.mark.count(node(span));
        }
    }

    /** Returns the node of a span in the tree of names. */
    private CallTree.Node node(SpanNode span) {
        List<SpanNode> above = new ArrayList<>();
        CallTree.Node node = data.spanTree().root();
        for (SpanNode each = span; each != null; each = each.parent()) {
            if (each.note() instanceof Shown shown) {
                if (shown.node != null) {
                    node = shown.node;
                    break;
                }
                above.add(each);
            }
        }
        for (SpanNode each : above.reversed()) {
            node = data.spanTree().child(node, each.name());
            if (each.note() instanceof Shown shown) {
                shown.node = node;
            }
        }
        return node;
    }

    /** Returns the time since the first event; 0 before it. */
    private long nanos(long cycles) {
        return Long.compareUnsigned(cycles, first) < 0 ? 0 : trace.clock().nanos(cycles - first);
    }

    /** Keeps a begin whose surrounding span has ended: its end may still come. */
    private void leave(SpanNode span, long nanos) {
        if (span.note() instanceof Shown shown) {
            shown.leftAt = nanos;
            left.add(span);
            if (left.size() >= 2 * maxOpen) {
                left.removeIf(each -> each.endNumber() != 0);
            }
        }
    }

    /**
     * Adds the begins without an end.
     *
     * @param nanos the time of the last event
     */
    void finish(long nanos) {
        settle(pairs::settleAll);
        settle(to -> pairs.forEachOpen(span -> unfinished(span, nanos)));
        left.stream().filter(span -> span.endNumber() == 0).forEach(span -> unfinished(span,
                span.note() instanceof Shown shown ? shown.leftAt : nanos));
    }

    private void unfinished(SpanNode span, long end) {
        if (span.note() instanceof Shown shown) {
            long begin = nanos(span.begin());
            long length = Math.max(end - begin, 0);
            add(span, shown, null, begin, length, length, Mark.UNFINISHED);
            place(span);
        }
    }

    /** Returns the event that ends the spans of a name, or null. */
    private @Nullable EventType endOf(String pair) {
        return trace.description().events().stream().filter(type -> pairs.role(type).kind() == SpanMatcher.Kind.ENDS
                && pairs.role(type).pair().equals(pair)).findFirst().orElse(null);
    }

    private static List<String> fields(EventType type, int from) {
        return type.fields().stream().skip(from).map(EventType.Field::name).toList();
    }

    private static String arguments(TraceEvent event, int from) {
        if (event.values().size() <= from) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int i = from; i < event.values().size(); i++) {
            int room = Math.clamp(MAX_ARGUMENT_CHARS - text.length(), 0, MAX_VALUE_CHARS);
            EventText.value(event.type().fields().get(i).type(), event.values().get(i), room, text::append);
            text.append(Mark.VALUE_END);
        }
        return text.toString();
    }

    private Track track(long threadId, long timestamp) {
        return track(threadId, timestamp, "");
    }

    private Track track(long threadId, long timestamp, String otherwise) {
        TraceThread thread = trace.threads().of(threadId, timestamp);
        if (thread != null && thread.isVirtual()) {
            return virtual;
        }
        Object key = thread != null && threadId < 0 ? thread : (Object) threadId;
        Track track = tracks.get(key);
        if (track == null && tracks.size() < maxTracks) {
            track = new Track(thread == null ? Printable.cut("thread " + threadId + Printable.quoted(otherwise),
                    MAX_VALUE_CHARS) : trace.threads().lane(threadId, timestamp), Track.Kind.THREAD);
            tracks.put(key, track);
        }
        return track == null ? otherThreads : track;
    }

    /** Returns the name of a thread without a lane of its own, or an empty text. */
    String threadName(long threadId) {
        TraceThread thread = trace.threads().of(threadId, 0);
        return thread == null ? "" : Printable.cut(Printable.text(thread.name()), MAX_VALUE_CHARS);
    }
}
