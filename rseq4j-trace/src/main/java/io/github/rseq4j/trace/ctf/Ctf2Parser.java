package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.ctf.MetadataTokens.Unexpected;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Parses metadata in the form that {@link Ctf2Text} writes. Any other text is refused with its offset. */
final class Ctf2Parser {
    /* How it works
     *
     * The parser takes the values that differ between traces from each fragment, makes the fragment of these values
     * again, and compares it with the one that was read. The order of the properties of an object does not matter, and
     * neither do blanks. If the fragment of an event is malformed, that is a problem, and parsing goes on at the next
     * fragment, so the records of other events can still be read.
     */
    private static final int SHOWN_CHARS = 40;

    private final String text;
    private final Problems problems;
    private final String file;
    /** The number of values that one fragment may have: they are in memory until it is parsed. */
    private final long maxValues = Runtime.getRuntime().maxMemory() / (2 * Declarations.HEAP_BYTES_EACH);
    private final Declarations declared = new Declarations();
    private int start;
    private int next;

    private Ctf2Parser(String text, String file, Problems problems) {
        this.text = text;
        this.file = file;
        this.problems = problems;
    }

    /**
     * Parses metadata, which begins with {@link Ctf2Text#SEPARATOR}.
     *
     * @param text the bytes of the file, each as a character
     * @param file the name of the file, for problems
     * @param problems collects problems
     * @return the content, or null if the text is not in the expected form
     */
    static @Nullable TraceDescription parse(String text, String file, Problems problems) {
        try {
            return new Ctf2Parser(text, file, problems).trace();
        } catch (Unexpected e) {
            problems.add(file, e.offset(), "not a trace of rseq4j, or damaged: " + e.getMessage());
            return null;
        }
    }

    /** Moves to the next fragment; start and next are its bounds. Returns false at the end. */
    private boolean advance() {
        do {
            if (next >= text.length()) {
                return false;
            }
            start = next + 1;
            int end = text.indexOf(Ctf2Text.SEPARATOR, start);
            next = end < 0 ? text.length() : end;
        } while (text.substring(start, Math.min(next, start + SHOWN_CHARS)).isBlank() && next - start < SHOWN_CHARS);
        return true;
    }

    private Map<String, Object> fragment() throws Unexpected {
        return map(Json.parse(text, start, next, maxValues));
    }

    private Map<String, Object> required(String type) throws Unexpected {
        if (!advance()) {
            throw new Unexpected(text.length(), "expected a fragment of type " + type + ", found the end of file");
        }
        Map<String, Object> fragment = fragment();
        if (!type.equals(fragment.get("type"))) {
            throw unexpected("a fragment of type " + type, fragment.get("type"));
        }
        return fragment;
    }

    private Unexpected unexpected(String expected, @Nullable Object found) {
        StringBuilder shown = new StringBuilder();
        if (found == null) {
            shown.append("nothing");
        } else {
            Json.write(found, shown);
        }
        return new Unexpected(start, "expected " + expected + ", found " + (shown.length() > SHOWN_CHARS
                ? shown.substring(0, SHOWN_CHARS) + "..." : shown));
    }

    @SuppressWarnings("unchecked") // Json makes objects of these.
    private Map<String, Object> map(@Nullable Object value) throws Unexpected {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw unexpected("an object", value);
    }

    private List<?> list(@Nullable Object value) throws Unexpected {
        if (value instanceof List<?> list) {
            return list;
        }
        throw unexpected("an array", value);
    }

    private String string(@Nullable Object value) throws Unexpected {
        if (value instanceof String string) {
            return string;
        }
        throw unexpected("a text", value);
    }

    private long number(@Nullable Object value, long max) throws Unexpected {
        if (value instanceof Long number && number >= -max && number <= max) {
            return number;
        }
        throw unexpected("a number up to " + max, value);
    }

