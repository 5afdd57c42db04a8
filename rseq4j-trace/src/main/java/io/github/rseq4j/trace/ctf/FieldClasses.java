package io.github.rseq4j.trace.ctf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the field classes of CTF 2 (CTF2-SPEC-2.0, section 5.3) as JSON. Numbers are little endian. The bits of a
 * number whose alignment is 1 follow those of the field before it, lowest bit first.
 */
final class FieldClasses {
    /** The scopes in which a field can be found (CTF2-SPEC-2.0, section 5.3.2). */
    enum Origin {
        EVENT_HEADER("event-record-header"),
        PAYLOAD("event-record-payload");

        private final String spelling;

        Origin(String spelling) {
            this.spelling = spelling;
        }
    }

    private FieldClasses() {}

    /** Makes an object of names and values, in their order; a number becomes a Long. */
    static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            Object value = namesAndValues[i + 1];
            object.put((String) namesAndValues[i], value instanceof Integer number ? (Long) number.longValue() : value);
        }
        return object;
    }

    private static Map<String, Object> number(String type, int bits, int alignment) {
        return object("type", type, "length", bits, "byte-order", "little-endian", "alignment", alignment);
    }

    /**
     * Makes an unsigned integer.
     *
     * @param bits its size in bits
     * @param alignment its alignment in bits
     * @param roles the meanings of its value, for readers
     */
    static Map<String, Object> unsigned(int bits, int alignment, String... roles) {
        Map<String, Object> number = number("fixed-length-unsigned-integer", bits, alignment);
        if (roles.length > 0) {
            number.put("roles", List.of((Object[]) roles));
        }
        return number;
    }

    /** Makes a signed integer of a size and an alignment in bits. */
    static Map<String, Object> signed(int bits, int alignment) {
        return number("fixed-length-signed-integer", bits, alignment);
    }

    /** Makes a floating point number of a size in bits. */
    static Map<String, Object> floatingPoint(int bits) {
        return number("fixed-length-floating-point-number", bits, Byte.SIZE);
    }

    /** Makes a boolean of a byte. */
    static Map<String, Object> bool() {
        return number("fixed-length-boolean", Byte.SIZE, Byte.SIZE);
    }

    /** Makes bytes of a constant length that have a role. */
    static Map<String, Object> blob(int bytes, String role) {
        return object("type", "static-length-blob", "length", bytes, "roles", List.<Object>of(role));
    }

    /**
     * Makes a text in UTF-8, or bytes, whose number of bytes is another field of the payload.
     *
     * @param isText whether it is a text
     * @param lengthField the name of that field
     */
    static Map<String, Object> varying(boolean isText, String lengthField) {
        return object("type", isText ? "dynamic-length-string" : "dynamic-length-blob",
                "length-field-location", location(Origin.PAYLOAD, lengthField));
    }

    private static Map<String, Object> location(Origin origin, String... path) {
        return object("origin", origin.spelling, "path", List.of((Object[]) path));
    }

    /** Makes a structure of members, each by {@link #member}, with an alignment in bits. */
    static Map<String, Object> structure(int alignment, Object... members) {
        Map<String, Object> structure = object("type", "structure", "member-classes", List.of(members));
        if (alignment > 1) {
            structure.put("minimum-alignment", (long) alignment);
        }
        return structure;
    }

    /** Makes a member of a structure; the class of a field is an object, or the name of an alias. */
    static Map<String, Object> member(String name, Object fieldClass) {
        return object("name", name, "field-class", fieldClass);
    }

    /** Makes an integer with names for its values: an unsigned or signed one, with those names. */
    static Map<String, Object> named(Map<String, Object> integer, Map<String, Object> mappings) {
        Map<String, Object> named = new LinkedHashMap<>(integer);
        named.put("mappings", mappings);
        return named;
    }

    /** Makes the set of the values from one to another one. */
    static List<Object> range(long from, long to) {
        return List.of(List.<Object>of(from, to));
    }

    /**
     * Makes a field that has one of several classes, as another field selects.
     *
     * @param origin the scope of the selecting field
     * @param selector the name of the selecting field
     * @param options the classes, each by {@link #option}
     */
    static Map<String, Object> variant(Origin origin, String selector, Object... options) {
        return object("type", "variant", "selector-field-location", location(origin, selector),
                "options", List.of(options));
    }

    /** Makes an option of a variant, which the values of a range select. */
    static Map<String, Object> option(String name, long from, long to, Map<String, Object> fieldClass) {
        return object("name", name, "selector-field-ranges", range(from, to), "field-class", fieldClass);
    }
}
