package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds the spans of threads: matches begin events with end events, and places spans that one event records. */
final class SpanMatcher {
    /* How it works
     *
     * Each thread has a stack of begins that have no end yet. An end belongs to the newest begin of the same name on
     * the stack. The begins above that one leave the stack: their ends were not recorded, or come later because the two
     * spans do not nest. A later end still finds a begin that has left the stack, unless a newer begin of the same name
     * came in between: the end then more likely belongs to the newer begin, and a wrong duration is worse than none.
     *
     * A complete span is one event, whose first field is its duration. It comes after the spans in it, so these get
     * their parent late: SpanShelf keeps the spans that have ended until their place is final. Only traces that declare
     * such events need that.
     *
     * The begin of a complete span is inexact: the event is recorded some time after the duration was measured, and the
     * frequency of the clock was not known exactly then. So an open span around it may begin up to SLACK after it.
     */
    private static final int MOST_OPEN = 1 << 20;
    private static final int OPEN_BYTES = 512;
    private static final long SLACK_NANOS = 1_000;
    /** The part of a duration by which the frequency of the clock may be wrong. */
    private static final long SLACK_PART = 1_000;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final String BEGIN = "begin";
    private static final String END = "end";
    /** The first field of an event that records a complete span. */
    static final String DURATION = "durationNanos";

    /** The most begins without an end that are kept, so that a trace of begins alone takes bounded memory. */
    private final long maxOpen = Math.min(MOST_OPEN, Runtime.getRuntime().maxMemory() / OPEN_BYTES);
    private final Trace trace;
    private final SpanShelf shelf;
    private final Map<Integer, Role> roles = new HashMap<>();
    private final Map<Key, SpanNode> newest = new HashMap<>();
    private final Map<Long, SpanNode> tops = new HashMap<>();
    private final List<SpanNode> left = new ArrayList<>();
    private @Nullable TraceDescription declared;
    private boolean hasComplete;
    private long openCount;
    private long unmatched;
    private long impossible;
    private long taken;

    /** The role of an event in a span. */
    enum Kind {
        /** It begins a span. */
        BEGINS,
        /** It ends a span. */
        ENDS,
        /** It is a span. */
        IS,
        /** It has nothing to do with a span. */
        NEITHER
    }

    /**
     * The role of an event, and the name of its span.
     *
     * @param kind the role
     * @param pair the name of the span, with its provider
     */
    record Role(Kind kind, String pair) {}

    private record Key(long threadId, String pair) {}

    /**
     * Creates a matcher.
     *
     * @param trace the trace
     * @param keepsPlaces whether {@link #settle} is used
     */
    SpanMatcher(Trace trace, boolean keepsPlaces) {
        this.trace = trace;
        this.shelf = new SpanShelf(keepsPlaces);
    }

    /** Returns the role of events of a type. */
    Role role(EventType type) {
        return roles.computeIfAbsent(type.id(), _ -> roleOf(type));
    }

    private static boolean isComplete(EventType type) {
        return !type.fields().isEmpty() && type.fields().getFirst().name().equals(DURATION)
                && type.fields().getFirst().type() == FieldType.Basic.LONG;
    }

    private static Role roleOf(EventType type) {
        String name = type.name();
        if (isComplete(type)) {
            return new Role(Kind.IS, name);
        }
        String provider = type.provider() + ':';
        for (String word : new String[] {BEGIN, END}) {
            Kind kind = word.equals(BEGIN) ? Kind.BEGINS : Kind.ENDS;
            if (name.equals(provider + word)) {
                return new Role(kind, provider + "begin/end");
            }
            if (name.endsWith("_" + word) && name.length() > provider.length() + word.length() + 1) {
                return new Role(kind, name.substring(0, name.length() - word.length() - 1));
            }
        }
        return new Role(Kind.NEITHER, name);
    }

    /**
     * Takes the next event.
     *
     * @return the span that the event begins, ends or is; null for other events, for an end without a begin, for a
     *     begin beyond the limit, and for an impossible duration
     */
    @Nullable SpanNode take(TraceEvent event) {
        if (!trace.description().equals(declared)) {
            declared = trace.description();
            hasComplete = declared.events().stream().anyMatch(SpanMatcher::isComplete);
            shelf.setUsed(hasComplete);
        }
        Role role = role(event.type());
        taken++;
        left.clear();
        Key key = new Key(event.threadId(), role.pair());
        return switch (role.kind()) {
            case BEGINS -> begin(key, event);
            case ENDS -> end(key, event);
            case IS -> complete(role.pair(), event);
            case NEITHER -> null;
        };
    }

    /** Tells whether the trace declares complete spans. */
    boolean hasComplete() {
        return hasComplete;
    }

    /** Returns the begins that the last event has removed from the stack without an end, the innermost first. */
    List<SpanNode> left() {
        return List.copyOf(left);
    }

    /** Returns the spans directly in the complete span that was taken last, in the order of their ends. */
    List<SpanNode> adopted() {
        return shelf.adopted();
    }

