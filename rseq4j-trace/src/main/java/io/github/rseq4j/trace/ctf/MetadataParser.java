package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.ctf.MetadataTokens.Unexpected;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Parses metadata in the form that {@link MetadataText} or {@link Ctf2Text} writes. Any other text is refused with its
 * offset.
 */
final class MetadataParser {
    /* How it works
     *
     * The parser expects the parts that all traces share token by token. If the declaration of an event is malformed,
     * that is a problem, and parsing goes on at the next event, so the records of other events can still be read.
     */
    private static final Map<String, FieldType.Basic> TYPES = types();

    private final MetadataTokens tokens;
    private final Problems problems;
    private final String file;
    private final Declarations declared = new Declarations();

    private MetadataParser(String text, String file, Problems problems) {
        this.tokens = new MetadataTokens(text);
        this.file = file;
        this.problems = problems;
    }

    private static Map<String, FieldType.Basic> types() {
        Map<String, FieldType.Basic> types = new LinkedHashMap<>();
        for (FieldType.Basic type : FieldType.Basic.values()) {
            types.put(MetadataText.spelling(type), type);
        }
        return types;
    }

    /**
     * Parses metadata.
     *
     * @param text the bytes of the file, each as a character
     * @param file the name of the file, for problems
     * @param problems collects problems
     * @return the content, or null if the text is not in the expected form
     */
    static @Nullable TraceDescription parse(String text, String file, Problems problems) {
        if (formatOf(text) == TraceFormat.CTF_2) {
            return Ctf2Parser.parse(text, file, problems);
        }
        if (!text.startsWith(MetadataText.SIGNATURE)) {
            problems.add(file, 0, "no metadata of a trace: expected " + MetadataText.SIGNATURE
                    + ", or the byte 30, with which CTF 2 begins");
            return null;
        }
        MetadataParser parser = new MetadataParser(text, file, problems);
        try {
            return parser.trace();
        } catch (Unexpected e) {
            problems.add(file, e.offset(), "not a trace of rseq4j, or damaged: " + e.getMessage());
            return null;
        }
    }

    /** Returns the format of metadata, which its first byte tells. */
    static TraceFormat formatOf(String text) {
        return !text.isEmpty() && text.charAt(0) == Ctf2Text.SEPARATOR ? TraceFormat.CTF_2 : TraceFormat.CTF_1_8;
    }

    /**
     * Returns metadata without a declaration at its end that a tracer is appending.
     *
     * @param text the bytes of the file, each as a character
     */
    static String complete(String text) {
        String end = formatOf(text) == TraceFormat.CTF_2 ? "}\n" : "\n};\n";
        int last = text.lastIndexOf(end);
        return last < 0 ? text : text.substring(0, last + end.length());
    }

    private TraceDescription trace() throws Unexpected {
        tokens.expectAll(MetadataText.TYPES);
        tokens.expectAll(MetadataText.TRACE_BEGIN);
        UUID uuid = uuid();
        tokens.expectAll(MetadataText.TRACE_END);
        int start = tokens.offset();
        Map<String, Object> environment = environment();
        int indexCount = indexCount(start, environment);
        List<TraceThread> threads = threads(environment);
        TraceClock clock = clock();
        tokens.expectAll(MetadataText.STREAM);
        List<EventType> events = events();
        try {
            return new TraceDescription(uuid, clock, indexCount, environment, threads, events);
        } catch (IllegalArgumentException e) {
            throw new Unexpected(start, String.valueOf(e.getMessage()));
        }
    }

    private UUID uuid() throws Unexpected {
        int start = tokens.offset();
        String text = tokens.text();
        try {
            UUID uuid = UUID.fromString(text);
            if (uuid.toString().equals(text)) {
                return uuid;
            }
        } catch (IllegalArgumentException _) {
            // Not a UUID: refused below.
        }
        throw new Unexpected(start, "expected a UUID");
    }

    private Map<String, Object> environment() throws Unexpected {
        Map<String, Object> environment = new LinkedHashMap<>();
        tokens.expectAll("env {");
        while (!tokens.accept("}")) {
            count(Declarations.ENTRY_COUNT);
            int start = tokens.offset();
            String name = tokens.word();
            tokens.expect("=");
            Object value = tokens.token().startsWith("\"") ? (Object) tokens.text() : (Object) tokens.number();
            tokens.expect(";");
            if (environment.put(name, value) != null) {
                throw new Unexpected(start, "expected another name than " + name + ", which is there");
            }
        }
        tokens.expect(";");
        return environment;
    }

    /** Removes the number of indices from the environment, and returns it. */
    static int indexCount(int offset, Map<String, Object> environment) throws Unexpected {
        if (!(environment.remove(TraceDescription.INDEX_COUNT) instanceof Long indexCount) || indexCount < 1
                || indexCount > TraceDescription.MAX_INDEX_COUNT) {
            throw new Unexpected(offset, "expected " + TraceDescription.INDEX_COUNT + " in env, 1 to "
                    + TraceDescription.MAX_INDEX_COUNT);
        }
        return indexCount.intValue();
    }

