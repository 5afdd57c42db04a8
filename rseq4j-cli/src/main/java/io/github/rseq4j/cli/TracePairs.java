package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds which event ends what another of the same thread began: names that end with begin and end. */
final class TracePairs {
    /** So many may be begun and not ended; more are not kept, so that a trace of begins alone needs no more memory. */
    private static final int MAX_OPEN = 1 << 20;
    private static final String BEGIN = "begin";
    private static final String END = "end";

    private final Map<Integer, Role> roles = new HashMap<>();
    private final Map<Key, Deque<Long>> open = new HashMap<>();
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
     * @return when that began which it ends, in cycles, or null
     */
    @Nullable Long begunAt(TraceEvent event) {
        Role role = role(event.type());
        if (role.kind() == Kind.NEITHER) {
            return null;
        }
        Key key = new Key(event.threadId(), role.pair());
        if (role.kind() == Kind.BEGINS) {
            if (openCount >= MAX_OPEN) {
                unmatched++;
            } else {
                openCount++;
                open.computeIfAbsent(key, _ -> new ArrayDeque<>()).push(event.timestamp());
            }
            return null;
        }
        Deque<Long> begun = open.get(key);
        if (begun == null) {
            unmatched++;
            return null;
        }
        Long start = begun.pop();
        openCount--;
        if (begun.isEmpty()) {
            open.remove(key);
        }
        return start;
    }

    /** Returns how many begins and ends have no other half so far. */
    long unmatched() {
        return unmatched + openCount;
    }
}
