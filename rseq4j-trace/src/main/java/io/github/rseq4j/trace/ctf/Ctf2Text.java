package io.github.rseq4j.trace.ctf;

import static io.github.rseq4j.trace.ctf.FieldClasses.blob;
import static io.github.rseq4j.trace.ctf.FieldClasses.bool;
import static io.github.rseq4j.trace.ctf.FieldClasses.floatingPoint;
import static io.github.rseq4j.trace.ctf.FieldClasses.member;
import static io.github.rseq4j.trace.ctf.FieldClasses.named;
import static io.github.rseq4j.trace.ctf.FieldClasses.object;
import static io.github.rseq4j.trace.ctf.FieldClasses.option;
import static io.github.rseq4j.trace.ctf.FieldClasses.range;
import static io.github.rseq4j.trace.ctf.FieldClasses.signed;
import static io.github.rseq4j.trace.ctf.FieldClasses.structure;
import static io.github.rseq4j.trace.ctf.FieldClasses.unsigned;
import static io.github.rseq4j.trace.ctf.FieldClasses.variant;
import static io.github.rseq4j.trace.ctf.FieldClasses.varying;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The metadata of a trace in CTF 2: a sequence of JSON texts (RFC 7464), called fragments. */
final class Ctf2Text {
    /* How it works
     *
     * The fragments are made as objects, in the order preamble, trace class, aliases, clock class, data stream class,
     * and an event record class for each event. The parser takes the values that differ between traces from a
     * fragment, makes the fragment again, and compares. So writer and parser agree on every property.
     *
     * Numbers and names of fields are those that a reader of CTF 1.8 shows: the lengths of a field x are __x_length and
     * __x_recorded. CTF 2 has no keywords, so no other name needs an underscore.
     */
    /** The character before each fragment: RS. */
    static final char SEPARATOR = 0x1E;
    /** The namespace of the attribute with the log level. */
    static final String ATTRIBUTES = "lttng.org,2009";
    /** The names of the log levels, by number. */
    static final List<String> LEVELS = List.of("emergency", "alert", "critical", "error", "warning", "notice", "info",
            "debug:system", "debug:program", "debug:process", "debug:module", "debug:unit", "debug:function",
            "debug:line", "debug");
    /** The prefix of the name of a length. */
    static final String LENGTH_PREFIX = "__";

    private static final String CLOCK = "monotonic";
    private static final String UINT32 = "uint32_t";
    private static final int RECORD_ALIGNMENT = PacketLayout.RECORD_ALIGNMENT * Byte.SIZE;

    private Ctf2Text() {}

    /**
     * Returns the metadata of a trace.
     *
     * @param trace the content
     */
    static String of(TraceDescription trace) {
        StringBuilder text = new StringBuilder();
        fixed(trace).forEach(fragment -> append(fragment, text));
        trace.events().forEach(event -> append(event(event), text));
        return text.toString();
    }

    /**
     * Returns the fragment of one event, which may be appended to the metadata of its trace.
     *
     * @param event the event
     */
    static String of(EventType event) {
        StringBuilder text = new StringBuilder();
        append(event(event), text);
        return text.toString();
    }

    private static void append(Map<String, Object> fragment, StringBuilder text) {
        Json.write(fragment, text.append(SEPARATOR));
        text.append('\n');
    }

    /** Returns the fragments before those of the events. */
    static List<Map<String, Object>> fixed(TraceDescription trace) {
        List<Map<String, Object>> fragments = new ArrayList<>();
        fragments.add(object("type", "preamble", "version", 2, "uuid", bytes(trace.uuid())));
        fragments.add(object("type", "trace-class", "uid", trace.uuid().toString(), "environment", trace.entries(),
                "packet-header-field-class", packetHeader()));
        aliases().forEach((name, fieldClass) ->
                fragments.add(object("type", "field-class-alias", "name", name, "field-class", fieldClass)));
        TraceClock clock = trace.clock();
        fragments.add(object("type", "clock-class", "id", CLOCK, "name", CLOCK, "uid", clock.uuid().toString(),
                "description", "Cycles since the machine's start", "frequency", clock.frequencyHz(),
                "origin", "unix-epoch", "offset-from-origin",
                object("seconds", clock.offsetSeconds(), "cycles", clock.offsetCycles())));
        fragments.add(object("type", "data-stream-class", "id", PacketLayout.STREAM_ID_VALUE,
                "default-clock-class-id", CLOCK,
                "packet-context-field-class", packetContext(),
                "event-record-header-field-class", recordHeader(),
                "event-record-common-context-field-class", structure(1, member("tid",
                        signed(Integer.SIZE, Byte.SIZE)))));
        return fragments;
    }

    private static List<Object> bytes(UUID uuid) {
        List<Object> bytes = new ArrayList<>();
        for (int i = 0; i < 2 * Long.BYTES; i++) {
            long half = i < Long.BYTES ? uuid.getMostSignificantBits() : uuid.getLeastSignificantBits();
            bytes.add(half >>> Long.SIZE - Byte.SIZE * (i % Long.BYTES + 1) & 0xFF);
        }
        return bytes;
    }