    /** Returns the number of events that were taken. */
    long taken() {
        return taken;
    }

    /** Returns the innermost begin of a thread that has no end yet, or null. */
    @Nullable SpanNode innermost(long threadId) {
        return tops.get(threadId);
    }

    private @Nullable SpanNode begin(Key key, TraceEvent event) {
        SpanNode before = newest.get(key);
        while (before != null && !before.isNested) {
            before = before.older;
            forget();
        }
        if (openCount >= maxOpen) {
            set(key, before);
            unmatched++;
            return null;
        }
        SpanNode begun = new SpanNode(key.pair(), event, taken, tops.get(key.threadId()));
        begun.older = before;
        newest.put(key, begun);
        tops.put(key.threadId(), begun);
        openCount++;
        return begun;
    }

    private @Nullable SpanNode end(Key key, TraceEvent event) {
        SpanNode first = newest.get(key);
        if (first == null) {
            unmatched++;
            return null;
        }
        SpanNode begun = first;
        while (begun != null && !begun.isNested) {
            begun = begun.older;
        }
        if (begun == null) {
            set(key, first.older);
        } else {
            for (SpanNode gone = first; gone != begun && gone != null; gone = gone.older) {
                forget();
            }
            set(key, begun.older);
            leave(key.threadId(), begun);
            setTop(key.threadId(), begun.parent());
        }
        openCount--;
        SpanNode ended = begun == null ? first : begun;
        boolean isBack = Long.compareUnsigned(event.timestamp(), ended.begin()) < 0;
        ended.finish(isBack ? ended.begin() : event.timestamp(), event.cpu(), taken,
                isBack ? -1 : trace.clock().nanos(event.timestamp() - ended.begin()));
        shelf.ended(ended);
        return ended;
    }

    /** Removes the begins above one from the stack, or all. */
    private void leave(long threadId, @Nullable SpanNode above) {
        SpanNode top = tops.get(threadId);
        while (top != null && top != above) {
            top.isNested = false;
            left.add(top);
            shelf.left(top);
            top = top.parent();
        }
    }

    private void setTop(long threadId, @Nullable SpanNode top) {
        if (top == null) {
            tops.remove(threadId);
        } else {
            tops.put(threadId, top);
        }
    }

    private @Nullable SpanNode complete(String name, TraceEvent event) {
        TraceClock clock = trace.clock();
        long nanos = event.values().getFirst() instanceof Long value ? value : -1;
        BigInteger exact = BigInteger.valueOf(nanos).multiply(BigInteger.valueOf(clock.frequencyHz()))
                .divide(BigInteger.valueOf(NANOS_PER_SECOND));
        // A span cannot begin before the zero of the clock.
        if (nanos < 0 || exact.bitLength() >= Long.SIZE
                || Long.compareUnsigned(exact.longValue(), event.timestamp()) > 0) {
            impossible++;
            return null;
        }
        long cycles = exact.longValue();
        long begin = event.timestamp() - cycles;
        long slack = cycles / SLACK_PART + clock.frequencyHz() / (NANOS_PER_SECOND / SLACK_NANOS);
        SpanNode around = tops.get(event.threadId());
        while (around != null && Long.compareUnsigned(around.begin(), begin) > 0
                && Long.compareUnsigned(around.begin() - begin, slack) > 0) {
            around = around.parent();
        }
        leave(event.threadId(), around);
        setTop(event.threadId(), around);
        begin = around != null && Long.compareUnsigned(around.begin(), begin) > 0 ? around.begin() : begin;
        return shelf.complete(SpanNode.complete(name, event, taken, around, begin, event.timestamp(), nanos),
                clock.frequencyHz());
    }

    private void set(Key key, @Nullable SpanNode begun) {
        if (begun == null) {
            newest.remove(key);
        } else {
            newest.put(key, begun);
        }
    }

    private void forget() {
        openCount--;
        unmatched++;
    }

    /** Receives spans. */
    interface Spans {
        void take(SpanNode span) throws IOException;
    }

    /**
     * Visits the spans that have ended, and whose place is final since the last call: each after the spans around it
     * that have ended too, with its depth.
     */
    void settle(Spans to) throws IOException {
        shelf.settle(to);
    }

    /** Visits the spans that wait for their final place, at the end of the trace. */
    void settleAll(Spans to) throws IOException {
        shelf.finish();
        for (SpanNode top : tops.values()) {
            for (SpanNode begun = top; begun != null; begun = begun.parent()) {
                shelf.left(begun);
            }
        }
        shelf.settle(to);
    }

    /** Visits the begins on the stacks, of each thread the innermost first. */
    void forEachOpen(Spans to) throws IOException {
        for (SpanNode top : tops.values()) {
            for (SpanNode begun = top; begun != null; begun = begun.parent()) {
                to.take(begun);
            }
        }
    }

    /** Returns the number of begins and ends that are not matched so far. */
    long unmatched() {
        return unmatched + openCount;
    }

    /** Returns the number of complete spans whose duration is negative, or longer than the clock has run. */
    long impossible() {
        return impossible;
    }
}
