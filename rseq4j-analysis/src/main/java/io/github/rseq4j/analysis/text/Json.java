package io.github.rseq4j.analysis.text;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON piece by piece, so that the memory it takes does not follow the length of what is written. Characters
 * that {@link Printable} hides are escaped; a half of a surrogate pair is a replacement character. One thread.
 */
public final class Json {
    /* How it works
     *
     * A level of the document has an element already or not: that decides about the comma. Runs of characters that need
     * no escape go to the target whole. The pretty form is Jackson's: each entry of an object has a line, indented by
     * the objects around it; the elements of an array share one.
     */
    private static final String INDENT = "  ";
    private static final int REPLACEMENT = 0xFFFD;

    private final Appendable to;
    private final boolean isPretty;
    private final boolean isInPage;
    private boolean[] hasElements = new boolean[16];
    private int depth;
    private int objects;
    private boolean isNamed;

    private Json(Appendable to, boolean isPretty, boolean isInPage) {
        this.to = to;
        this.isPretty = isPretty;
        this.isInPage = isInPage;
    }

    /**
     * Writes without blanks.
     *
     * @param to where to
     * @return what writes
     */
    public static Json compact(Appendable to) {
        return new Json(to, false, false);
    }

    /**
     * Writes a line for each entry of an object.
     *
     * @param to where to
     * @return what writes
     */
    public static Json pretty(Appendable to) {
        return new Json(to, true, false);
    }

    /**
     * Writes into a script of an HTML page: a less-than sign, which may begin the end of the script, is escaped.
     *
     * @param to where to
     * @return what writes
     */
    public static Json inPage(Appendable to) {
        return new Json(to, false, true);
    }

    /**
     * Begins an object.
     *
     * @throws IOException when it cannot be written
     */
    public void beginObject() throws IOException {
        begin('{');
        objects++;
    }

    /**
     * Ends an object.
     *
     * @throws IOException when it cannot be written
     */
    public void endObject() throws IOException {
        objects--;
        boolean isEmpty = !hasElements[depth];
        depth--;
        if (isPretty) {
            to.append(isEmpty ? " " : "\n" + INDENT.repeat(objects));
        }
        to.append('}');
    }

    /**
     * Begins an array.
     *
     * @throws IOException when it cannot be written
     */
    public void beginArray() throws IOException {
        begin('[');
    }

    /**
     * Ends an array.
     *
     * @throws IOException when it cannot be written
     */
    public void endArray() throws IOException {
        depth--;
        to.append(isPretty ? " ]" : "]");
    }

    private void begin(char bracket) throws IOException {
        separate();
        to.append(bracket);
        depth++;
        if (depth == hasElements.length) {
            hasElements = Arrays.copyOf(hasElements, 2 * depth);
        }
        hasElements[depth] = false;
    }

    /** Writes what stands between an element of an array, or a value, and what is before it. */
    private void separate() throws IOException {
        if (isNamed) {
            isNamed = false;
        } else if (depth > 0) {
            to.append(hasElements[depth] ? "," : "").append(isPretty ? " " : "");
            hasElements[depth] = true;
        }
    }

    /**
     * Writes the name of the next value.
     *
     * @param name the name
     * @throws IOException when it cannot be written
     */
    public void name(String name) throws IOException {
        to.append(hasElements[depth] ? "," : "").append(isPretty ? "\n" + INDENT.repeat(objects) : "");
        hasElements[depth] = true;
        text(name);
        to.append(isPretty ? " : " : ":");
        isNamed = true;
    }

    /**
     * Writes a named value.
     *
     * @param name the name
     * @param value the value, as for {@link #value}
     * @throws IOException when it cannot be written
     */
    public void entry(String name, @Nullable Object value) throws IOException {
        name(name);
        value(value);
    }

    /**
     * Writes a value.
     *
     * @param value null, a boolean, a number, a map, a list; all else as text. A double that is no number is a text too
     * @throws IOException when it cannot be written
     */
    public void value(@Nullable Object value) throws IOException {
        switch (value) {
            case Map<?, ?> map -> {
                beginObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    entry(String.valueOf(entry.getKey()), entry.getValue());
                }
                endObject();
            }
            case Iterable<?> list -> {
                beginArray();
                for (Object element : list) {
                    value(element);
                }
                endArray();
            }
            case null, default -> {
                separate();
                scalar(value);
            }
        }
    }

    private void scalar(@Nullable Object value) throws IOException {
        boolean isText = switch (value) {
            case null -> false;
            case Boolean _ -> false;
            case Double number -> !Double.isFinite(number);
            case Float number -> !Float.isFinite(number);
            case Number _ -> false;
            default -> true;
        };
        if (isText) {
            text(String.valueOf(value));
        } else {
            to.append(String.valueOf(value));
        }
    }

    /**
     * Ends a line between two elements, so that a long array can be read by people.
     *
     * @throws IOException when it cannot be written
     */
    public void line() throws IOException {
        to.append('\n');
    }

    private void text(String text) throws IOException {
        to.append('"');
        int written = 0;
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            if (c < 0x80 ? isEscaped(c) : Printable.isHidden(c)) {
                to.append(text, written, at);
                escape(c);
                written = at + Character.charCount(c);
            }
            at += Character.charCount(c);
        }
        to.append(text, written, text.length()).append('"');
    }

    private boolean isEscaped(int c) {
        return c < ' ' || c == '"' || c == '\\' || c == 0x7F || isInPage && c == '<';
    }

    private void escape(int c) throws IOException {
        switch (c) {
            case '"' -> to.append("\\\"");
            case '\\' -> to.append("\\\\");
            case '\n' -> to.append("\\n");
            case '\r' -> to.append("\\r");
            case '\t' -> to.append("\\t");
            case '\b' -> to.append("\\b");
            case '\f' -> to.append("\\f");
            default -> {
                int shown = Character.getType(c) == Character.SURROGATE ? REPLACEMENT : c;
                for (char unit : Character.toChars(shown)) {
                    to.append("\\u").append(HexFormat.of().toHexDigits(unit));
                }
            }
        }
    }
}
