package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The declaration of an event: its name, number, level and fields. Immutable.
 *
 * @param name the name: {@code provider:event}
 * @param id the number of the event in the trace, 0 to {@link #MAX_ID}
 * @param level the importance: LTTng's log levels, 0 (emergency) to 14 (debug)
 * @param fields the fields, in the order of the record
 * @since 0.1.0
 */
public record EventType(String name, int id, int level, List<Field> fields) {
    /** The highest number of an event. */
    public static final int MAX_ID = PacketLayout.MAX_ID;
    /** The highest level, which is the least important one. */
    public static final int MAX_LEVEL = 14;
    /** The most fields of an event. */
    public static final int MAX_FIELDS = 255;

    private static final Pattern NAME =
            Pattern.compile("[A-Za-z_][A-Za-z0-9_.$-]{0,127}:[A-Za-z_][A-Za-z0-9_.$-]{0,127}");
    // A name does not start with an underscore, because the names of lengths in the metadata do.
    private static final Pattern FIELD_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,127}");

    /**
     * A field of an event.
     *
     * @param name the name: up to 128 letters, digits and underscores, of which the first is a letter
     * @param type the type of the values
     * @since 0.1.0
     */
    public record Field(String name, FieldType type) {
        /**
         * Checks the name.
         *
         * @throws IllegalArgumentException if the name is malformed
         */
        public Field {
            if (!FIELD_NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("field=" + name
                        + ": must be 1 to 128 letters, digits and underscores, a letter first");
            }
        }
    }

    /**
     * Checks the components.
     *
     * @throws IllegalArgumentException if the name is malformed, a number is out of range, or two fields have the same
     *     name
     */
    public EventType {
        fields = List.copyOf(fields);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("event=" + name + ": must be provider:event, each of 1 to 128 letters,"
                    + " digits and any of _.$-, a letter or _ first");
        }
        check("id", id, MAX_ID);
        check("level", level, MAX_LEVEL);
        check("fields", fields.size(), MAX_FIELDS);
        Set<String> names = new HashSet<>();
        for (Field field : fields) {
            if (!names.add(field.name())) {
                throw new IllegalArgumentException("field=" + field.name() + ": is there twice in event=" + name);
            }
        }
    }

    private static void check(String what, int value, int max) {
        if (value < 0 || value > max) {
            throw new IllegalArgumentException(what + "=" + value + ": must be 0 to " + max);
        }
    }

    /** {@return the name of the provider: the part of the name before the colon} */
    public String provider() {
        return name.substring(0, name.indexOf(':'));
    }

    /**
     * Returns the declaration of the event in CTF 1.8, which may be appended to the metadata of its trace.
     *
     * @return text in the Trace Stream Description Language
     */
    public String metadata() {
        return metadata(TraceFormat.CTF_1_8);
    }

    /**
     * Returns the declaration of the event, which may be appended to the metadata of its trace.
     *
     * @param format the format of the trace
     * @return text in that format, as {@link TraceDescription#metadata(TraceFormat)} has it
     */
    public String metadata(TraceFormat format) {
        return switch (format) {
            case CTF_1_8 -> MetadataText.of(this);
            case CTF_2 -> Ctf2Text.of(this);
        };
    }

    /** {@return the smallest size of a record, in bytes, with a compact header} */
    public int minimumBytes() {
        int bytes = PacketLayout.RECORD_FIELDS;
        for (Field field : fields) {
            bytes += field.type().minimumBytes();
        }
        return bytes;
    }
}
