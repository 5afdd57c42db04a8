package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.ctf.MetadataTokens.Unexpected;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The declarations that a parser of metadata has read: the events, and how many more the heap has room for. */
final class Declarations {
    /** The bytes of heap for each entry, field or label; each takes some 100. */
    static final int HEAP_BYTES_EACH = 512;
    /** The weight of an entry of env, in labels: it may be a thread, which takes more memory in commands. */
    static final int ENTRY_COUNT = 4;

    private final List<EventType> events = new ArrayList<>();
    private final Set<Object> seen = new HashSet<>();
    private long room = Runtime.getRuntime().maxMemory() / HEAP_BYTES_EACH;

    /**
     * Counts entries, fields or labels.
     *
     * @param much how many
     * @param offset their offset in the metadata
     * @throws Unexpected if there are too many
     */
    void count(long much, int offset) throws Unexpected {
        room -= much;
        if (room < 0) {
            throw new Unexpected(offset, "too many entries, fields and labels; a larger heap (-Xmx) has room for more");
        }
    }

    /**
     * Adds an event.
     *
     * @param event the event
     * @param offset its offset in the metadata
     * @throws Unexpected if an event has its name or its number already
     */
    void add(EventType event, int offset) throws Unexpected {
        if (seen.contains(event.id()) || seen.contains(event.name())) {
            throw new Unexpected(offset, "expected another name and id than " + event.name() + " and " + event.id()
                    + ": one is there");
        }
        seen.addAll(List.of(event.id(), event.name()));
        events.add(event);
    }

    /** Returns the events, in their order. */
    List<EventType> events() {
        return events;
    }
}
