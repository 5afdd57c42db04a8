package io.github.rseq4j.agent.site;

import java.lang.reflect.Array;
import org.jspecify.annotations.Nullable;

/** Values of a call as fields of events. */
final class Values {
    /** The most characters of the text of a value. */
    static final int MAX_CHARS = 256;

    private Values() {}

    /** Returns a value as a field of a type: a primitive type or String. */
    static @Nullable Object field(@Nullable Object value, Class<?> type) {
        return type.isPrimitive() ? value : text(value);
    }

    /** Returns a field for a value that is not there. */
    static @Nullable Object none(Class<?> type) {
        return type.isPrimitive() ? Array.get(Array.newInstance(type, 1), 0) : null;
    }

    /** Returns the text of a value, with a bound; what its toString throws is part of the text. */
    static @Nullable String text(@Nullable Object value) {
        if (value == null) {
            return null;
        }
        String text;
        if (value instanceof String string) {
            text = string;
        } else if (value.getClass().isArray()) {
            text = value.getClass().getComponentType().getTypeName() + "[" + Array.getLength(value) + "]";
        } else {
            try {
                text = String.valueOf(value);
            } catch (Throwable t) {
                text = value.getClass().getName() + ": its toString threw " + t.getClass().getName();
            }
        }
        if (text == null || text.length() <= MAX_CHARS) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(MAX_CHARS - 1)) ? MAX_CHARS - 1 : MAX_CHARS;
        return text.substring(0, end) + "...";
    }
}
