package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Matches the begin events of a thread with its end events. */
final class SpanMatcher {
    /* How it works
     *
     * Each thread has a stack of begins that have no end yet. An end belongs to the newest begin of the same name on
     * the stack. The begins above that one leave the stack: their ends were not recorded, or come later because the two
     * spans do not nest. A later end still finds a begin that has left the stack, unless a newer begin of the same name
     * came in between: the end then more likely belongs to the newer begin, and a wrong duration is worse than none.
     */
    private static final int MOST_OPEN = 1 << 20;
    private static final int OPEN_BYTES = 512;
    private static final String BEGIN = "begin";
    private static final String END = "end";

    /** The most begins without an end that are kept, so that a trace of begins alone takes bounded memory. */
    private final long maxOpen = Math.min(MOST_OPEN, Runtime.getRuntime().maxMemory() / OPEN_BYTES);
    private final Map<Integer, Role> roles = new HashMap<>();
    private final Map<Key, Begun> newest = new HashMap<>();
    private final Map<Long, Begun> tops = new HashMap<>();
    private final List<Begun> left = new ArrayList<>();
    private long openCount;
    private long unmatched;
    private long taken;

    /** The role of an event in a span. */
    enum Kind { BEGINS, ENDS, NEITHER }

    /**
     * The role of an event, and the name of its span.
     *
     * @param kind the role
     * @param pair the name of the span, with its provider
     */
    record Role(Kind kind, String pair) {}

    private record Key(long threadId, String pair) {}

    /** A begin event. */
    static final class Begun {
        private final String pair;
        private final long timestamp;
        /** The number of the event, counted from 1. */
        private final long number;
        private final int cpu;
        private final int depth;
        /** The next begin on the thread's stack. */
        private final @Nullable Begun below;
        /** The begin before this one with the same name and thread. */
        private @Nullable Begun older;
        private boolean isOnStack = true;
        /** The cycles of the spans directly inside this one that have ended. */
        private long innerCycles;
        /** Data of the reader of the trace. */
        private @Nullable Object note;

        Begun(String pair, TraceEvent event, long number, @Nullable Begun below, @Nullable Begun older) {
            this.pair = pair;
            this.timestamp = event.timestamp();
            this.number = number;
            this.cpu = event.cpu();
            this.depth = below == null ? 0 : below.depth + 1;
            this.below = below;
            this.older = older;
        }

        String pair() {
            return pair;
        }

        /** Returns the time of the begin, in cycles. */
        long timestamp() {
            return timestamp;
        }

        /** Returns the number of the begin among all events that the matcher has taken, from 1. */
        long number() {
            return number;
        }

        int cpu() {
            return cpu;
        }

        /** Returns the number of spans of the thread that were open at the begin. */
        int depth() {
            return depth;
        }

        /** Returns the innermost begin of the thread that was open at this one, or null. */
        @Nullable Begun parent() {
            return below;
        }

        long innerCycles() {
            return innerCycles;
        }

        /** Adds the duration of a span directly inside this one, in cycles. */
        void addInner(long cycles) {
            innerCycles += cycles;
        }

        @Nullable Object note() {
            return note;
        }

        void setNote(Object data) {
            note = data;
        }

        /** Tells whether the span nests: false if a span around it has ended before it. */
        boolean isNested() {
            return isOnStack;
        }
    }

    /** Returns the role of events of a type. */
    Role role(EventType type) {
        return roles.computeIfAbsent(type.id(), _ -> roleOf(type.name()));
    }

    private static Role roleOf(String name) {
        String provider = name.substring(0, name.indexOf(':') + 1);
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
     * @return the begin that the event is, or the begin that it ends; null for other events, for an end without a
     *     begin, and for a begin beyond the limit
     */
    @Nullable Begun take(TraceEvent event) {
        Role role = role(event.type());
        taken++;
        left.clear();
        if (role.kind() == Kind.NEITHER) {
            return null;
        }
        Key key = new Key(event.threadId(), role.pair());
        return role.kind() == Kind.BEGINS ? begin(key, event) : end(key);
    }

    /** Returns the begins that the last end has removed from the stack without an end, the innermost first. */
    List<Begun> left() {
        return List.copyOf(left);
    }

    /** Returns the number of events that were taken. */
    long taken() {
        return taken;
    }

    /** Returns the innermost begin of a thread that has no end yet, or null. */
    @Nullable Begun innermost(long threadId) {
        return tops.get(threadId);
    }

    private @Nullable Begun begin(Key key, TraceEvent event) {
        Begun before = newest.get(key);
        while (before != null && !before.isOnStack) {
            before = before.older;
            forget();
        }
        if (openCount >= maxOpen) {
            set(key, before);
            unmatched++;
            return null;
        }
        Begun begun = new Begun(key.pair(), event, taken, tops.get(key.threadId()), before);
        newest.put(key, begun);
        tops.put(key.threadId(), begun);
        openCount++;
        return begun;
    }

    private @Nullable Begun end(Key key) {
        Begun first = newest.get(key);
        if (first == null) {
            unmatched++;
            return null;
        }
        Begun begun = first;
        while (begun != null && !begun.isOnStack) {
            begun = begun.older;
        }
        if (begun == null) {
            set(key, first.older);
            openCount--;
            return first;
        }
        for (Begun gone = first; gone != null && gone != begun; gone = gone.older) {
            forget();
        }
        set(key, begun.older);
        openCount--;
        Begun top = tops.get(key.threadId());
        while (top != null && top != begun) {
            top.isOnStack = false;
            left.add(top);
            top = top.below;
        }
        if (begun.below == null) {
            tops.remove(key.threadId());
        } else {
            tops.put(key.threadId(), begun.below);
        }
        return begun;
    }

    private void set(Key key, @Nullable Begun begun) {
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

    /** Receives begins that have no end. */
    interface OpenSpans {
        void take(long threadId, Begun begun) throws IOException;
    }

    /**
     * Visits the begins on the stacks, of each thread the innermost first.
     *
     * @param to receives the thread's number and the begin
     */
    void forEachOpen(OpenSpans to) throws IOException {
        for (Map.Entry<Long, Begun> top : tops.entrySet()) {
            for (Begun begun = top.getValue(); begun != null; begun = begun.below) {
                to.take(top.getKey(), begun);
            }
        }
    }

    /** Returns the number of begins and ends that are not matched so far. */
    long unmatched() {
        return unmatched + openCount;
    }
}