    private TraceDescription trace() throws Unexpected {
        next = 0;
        List<Map<String, Object>> fragments = new ArrayList<>();
        List<Integer> starts = new ArrayList<>();
        List<String> types = new ArrayList<>(List.of("preamble", "trace-class"));
        Ctf2Text.aliases().forEach((_, _) -> types.add("field-class-alias"));
        types.addAll(List.of("clock-class", "data-stream-class"));
        for (String type : types) {
            fragments.add(required(type));
            starts.add(start);
        }
        start = starts.getFirst();
        UUID uuid = uuid(list(fragments.getFirst().get("uuid")));
        start = starts.get(1);
        Map<String, Object> read = map(fragments.get(1).get("environment"));
        count((long) Declarations.ENTRY_COUNT * read.size());
        Map<String, Object> environment = new LinkedHashMap<>(read);
        int indexCount = MetadataParser.indexCount(start, environment);
        List<TraceThread> threads = MetadataParser.threads(environment);
        start = starts.get(types.size() - 2);
        TraceClock clock = clock(fragments.get(types.size() - 2));
        TraceDescription trace = described(uuid, clock, indexCount, environment, threads, List.of());
        List<Map<String, Object>> expected = Ctf2Text.fixed(trace);
        // The names of the entries of threads are not made again: where one is there twice, they depend on the order.
        expected.get(1).put("environment", read);
        for (int i = 0; i < expected.size(); i++) {
            start = starts.get(i);
            requireSame(expected.get(i), fragments.get(i));
        }
        List<EventType> events = events();
        start = starts.getFirst();
        return described(uuid, clock, indexCount, environment, threads, events);
    }

    private TraceDescription described(UUID uuid, TraceClock clock, int indexCount, Map<String, Object> environment,
            List<TraceThread> threads, List<EventType> events) throws Unexpected {
        try {
            return new TraceDescription(uuid, clock, indexCount, environment, threads, events);
        } catch (IllegalArgumentException e) {
            throw new Unexpected(start, String.valueOf(e.getMessage()));
        }
    }

    private UUID uuid(List<?> bytes) throws Unexpected {
        if (bytes.size() != 2 * Long.BYTES) {
            throw unexpected("16 bytes of a UUID", bytes);
        }
        long[] halves = new long[2];
        for (int i = 0; i < bytes.size(); i++) {
            int half = i / Long.BYTES;
            halves[half] = halves[half] << Byte.SIZE | number(bytes.get(i), 0xFF) & 0xFF;
        }
        return new UUID(halves[0], halves[1]);
    }

    private TraceClock clock(Map<String, Object> fragment) throws Unexpected {
        Map<String, Object> offset = map(fragment.get("offset-from-origin"));
        try {
            return new TraceClock(UUID.fromString(string(fragment.get("uid"))),
                    number(fragment.get("frequency"), Long.MAX_VALUE), number(offset.get("seconds"), Long.MAX_VALUE),
                    number(offset.get("cycles"), Long.MAX_VALUE));
        } catch (IllegalArgumentException e) {
            throw new Unexpected(start, String.valueOf(e.getMessage()));
        }
    }

    private void count(long much) throws Unexpected {
        declared.count(much, start);
    }

    private void requireSame(Object expected, Object found) throws Unexpected {
        if (!expected.equals(found)) {
            throw difference("", expected, found);
        }
    }

    /** Describes the first difference of two values. */
    private Unexpected difference(String path, @Nullable Object expected, @Nullable Object found) {
        Map<String, @Nullable Object[]> pairs = new LinkedHashMap<>();
        if (expected instanceof Map<?, ?> one && found instanceof Map<?, ?> other) {
            Set<Object> names = new HashSet<>(one.keySet());
            names.addAll(other.keySet());
            names.forEach(name -> pairs.put("/" + name, new @Nullable Object[] {one.get(name), other.get(name)}));
        } else if (expected instanceof List<?> one && found instanceof List<?> other && one.size() == other.size()) {
            for (int i = 0; i < one.size(); i++) {
                pairs.put("/" + i, new Object[] {one.get(i), other.get(i)});
            }
        }
        for (Map.Entry<String, @Nullable Object[]> pair : pairs.entrySet()) {
            @Nullable Object left = pair.getValue()[0];
            @Nullable Object right = pair.getValue()[1];
            if (left == null || !left.equals(right)) {
                return difference(path + pair.getKey(), left, right);
            }
        }
        StringBuilder wanted = new StringBuilder(path.isEmpty() ? "" : path + " ");
        if (expected == null) {
            wanted.append("no such property");
        } else {
            Json.write(expected, wanted);
        }
        return unexpected(wanted.length() > 2 * SHOWN_CHARS ? wanted.substring(0, 2 * SHOWN_CHARS) + "..."
                : wanted.toString(), found);
    }

