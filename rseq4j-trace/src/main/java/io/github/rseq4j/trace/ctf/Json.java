package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.ctf.MetadataTokens.Unexpected;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Parses one JSON text (RFC 8259). A character of the input is a byte of the file, so positions are offsets in the
 * file. The values are Map, List, String, Long, Double, Boolean and {@link Literal#NULL}. The names of an object are
 * unique and in their order. Anything else is refused with its offset.
 */
final class Json {
    /** The deepest nesting of objects and arrays. */
    static final int MAX_DEPTH = 32;
    /** The longest number, in characters. */
    private static final int MAX_NUMBER_CHARS = 64;
    private static final char REPLACEMENT = '?';
    private static final String DIGITS = "0123456789";

    private final String text;
    private final int end;
    private int next;
    private long values;

    /** The value that is no other value. */
    enum Literal {
        NULL
    }

    private Json(String text, int start, int end, long values) {
        this.text = text;
        this.next = start;
        this.end = end;
        this.values = values;
    }

    /**
     * Parses a text.
     *
     * @param text the file, each byte a character
     * @param start the offset of the text
     * @param end the offset after the text
     * @param values the most values that the text may have
     * @throws Unexpected if it is not one JSON text, is nested too deeply, or has too many values
     */
    static Object parse(String text, int start, int end, long values) throws Unexpected {
        Json json = new Json(text, start, end, values);
        Object value = json.value(0);
        json.skipBlanks();
        if (json.next < end) {
            throw json.unexpected("the end of the JSON text");
        }
        return value;
    }

    private Unexpected unexpected(String expected) {
        if (next >= end) {
            return new Unexpected(Math.min(next, end), "expected " + expected + ", found the end of the JSON text");
        }
        char c = text.charAt(next);
        return new Unexpected(next, "expected " + expected + ", found "
                + (c > ' ' && c < 0x7F ? String.valueOf(c) : "byte " + (int) c));
    }

    private void skipBlanks() {
        while (next < end && " \t\r\n".indexOf(text.charAt(next)) >= 0) {
            next++;
        }
    }

    private boolean accept(char wanted) {
        skipBlanks();
        if (next >= end || text.charAt(next) != wanted) {
            return false;
        }
        next++;
        return true;
    }

    private void expect(char wanted) throws Unexpected {
        if (!accept(wanted)) {
            throw unexpected(String.valueOf(wanted));
        }
    }

    private Object value(int depth) throws Unexpected {
        skipBlanks();
        if (next >= end) {
            throw unexpected("a value");
        }
        if (--values < 0) {
            throw new Unexpected(next, "too many values; a larger heap (-Xmx) has room for more");
        }
        char first = text.charAt(next);
        if ((first == '{' || first == '[') && depth >= MAX_DEPTH) {
            throw new Unexpected(next, "expected at most " + MAX_DEPTH + " levels of objects and arrays");
        }
        return switch (first) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", Literal.NULL);
            default -> number();
        };
    }

    private Object word(String word, Object value) throws Unexpected {
        if (next + word.length() > end || !text.startsWith(word, next)) {
            throw unexpected("a value");
        }
        next += word.length();
        return value;
    }

    private Map<String, Object> object(int depth) throws Unexpected {
        Map<String, Object> object = new LinkedHashMap<>();
        expect('{');
        if (accept('}')) {
            return object;
        }
        do {
            skipBlanks();
            int start = next;
            String name = string();
            expect(':');
            if (object.put(name, value(depth + 1)) != null) {
                throw new Unexpected(start, "expected another name than the one that is there");
            }
        } while (accept(','));
        expect('}');
        return object;
    }

    private List<Object> array(int depth) throws Unexpected {
        List<Object> array = new ArrayList<>();
        expect('[');
        if (accept(']')) {
            return array;
        }
        do {
            array.add(value(depth + 1));
        } while (accept(','));
        expect(']');
        return array;
    }

    private Object number() throws Unexpected {
        int start = next;
        boolean isNegative = accept('-');
        boolean isZero = next < end && text.charAt(next) == '0';
        if (digits() > 1 && isZero) {
            throw new Unexpected(start, "expected a number without a leading zero");
        }
        boolean isWhole = true;
        if (next < end && text.charAt(next) == '.') {
            isWhole = false;
            next++;
            digits();
        }
        if (next < end && (text.charAt(next) | ' ') == 'e') {
            isWhole = false;
            next++;
            if (next < end && (text.charAt(next) == '+' || text.charAt(next) == '-')) {
                next++;
            }
            digits();
        }
        if (next - start > MAX_NUMBER_CHARS) {
            throw new Unexpected(start, "expected a number of at most " + MAX_NUMBER_CHARS + " characters");
        }
        String number = text.substring(start, next);
        try {
            return isWhole && !(isNegative && isZero) ? (Object) Long.valueOf(number) : (Object) Double.valueOf(number);
        } catch (NumberFormatException _) {
            return Double.valueOf(number);
        }
    }

    /** Consumes digits, one at least; returns their number. */
    private int digits() throws Unexpected {
        int start = next;
        while (next < end && DIGITS.indexOf(text.charAt(next)) >= 0) {
            next++;
        }
        if (next == start) {
            throw unexpected("a value");
        }
        return next - start;
    }

    private String string() throws Unexpected {
        if (next >= end || text.charAt(next) != '"') {
            throw unexpected("a text in quotation marks");
        }
        int start = next++;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (next < end && text.charAt(next) != '"') {
            char c = text.charAt(next);
            if (c < ' ') {
                throw unexpected("an escape of a control character");
            }
            if (bytes.size() > MetadataTokens.MAX_TOKEN_BYTES) {
                throw new Unexpected(start, "expected a text of at most " + MetadataTokens.MAX_TOKEN_BYTES + " bytes");
            }
            next++;
            if (c == '\\') {
                bytes.writeBytes(new String(Character.toChars(escaped())).getBytes(StandardCharsets.UTF_8));
            } else {
                bytes.write(c);
            }
        }
        if (next >= end) {
            throw unexpected("a quotation mark");
        }
        next++;
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString();
        } catch (CharacterCodingException _) {
            throw new Unexpected(start, "expected a text in UTF-8");
        }
    }

    /** Returns the code point of an escape, after its backslash. */
    private int escaped() throws Unexpected {
        int found = next < end ? "\"\\/bfnrtu".indexOf(text.charAt(next)) : -1;
        if (found < 0) {
            throw unexpected("an escape");
        }
        next++;
        if (found < 8) {
            return "\"\\/\b\f\n\r\t".charAt(found);
        }
        char unit = hexadecimal();
        if (!Character.isSurrogate(unit)) {
            return unit;
        }
        if (Character.isHighSurrogate(unit) && next + 1 < end && text.startsWith("\\u", next)) {
            next += 2;
            char low = hexadecimal();
            if (Character.isLowSurrogate(low)) {
                return Character.toCodePoint(unit, low);
            }
        }
        throw new Unexpected(next, "expected two surrogates");
    }

    private char hexadecimal() throws Unexpected {
        int unit = 0;
        for (int i = 0; i < 4; i++, next++) {
            int digit = next < end ? Character.digit(text.charAt(next), 16) : -1;
            if (digit < 0) {
                throw unexpected("four hexadecimal digits");
            }
            unit = unit << 4 | digit;
        }
        return (char) unit;
    }

    /**
     * Appends a value as JSON in one line. Only quotes, backslashes and control characters are escapes:
     * Babeltrace 2.1 knows no escapes of surrogates.
     * A surrogate without its other half becomes a question mark.
     *
     * @param value a value of the types that {@link #parse} returns
     * @param out the target
     */
    static void write(Object value, StringBuilder out) {
        switch (value) {
            case Map<?, ?> map -> {
                String separator = "{";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.append(separator);
                    quote((String) entry.getKey(), out);
                    write(entry.getValue(), out.append(':'));
                    separator = ",";
                }
                out.append(map.isEmpty() ? "{}" : "}");
            }
            case List<?> list -> {
                out.append('[');
                for (int i = 0; i < list.size(); i++) {
                    write(list.get(i), i == 0 ? out : out.append(','));
                }
                out.append(']');
            }
            case String string -> quote(string, out);
            case Literal _ -> out.append("null");
            default -> out.append(value);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean isPair = Character.isHighSurrogate(c) && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (isPair) {
                out.append(c).append(text.charAt(++i));
            } else if (Character.isSurrogate(c)) {
                out.append(REPLACEMENT);
            } else if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c >= ' ' && c != 0x7F) {
                out.append(c);
            } else {
                out.append("\\u00").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 0xF, 16));
            }
        }
        out.append('"');
    }
}