    private static Map<String, Object> packetHeader() {
        return structure(1,
                member("magic", unsigned(Integer.SIZE, Byte.SIZE, "packet-magic-number")),
                member("uuid", blob(2 * Long.BYTES, "metadata-stream-uuid")),
                member("stream_id", unsigned(Integer.SIZE, Byte.SIZE, "data-stream-class-id")),
                member("stream_instance_id", unsigned(Long.SIZE, Byte.SIZE, "data-stream-id")));
    }

    private static Map<String, Object> packetContext() {
        return structure(1,
                member("timestamp_begin", unsigned(Long.SIZE, Byte.SIZE, "default-clock-timestamp")),
                member("timestamp_end", unsigned(Long.SIZE, Byte.SIZE, "packet-end-default-clock-timestamp")),
                member("content_size", unsigned(Long.SIZE, Byte.SIZE, "packet-content-length")),
                member("packet_size", unsigned(Long.SIZE, Byte.SIZE, "packet-total-length")),
                member("packet_seq_num", unsigned(Long.SIZE, Byte.SIZE, "packet-sequence-number")),
                member("events_discarded", unsigned(Long.SIZE, Byte.SIZE, "discarded-event-record-counter-snapshot")),
                member("cpu_id", unsigned(Long.SIZE, Byte.SIZE)));
    }

    private static Map<String, Object> recordHeader() {
        String id = "id";
        int full = PacketLayout.MAX_COMPACT_ID + 1;
        return structure(RECORD_ALIGNMENT,
                member("timestamp", unsigned(PacketLayout.TIME_BITS, Byte.SIZE, "default-clock-timestamp")),
                member(id, unsigned(Byte.SIZE, Byte.SIZE, "event-record-class-id")),
                member("header", variant(FieldClasses.Origin.EVENT_HEADER, id,
                        option("compact", 0, PacketLayout.MAX_COMPACT_ID, structure(1)),
                        option("full", full, full, structure(1,
                                member("timestamp", unsigned(Long.SIZE, Long.SIZE, "default-clock-timestamp")),
                                member(id, unsigned(Integer.SIZE, Byte.SIZE, "event-record-class-id")))))));
    }

    /** Returns the classes of the fields of constant length, by the names that events use for them. */
    static Map<String, Map<String, Object>> aliases() {
        Map<String, Map<String, Object>> aliases = new LinkedHashMap<>();
        aliases.put(UINT32, unsigned(Integer.SIZE, Byte.SIZE));
        for (FieldType.Basic type : FieldType.Basic.values()) {
            int bits = type.minimumBytes() * Byte.SIZE;
            if (!type.isVarying()) {
                aliases.put(MetadataText.spelling(type), switch (type) {
                    case BOOLEAN -> bool();
                    case CHAR -> unsigned(bits, Byte.SIZE);
                    case FLOAT, DOUBLE -> floatingPoint(bits);
                    default -> signed(bits, Byte.SIZE);
                });
            }
        }
        return aliases;
    }

    /** Returns the fragment of an event. */
    static Map<String, Object> event(EventType event) {
        List<Map<String, Object>> members = new ArrayList<>();
        event.fields().forEach(field -> addTo(members, field));
        return object("type", "event-record-class", "data-stream-class-id", PacketLayout.STREAM_ID_VALUE,
                "id", event.id(), "name", event.name(),
                "attributes", object(ATTRIBUTES, object("log-level", LEVELS.get(event.level()))),
                "payload-field-class", structure(1, members.toArray()));
    }

    private static void addTo(List<Map<String, Object>> members, EventType.Field field) {
        String name = field.name();
        switch (field.type()) {
            case FieldType.Enumeration enumeration -> members.add(member(name,
                    named(signed(Integer.SIZE, Byte.SIZE), mappings(enumeration))));
            case FieldType.Basic basic when basic.isVarying() -> {
                members.add(member(lengthName(name), UINT32));
                members.add(member(recordedName(name), UINT32));
                members.add(member(name, varying(basic == FieldType.Basic.STRING, recordedName(name))));
            }
            case FieldType.Basic basic -> members.add(member(name, MetadataText.spelling(basic)));
        }
    }

    private static Map<String, Object> mappings(FieldType.Enumeration enumeration) {
        List<String> labels = enumeration.labels();
        Map<String, Object> mappings = new LinkedHashMap<>();
        mappings.put(enumeration.nullLabel(), range(PacketLayout.NULL_ORDINAL, PacketLayout.NULL_ORDINAL));
        for (int i = 0; i < labels.size(); i++) {
            mappings.put(labels.get(i), range(i, i));
        }
        return mappings;
    }

    /** Returns the name of a field's original length. */
    static String lengthName(String field) {
        return LENGTH_PREFIX + field + MetadataText.LENGTH_SUFFIX;
    }

    private static String recordedName(String field) {
        return LENGTH_PREFIX + field + "_recorded";
    }
}
