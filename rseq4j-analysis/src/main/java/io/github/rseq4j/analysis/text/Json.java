package io.github.rseq4j.analysis.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.SerializableString;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes one JSON value piece by piece, so that the memory it takes does not grow with the length of the text. It
 * escapes the characters that {@link Printable} hides, and replaces a single surrogate with U+FFFD.
 *
 * <p>The whole text has reached the target when the outermost object, array or value ends. Nothing can be written after
 * that. An instance is used by one thread at a time.
 */
public final class Json {
    /* How it works
     *
     * Jackson writes the text and escapes ASCII characters. Its escapes see the two surrogates of a character one by
     * one. So EscapingWriter, between Jackson and the target, escapes the other hidden characters: they occur only in
     * texts.
     */
    private static final ObjectWriter FILE = mapper(false).writer();
    private static final ObjectWriter PRETTY = mapper(false).writerWithDefaultPrettyPrinter();
    private static final ObjectWriter PAGE = mapper(true).writer();

    private static final JsonMapper EXACT = new JsonMapper();

    private final JsonGenerator to;

    private Json(ObjectWriter form, Appendable to) {
        this.to = form.createGenerator(new EscapingWriter(to));
    }

    private static JsonMapper mapper(boolean isInPage) {
        return JsonMapper.builder(JsonFactory.builder().characterEscapes(new Escapes(isInPage)).build())
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET, StreamWriteFeature.FLUSH_PASSED_TO_STREAM).build();
    }

    /** The escapes of ASCII characters. */
    private static final class Escapes extends CharacterEscapes {
        private static final long serialVersionUID = 1L;
        private final int[] ascii = standardAsciiEscapesForJSON();

        Escapes(boolean isInPage) {
            ascii[0x7F] = ESCAPE_STANDARD;
            if (isInPage) {
                ascii['<'] = ESCAPE_STANDARD;
            }
        }

        @Override
        public int[] getEscapeCodesForAscii() {
            return ascii.clone();
        }

        @Override
        public @Nullable SerializableString getEscapeSequence(int c) {
            return null;
        }
    }

    /** A call to the generator. */
    @FunctionalInterface
    private interface Call {
        void run() throws IOException;
    }

    private void call(Call call) throws IOException {
        try {
            call.run();
            if (to.streamWriteContext().inRoot() && to.streamWriteContext().hasCurrentIndex()) {
                to.close();
            }
        } catch (JacksonIOException e) {
            throw e.getCause();
        }
    }

    /**
     * Returns a writer of compact text.
     *
     * @param to the target
     */
    public static Json compact(Appendable to) {
        return new Json(FILE, to);
    }

    /**
     * Returns a value as compact text.
     *
     * @param value the value, as for {@link #value}
     */
    public static String text(@Nullable Object value) {
        StringBuilder text = new StringBuilder();
        try {
            compact(text).value(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    /**
     * Returns a writer of indented text, with one line for each entry of an object.
     *
     * @param to the target
     */
    public static Json pretty(Appendable to) {
        return new Json(PRETTY, to);
    }

    /**
     * Returns a writer of text inside a script of an HTML page. It escapes less-than signs, so that no text can end the
     * script.
     *
     * @param to the target
     */
    public static Json inPage(Appendable to) {
        return new Json(PAGE, to);
    }

    /**
     * Begins an object.
     *
     * @throws IOException if the target cannot be written
     */
    public void beginObject() throws IOException {
        call(to::writeStartObject);
    }

    /**
     * Ends an object.
     *
     * @throws IOException if the target cannot be written
     */
    public void endObject() throws IOException {
        call(to::writeEndObject);
    }

    /**
     * Begins an array.
     *
     * @throws IOException if the target cannot be written
     */
    public void beginArray() throws IOException {
        call(to::writeStartArray);
    }

    /**
     * Ends an array.
     *
     * @throws IOException if the target cannot be written
     */
    public void endArray() throws IOException {
        call(to::writeEndArray);
    }

    /**
     * Writes the name of the next value.
     *
     * @param name the name
     * @throws IOException if the target cannot be written
     */
    public void name(String name) throws IOException {
        call(() -> to.writeName(name));
    }

    /**
     * Writes a named value.
     *
     * @param name the name
     * @param value the value, as for {@link #value}
     * @throws IOException if the target cannot be written
     */
    public void entry(String name, @Nullable Object value) throws IOException {
        name(name);
        value(value);
    }

    /**
     * Writes a value.
     *
     * @param value null, a Boolean, a Number, a Map or an Iterable; any other object is written as its text, and so are
     *     infinities and NaN
     * @throws IOException if the target cannot be written
     */
    public void value(@Nullable Object value) throws IOException {
        call(() -> write(value));
    }

    private void write(@Nullable Object value) {
        switch (value) {
            case Map<?, ?> map -> {
                to.writeStartObject();
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    to.writeName(String.valueOf(entry.getKey()));
                    write(entry.getValue());
                }
                to.writeEndObject();
            }
            case Iterable<?> list -> {
                to.writeStartArray();
                for (Object element : list) {
                    write(element);
                }
                to.writeEndArray();
            }
            case null -> to.writeNull();
            case Boolean truth -> to.writeBoolean(truth);
            case Number number -> to.writePOJO(number);
            default -> to.writeString(String.valueOf(value));
        }
    }

    /**
     * Returns the value that a text of JSON stands for, with every digit of its numbers. A text that is no JSON, such
     * as NaN, stands for itself.
     *
     * @param text the text
     * @return null, a Boolean, a Number, a String, a Map or a List
     */
    public static @Nullable Object parsed(String text) {
        try (JsonParser from = EXACT.createParser(text)) {
            Object value = from.nextToken() == null ? text : read(from);
            return from.nextToken() == null ? value : text;
        } catch (JacksonException _) {
            return text;
        }
    }

    /** Reads the value that begins at the current token. */
    private static @Nullable Object read(JsonParser from) {
        return switch (from.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (from.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = from.currentName();
                    from.nextToken();
                    map.put(name, read(from));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (from.nextToken() != JsonToken.END_ARRAY) {
                    list.add(read(from));
                }
                yield list;
            }
            case VALUE_NUMBER_FLOAT, VALUE_NUMBER_INT -> {
                BigDecimal number = from.getDecimalValue();
                // A BigDecimal has no negative zero.
                yield number.signum() == 0 && from.getString().startsWith("-") ? (Object) (-0.0)
                        : from.currentToken() == JsonToken.VALUE_NUMBER_INT ? from.getBigIntegerValue() : number;
            }
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case null, default -> from.getString();
        };
    }

    /**
     * Writes a line feed between two elements, so that a long array can be read by people.
     *
     * @throws IOException if the target cannot be written
     */
    public void line() throws IOException {
        call(() -> to.writeRaw('\n'));
    }
}
