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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Turns the events of a trace into the marks of a page. */
final class ReportMarks {
    /* How it works
     *
     * A begin that SpanMatcher keeps carries an Open: its arguments, and the time of the spans in it that have ended.
     * So self time and number of children are exact, also where the page drops the children.
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
    private final Track others = new Track("other threads", Track.Kind.OTHERS);
    private final long maxTracks = Math.clamp(Runtime.getRuntime().maxMemory() / TRACK_BYTES, 1, MAX_TRACKS);
    /** The most spans that are open at the same time, in the view of the page. */
    private final long maxOpen = Math.min(MOST_OPEN, Runtime.getRuntime().maxMemory() / OPEN_BYTES);
    /** Begins that a span around them has outlived. */
    private final List<Open> left = new ArrayList<>();
    private long open;
    private long forgotten;

    /** A span that has begun. */
    private static final class Open {
        private final String pair;
        private final long threadId;
        private final Track track;
        private final long begin;
        private final int cpu;
        private final int depth;
        private final EventType type;
        private final String arguments;
        private final CallTree.Node node;
        private long childNanos;
        private int children;
        private long leftAt;
        private boolean hasEnded;

        Open(SpanMatcher.Begun begun, TraceEvent event, Track track, long begin, int depth, String arguments,
                CallTree.Node node) {
            this.pair = begun.pair();
            this.threadId = event.threadId();
            this.track = track;
            this.begin = begin;
            this.cpu = event.cpu();
            this.depth = depth;
            this.type = event.type();
            this.arguments = arguments;
            this.node = node;
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

    /**
     * Adds an event that the matcher has taken.
     *
     * @param event the event
     * @param half the answer of the matcher
     * @param nanos the time since the first event, in nanoseconds
     */
    void add(TraceEvent event, SpanMatcher.@Nullable Begun half, long nanos) {
        values(event, nanos);
        switch (pairs.role(event.type()).kind()) {
            case BEGINS -> {
                if (half != null && open < maxOpen) {
                    begin(half, event, nanos);
                } else {
                    forgotten++;
                }
            }
            case ENDS -> {
                if (half != null && half.note() instanceof Open open) {
                    end(half, open, event, nanos);
                }
            }
            case NEITHER -> {
                if (!CpuSamples.isOfSampler(event)) {
                    data.add(mark(MarkName.Kind.INSTANT, event, nanos).arguments(arguments(event)));
                }
            }
        }
    }

    /** Returns a mark of an event alone. */
    Mark mark(MarkName.Kind kind, TraceEvent event, long nanos) {
        MarkName name = names.computeIfAbsent(event.type().name(), each -> new MarkName(each, kind,
                fields(event.type()), 0));
        SpanMatcher.Begun around = pairs.innermost(event.threadId());
        return new Mark(name, track(event.threadId(), event.timestamp()), event.threadId()).time(nanos, 0)
                .cpus(event.cpu(), event.cpu())
                .depth(around != null && around.note() instanceof Open open ? open.depth : 0);
    }

    /** Returns a sample that is no event of the trace; the name is for a thread that the trace does not name. */
    Mark sample(MarkName name, long threadId, String threadName, long nanos) {
        return new Mark(name, track(threadId, Long.MAX_VALUE, threadName), threadId).time(nanos, 0)
                .cpus(UNKNOWN_CPU, UNKNOWN_CPU);
    }

    private void values(TraceEvent event, long nanos) {
        for (int i = 0; i < event.values().size(); i++) {
            if (event.values().get(i) instanceof Number number && !CpuSamples.isOfSampler(event)) {
                data.value(event.type().name() + " " + event.type().fields().get(i).name(), nanos,
                        number.doubleValue());
            }
        }
    }

    private void begin(SpanMatcher.Begun begun, TraceEvent event, long nanos) {
        SpanMatcher.Begun below = begun.parent();
        open++;
        Open around = below != null && below.note() instanceof Open open ? open : null;
        begun.setNote(new Open(begun, event, track(event.threadId(), event.timestamp()), nanos,
                around == null ? 0 : around.depth + 1, arguments(event),
                data.spanTree().child(around == null ? data.spanTree().root() : around.node, begun.pair())));
    }

    private void end(SpanMatcher.Begun begun, Open open, TraceEvent event, long nanos) {
        open.hasEnded = true;
        this.open--;
        for (SpanMatcher.Begun gone : pairs.left()) {
            if (gone.note() instanceof Open inner) {
                leave(inner, nanos);
            }
        }
        long length = Math.max(nanos - open.begin, 0);
        SpanMatcher.Begun below = begun.parent();
        if (begun.isNested() && below != null && below.note() instanceof Open around) {
            around.childNanos += length;
            around.children++;
        }
        open.node.add(1, length, Math.max(length - open.childNanos, 0));
        data.add(span(open, event.type(), length).cpus(open.cpu, event.cpu())
                .flags(begun.isNested() ? 0 : Mark.OVERLAPS).arguments(open.arguments + arguments(event)));
    }

    /** Keeps a begin whose surrounding span has ended: its end may still come. */
    private void leave(Open open, long nanos) {
        open.leftAt = nanos;
        left.add(open);
        if (left.size() >= 2 * maxOpen) {
            left.removeIf(each -> each.hasEnded);
        }
    }

    /**
     * Adds the begins without an end.
     *
     * @param nanos the time of the last event
     */
    void finish(long nanos) {
        try {
            pairs.forEachOpen((_, begun) -> {
                if (begun.note() instanceof Open open) {
                    unfinished(open, nanos);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        left.stream().filter(open -> !open.hasEnded).forEach(open -> unfinished(open, open.leftAt));
    }

    private void unfinished(Open open, long end) {
        long length = Math.max(end - open.begin, 0);
        open.node.add(1, length, Math.max(length - open.childNanos, 0));
        data.add(span(open, null, length).cpus(open.cpu, open.cpu).flags(Mark.UNFINISHED).arguments(open.arguments));
    }

    private Mark span(Open open, @Nullable EventType end, long length) {
        MarkName name = names.computeIfAbsent(open.pair, pair -> {
            EventType ends = end != null ? end : endOf(pair);
            List<String> endFields = ends == null ? List.of() : fields(ends);
            return new MarkName(pair, MarkName.Kind.SPAN,
                    Stream.concat(fields(open.type).stream(), endFields.stream()).toList(), endFields.size());
        });
        return new Mark(name, open.track, open.threadId).time(open.begin, length).depth(open.depth)
                .children(open.children, open.childNanos);
    }

    /** Returns the event that ends the spans of a name, or null. */
    private @Nullable EventType endOf(String pair) {
        return trace.description().events().stream().filter(type -> pairs.role(type).kind() == SpanMatcher.Kind.ENDS
                && pairs.role(type).pair().equals(pair)).findFirst().orElse(null);
    }

    private static List<String> fields(EventType type) {
        return type.fields().stream().map(EventType.Field::name).toList();
    }

    private static String arguments(TraceEvent event) {
        if (event.values().isEmpty()) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < event.values().size(); i++) {
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
        return track == null ? others : track;
    }

    /** Returns the name of a thread without a lane of its own, or an empty text. */
    String threadName(long threadId) {
        TraceThread thread = trace.threads().of(threadId, 0);
        return thread == null ? "" : Printable.cut(Printable.text(thread.name()), MAX_VALUE_CHARS);
    }
}