    private List<EventType> events() {
        while (advance()) {
            try {
                declared.add(event(fragment()), start);
            } catch (Unexpected e) {
                problems.add(file, e.offset(), "an event's declaration cannot be read: " + e.getMessage());
            } catch (IllegalArgumentException e) {
                problems.add(file, start, "an event's declaration cannot be: " + e.getMessage());
            }
        }
        return declared.events();
    }

    private EventType event(Map<String, Object> fragment) throws Unexpected {
        String name = string(fragment.get("name"));
        long id = number(fragment.get("id"), PacketLayout.MAX_ID);
        Object level = map(map(fragment.get("attributes")).get(Ctf2Text.ATTRIBUTES)).get("log-level");
        List<?> members = list(map(fragment.get("payload-field-class")).get("member-classes"));
        EventType event = new EventType(name, (int) id, Ctf2Text.LEVELS.indexOf(string(level)), fields(members));
        requireSame(Ctf2Text.event(event), fragment);
        return event;
    }

    private List<EventType.Field> fields(List<?> members) throws Unexpected {
        Map<String, FieldType> types = new HashMap<>();
        for (FieldType.Basic type : FieldType.Basic.values()) {
            types.put(MetadataText.spelling(type), type);
        }
        List<EventType.Field> fields = new ArrayList<>();
        for (Object each : members) {
            Map<String, Object> member = map(each);
            String name = string(member.get("name"));
            Object fieldClass = member.get("field-class");
            if (name.startsWith(Ctf2Text.LENGTH_PREFIX)) {
                // A length, which the field after it implies: the comparison of the whole finds a wrong one.
                continue;
            }
            count(1);
            FieldType type = fieldClass instanceof String alias ? types.get(alias) : type(map(fieldClass));
            if (type == null) {
                throw unexpected("the name of a field class", fieldClass);
            }
            fields.add(new EventType.Field(name, type));
        }
        return fields;
    }

    private FieldType type(Map<String, Object> fieldClass) throws Unexpected {
        return switch (string(fieldClass.get("type"))) {
            case "dynamic-length-string" -> FieldType.Basic.STRING;
            case "dynamic-length-blob" -> FieldType.Basic.BYTES;
            case "fixed-length-signed-integer" -> new FieldType.Enumeration(labels(map(fieldClass.get("mappings"))));
            default -> throw unexpected("another field class", fieldClass.get("type"));
        };
    }

    /** Returns the labels by ordinal. The comparison of the whole finds the wrong range of a label. */
    private List<String> labels(Map<String, Object> mappings) throws Unexpected {
        count(mappings.size());
        @Nullable String[] labels = new @Nullable String[Math.max(mappings.size() - 1, 0)];
        for (Map.Entry<String, Object> mapping : mappings.entrySet()) {
            List<?> ranges = list(mapping.getValue());
            Object range = ranges.isEmpty() ? null : ranges.getFirst();
            Object first = range == null || list(range).isEmpty() ? null : list(range).getFirst();
            long ordinal = number(first, Integer.MAX_VALUE);
            if (ordinal >= 0 && ordinal < labels.length) {
                labels[(int) ordinal] = mapping.getKey();
            }
        }
        List<String> all = new ArrayList<>();
        for (String label : labels) {
            if (label == null) {
                throw unexpected("a label for each number from 0 on", mappings);
            }
            all.add(label);
        }
        return all;
    }
}
