package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The metadata of a trace as text: the Trace Stream Description Language of CTF 1.8. */
final class MetadataText {
    /* How it works
     *
     * The parts that all traces share are constants. The parser expects them token by token, so writer and parser agree
     * on the layout. The test of PacketLayout compares the constants with its offsets.
     *
     * In the metadata the name of a field has an underscore before it, which readers remove, so a field can have the
     * name of a keyword. Texts and bytes are sequences; their lengths are separate fields before them, whose names
     * begin with three underscores. Babeltrace compares names with and without the first underscore: two underscores
     * then remain, which no name of a field has.
     */
    /** The first bytes of every text. */
    static final String SIGNATURE = "/* CTF 1.8 */";

    static final String TYPES = """
            typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
            typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
            typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
            typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
            typealias integer { size = 8; align = 8; signed = true; } := int8_t;
            typealias integer { size = 16; align = 8; signed = true; } := int16_t;
            typealias integer { size = 32; align = 8; signed = true; } := int32_t;
            typealias integer { size = 64; align = 8; signed = true; } := int64_t;
            typealias integer { size = 8; align = 8; signed = false; base = 16; } := octet_t;
            typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := utf8_t;
            typealias floating_point { exp_dig = 8; mant_dig = 24; align = 8; } := float_t;
            typealias floating_point { exp_dig = 11; mant_dig = 53; align = 8; } := double_t;
            typealias enum : uint8_t { "false" = 0, "true" = 1 } := boolean_t;
            """;
    static final String TRACE_BEGIN = """
            trace {
                major = 1;
                minor = 8;
                uuid =""";
    static final String TRACE_END = """
            ;
                byte_order = le;
                packet.header := struct {
                    uint32_t magic;
                    uint8_t uuid[16];
                    uint32_t stream_id;
                    uint64_t stream_instance_id;
                };
            };
            """;
    static final String CLOCK_BEGIN = """
            clock {
                name = "monotonic";
                description = "Cycles since the machine's start";
                uuid =""";
    static final String STREAM = """
            typealias integer {
                size = 64; align = 8; signed = false; map = clock.monotonic.value;
            } := cycles_t;
            typealias integer {
                size = 24; align = 8; signed = false; map = clock.monotonic.value;
            } := low_cycles_t;
            stream {
                id = 0;
                packet.context := struct {
                    cycles_t timestamp_begin;
                    cycles_t timestamp_end;
                    uint64_t content_size;
                    uint64_t packet_size;
                    uint64_t packet_seq_num;
                    uint64_t events_discarded;
                    uint64_t cpu_id;
                };
                event.header := struct {
                    low_cycles_t timestamp;
                    enum : uint8_t { "compact" = 0 ... 254, "full" = 255 } id;
                    variant <id> {
                        struct { } compact;
                        struct {
                            integer {
                                size = 64; align = 64; signed = false; map = clock.monotonic.value;
                            } timestamp;
                            uint32_t id;
                        } full;
                    } header;
                } align(64);
                event.context := struct {
                    int32_t _tid;
                };
            };
            """;

    /** The prefix of the name of a length. */
    static final String LENGTH_PREFIX = "___";
    /** The suffix of the name of an original length. */
    static final String LENGTH_SUFFIX = "_length";

    private final StringBuilder text = new StringBuilder();

    private MetadataText() {}

    /**
     * Returns the metadata of a trace.
     *
     * @param trace the content
     */
    static String of(TraceDescription trace) {
        MetadataText out = new MetadataText();
        out.text.append(SIGNATURE).append("\n\n").append(TYPES).append('\n');
        out.text.append(TRACE_BEGIN).append(' ').append(quoted(trace.uuid().toString())).append(TRACE_END);
        out.text.append("\nenv {\n");
        trace.entries().forEach(out::entry);
        out.text.append("};\n\n");
        out.text.append(CLOCK_BEGIN).append(' ').append(quoted(trace.clock().uuid().toString())).append(";\n");
        out.entry("freq", trace.clock().frequencyHz());
        out.entry("offset_s", trace.clock().offsetSeconds());
        out.entry("offset", trace.clock().offsetCycles());
        out.text.append("};\n\n").append(STREAM);
        trace.events().forEach(out::event);
        return out.text.toString();
    }

    /**
     * Returns the declaration of one event, which may be appended to the metadata of its trace.
     *
     * @param event the event
     */
    static String of(EventType event) {
        MetadataText out = new MetadataText();
        out.event(event);
        return out.text.toString();
    }

    private void entry(String name, Object value) {
        text.append("    ").append(name).append(" = ");
        text.append(value instanceof String string ? quoted(string) : value.toString()).append(";\n");
    }

    private void event(EventType event) {
        text.append("\nevent {\n");
        entry("name", event.name());
        entry("id", event.id());
        entry("stream_id", 0);
        entry("loglevel", event.level());
        text.append("    fields := struct {\n");
        event.fields().forEach(this::field);
        text.append("    };\n};\n");
    }

    private void field(EventType.Field field) {
        String name = "_" + field.name();
        switch (field.type()) {
            case FieldType.Enumeration enumeration -> {
                text.append("        enum : int32_t { ").append(quoted(enumeration.nullLabel())).append(" = ")
                        .append(PacketLayout.NULL_ORDINAL);
                for (int i = 0; i < enumeration.labels().size(); i++) {
                    text.append(", ").append(quoted(enumeration.labels().get(i))).append(" = ").append(i);
                }
                text.append(" } ").append(name).append(";\n");
            }
            case FieldType.Basic basic when basic.isVarying() -> {
                text.append("        uint32_t ").append(lengthName(field.name())).append(";\n");
                text.append("        uint32_t ").append(recordedName(field.name())).append(";\n");
                text.append("        ").append(spelling(basic)).append(' ').append(name).append('[')
                        .append(recordedName(field.name())).append("];\n");
            }
            case FieldType.Basic basic -> text.append("        ").append(spelling(basic)).append(' ').append(name)
                    .append(";\n");
        }
    }

    /** Returns the name of a field's original length in the metadata. */
    static String lengthName(String field) {
        return LENGTH_PREFIX + field + LENGTH_SUFFIX;
    }

    /** Returns the name of a field's recorded length in the metadata. */
    static String recordedName(String field) {
        return LENGTH_PREFIX + field + "_recorded";
    }

    /** Returns the name of a type in the metadata; for a type of varying length, that of its elements. */
    static String spelling(FieldType.Basic type) {
        return switch (type) {
            case BOOLEAN -> "boolean_t";
            case BYTE -> "int8_t";
            case SHORT -> "int16_t";
            case CHAR -> "uint16_t";
            case INT -> "int32_t";
            case LONG -> "int64_t";
            case FLOAT -> "float_t";
            case DOUBLE -> "double_t";
            case STRING -> "utf8_t";
            case BYTES -> "octet_t";
        };
    }

    /** Returns a text as a literal, in UTF-8. Bytes that are not printable ASCII are octal escapes. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            int octet = Byte.toUnsignedInt(each);
            if (octet == '"' || octet == '\\') {
                quoted.append('\\').append((char) octet);
            } else if (octet >= ' ' && octet < 0x7F) {
                quoted.append((char) octet);
            } else {
                // Always three digits, so that a digit after them is not part of the escape.
                quoted.append('\\').append((char) ('0' + (octet >> 6))).append((char) ('0' + (octet >> 3 & 7)))
                        .append((char) ('0' + (octet & 7)));
            }
        }
        return quoted.append('"').toString();
    }
}