    /** Moves the entries of threads from the environment to the list of threads. */
    static List<TraceThread> threads(Map<String, Object> environment) {
        List<TraceThread> threads = new ArrayList<>();
        environment.entrySet().removeIf(entry -> {
            TraceThread thread = TraceThread.of(entry.getKey(), entry.getValue());
            return thread != null && threads.add(thread);
        });
        return threads;
    }

    private TraceClock clock() throws Unexpected {
        tokens.expectAll(MetadataText.CLOCK_BEGIN);
        UUID uuid = uuid();
        tokens.expect(";");
        int start = tokens.offset();
        long frequency = entry("freq");
        long offsetSeconds = entry("offset_s");
        long offset = entry("offset");
        tokens.expectAll("};");
        try {
            return new TraceClock(uuid, frequency, offsetSeconds, offset);
        } catch (IllegalArgumentException e) {
            throw new Unexpected(start, String.valueOf(e.getMessage()));
        }
    }

    private long entry(String name) throws Unexpected {
        tokens.expect(name);
        tokens.expect("=");
        long value = tokens.number();
        tokens.expect(";");
        return value;
    }

    private List<EventType> events() {
        while (!tokens.atEnd()) {
            int start = tokens.offset();
            try {
                declared.add(event(), start);
            } catch (Unexpected e) {
                problems.add(file, e.offset(), "an event's declaration cannot be read: " + e.getMessage());
                skipEvent();
            } catch (IllegalArgumentException e) {
                problems.add(file, start, "an event's declaration cannot be: " + e.getMessage());
            }
        }
        return declared.events();
    }

    private void skipEvent() {
        while (!tokens.atEnd() && !tokens.token().equals("event")) {
            tokens.advance();
        }
    }

    private EventType event() throws Unexpected {
        tokens.expectAll("event { name =");
        String name = tokens.text();
        tokens.expect(";");
        int start = tokens.offset();
        long id = entry("id");
        tokens.expectAll("stream_id = 0;");
        long level = entry("loglevel");
        if (id < 0 || id > EventType.MAX_ID || level < 0 || level > EventType.MAX_LEVEL) {
            throw new Unexpected(start, "expected an id up to " + EventType.MAX_ID + " and a level up to "
                    + EventType.MAX_LEVEL);
        }
        tokens.expectAll("fields := struct {");
        List<EventType.Field> fields = new ArrayList<>();
        while (!tokens.accept("}")) {
            count(1);
            fields.add(field());
        }
        tokens.expectAll("; };");
        return new EventType(name, (int) id, (int) level, fields);
    }

    private void count(int much) throws Unexpected {
        declared.count(much, tokens.offset());
    }

    private EventType.Field field() throws Unexpected {
        int start = tokens.offset();
        if (tokens.accept("enum")) {
            return enumeration();
        }
        String type = tokens.word();
        String name = tokens.word();
        tokens.expect(";");
        if (name.startsWith(MetadataText.LENGTH_PREFIX) && type.equals("uint32_t")
                && name.endsWith(MetadataText.LENGTH_SUFFIX)) {
            return varying(name.substring(MetadataText.LENGTH_PREFIX.length(),
                    name.length() - MetadataText.LENGTH_SUFFIX.length()));
        }
        FieldType.Basic basic = TYPES.get(type);
        if (basic == null || basic.isVarying()) {
            throw new Unexpected(start, "expected a type, found " + type);
        }
        return new EventType.Field(plain(start, name), basic);
    }

    private static String plain(int offset, String name) throws Unexpected {
        if (!name.startsWith("_")) {
            throw new Unexpected(offset, "expected a field whose name begins with an underscore");
        }
        return name.substring(1);
    }

    private EventType.Field varying(String name) throws Unexpected {
        int start = tokens.offset();
        String recorded = MetadataText.recordedName(name);
        tokens.expectAll("uint32_t " + recorded + ";");
        FieldType.Basic type = TYPES.get(tokens.word());
        if (type == null || !type.isVarying()) {
            throw new Unexpected(start, "expected a sequence of texts or bytes");
        }
        tokens.expectAll("_" + name + "[" + recorded + "];");
        return new EventType.Field(name, type);
    }

    private EventType.Field enumeration() throws Unexpected {
        tokens.expectAll(": int32_t {");
        int nullStart = tokens.offset();
        String nullLabel = tokens.text();
        tokens.expectAll("= " + PacketLayout.NULL_ORDINAL);
        List<String> labels = new ArrayList<>();
        while (tokens.accept(",")) {
            count(1);
            labels.add(tokens.text());
            tokens.expectAll("= " + (labels.size() - 1));
        }
        tokens.expect("}");
        FieldType.Enumeration type = new FieldType.Enumeration(labels);
        if (!nullLabel.equals(type.nullLabel())) {
            throw new Unexpected(nullStart, "expected the label of null, found " + nullLabel);
        }
        int start = tokens.offset();
        String name = tokens.word();
        tokens.expect(";");
        return new EventType.Field(plain(start, name), type);
    }
}
