package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds which event ends what another of the same thread began: names that end with begin and end. */
final class SpanMatcher {
    /* How it works
     *
     * What a thread has begun and not ended is a stack. An end belongs to the newest begin of its pair that is on the
     * stack; what lies above that one leaves the stack: its end was not recorded, or comes later because the two do not
     * lie in each other. An end whose begin has left the stack so still finds it, but not after a newer one of the same
     * pair began: that end is more likely to be the newer one's, and a time that is wrong is worse than none.
     */
    private static final int MOST_OPEN = 1 << 20;
    private static final int OPEN_BYTES = 512;
    private static final String BEGIN = "begin";
    private static final String END = "end";

    /** So many may be begun and not ended; more are not kept, so that a trace of begins alone needs no more memory. */
    private final long maxOpen = Math.min(MOST_OPEN, Runtime.getRuntime().maxMemory() / OPEN_BYTES);
    private final Map<Integer, Role> roles = new HashMap<>();
    private final Map<Key, Begun> newest = new HashMap<>();
    private final Map<Long, Begun> tops = new HashMap<>();
    private final List<Begun> left = new ArrayList<>();
    private long openCount;
    private long unmatched;

    /** What an event does. */
    enum Kind { BEGINS, ENDS, NEITHER }

    /**
     * The part that an event has in a pair.
     *
     * @param kind what it does
     * @param pair the name of what begins and ends, with its provider
     */
    record Role(Kind kind, String pair) {}

    private record Key(long threadId, String pair) {}

    /** What was begun. */
    static final class Begun {
        private final String pair;
        private final long timestamp;
        /** What the thread had begun before, and not ended. */
        private final @Nullable Begun below;
        /** The one before of the same pair and thread. */
        private @Nullable Begun older;
        private boolean isOnStack = true;

        Begun(String pair, long timestamp, @Nullable Begun below, @Nullable Begun older) {
            this.pair = pair;
            this.timestamp = timestamp;
            this.below = below;
            this.older = older;
        }

        String pair() {
            return pair;
        }

        /** Returns when, in cycles. */
        long timestamp() {
            return timestamp;
        }

        /** Tells whether it was the innermost when it ended; else what lay around it had ended before. */
        boolean isNested() {
            return isOnStack;
        }
    }

    /** Returns the part of an event. */
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
     * @return what it begins or ends; null when it does neither, has no other half, or is one begin too many to be kept
     */
    @Nullable Begun take(TraceEvent event) {
        Role role = role(event.type());
        left.clear();
        if (role.kind() == Kind.NEITHER) {
            return null;
        }
        Key key = new Key(event.threadId(), role.pair());
        return role.kind() == Kind.BEGINS ? begin(key, event.timestamp()) : end(key);
    }

    /** Returns what the last event that ended something leaves without an end, the innermost first. */
    List<Begun> left() {
        return List.copyOf(left);
    }

    private @Nullable Begun begin(Key key, long timestamp) {
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
        Begun begun = new Begun(key.pair(), timestamp, tops.get(key.threadId()), before);
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

    /** Takes what is begun and not ended. */
    interface OpenSpans {
        void take(long threadId, Begun begun) throws IOException;
    }

    /**
     * Hands over what is on the stacks, of each thread the innermost first.
     *
     * @param to takes thread and begin
     */
    void forEachOpen(OpenSpans to) throws IOException {
        for (Map.Entry<Long, Begun> top : tops.entrySet()) {
            for (Begun begun = top.getValue(); begun != null; begun = begun.below) {
                to.take(top.getKey(), begun);
            }
        }
    }

    /** Returns how many begins and ends have no other half so far. */
    long unmatched() {
        return unmatched + openCount;
    }
}
