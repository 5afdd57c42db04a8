package io.github.rseq4j.analysis.text;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.SerializableString;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.io.CharacterEscapes;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes JSON piece by piece, so that the memory it takes does not follow the length of what is written. Characters
 * that {@link Printable} hides are escaped; a half of a surrogate pair is a replacement character. One thread. What was
 * written is at the target when the outermost object, array or value ends, and then nothing more can be written.
 */
public final class Json {
    /* How it works
     *
     * Jackson writes, and escapes what is below 128. Its escapes see the halves of a surrogate pair one by one, so
     * EscapingWriter, between Jackson and the target, escapes the other hidden characters: they stand in texts alone.
     */
    private static final ObjectWriter FILE = mapper(false).writer();
    private static final ObjectWriter PRETTY = mapper(false).writerWithDefaultPrettyPrinter();
    private static final ObjectWriter PAGE = mapper(true).writer();

    private final JsonGenerator to;

    private Json(ObjectWriter form, Appendable to) {
        this.to = form.createGenerator(new EscapingWriter(to));
    }

    private static JsonMapper mapper(boolean isInPage) {
        return JsonMapper.builder(JsonFactory.builder().characterEscapes(new Escapes(isInPage)).build())
                .disable(StreamWriteFeature.AUTO_CLOSE_TARGET, StreamWriteFeature.FLUSH_PASSED_TO_STREAM).build();
    }

    /** The escapes of what is below 128. */
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

    /** A call of the generator. */
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
     * Writes without blanks.
     *
     * @param to where to
     * @return what writes
     */
    public static Json compact(Appendable to) {
        return new Json(FILE, to);
    }

    /**
     * Writes a line for each entry of an object.
     *
     * @param to where to
     * @return what writes
     */
    public static Json pretty(Appendable to) {
        return new Json(PRETTY, to);
    }

    /**
     * Writes into a script of an HTML page: a less-than sign, which may begin the end of the script, is escaped.
     *
     * @param to where to
     * @return what writes
     */
    public static Json inPage(Appendable to) {
        return new Json(PAGE, to);
    }

    /**
     * Begins an object.
     *
     * @throws IOException when it cannot be written
     */
    public void beginObject() throws IOException {
        call(to::writeStartObject);
    }

    /**
     * Ends an object.
     *
     * @throws IOException when it cannot be written
     */
    public void endObject() throws IOException {
        call(to::writeEndObject);
    }

    /**
     * Begins an array.
     *
     * @throws IOException when it cannot be written
     */
    public void beginArray() throws IOException {
        call(to::writeStartArray);
    }

    /**
     * Ends an array.
     *
     * @throws IOException when it cannot be written
     */
    public void endArray() throws IOException {
        call(to::writeEndArray);
    }

    /**
     * Writes the name of the next value.
     *
     * @param name the name
     * @throws IOException when it cannot be written
     */
    public void name(String name) throws IOException {
        call(() -> to.writeName(name));
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
     * Ends a line between two elements, so that a long array can be read by people.
     *
     * @throws IOException when it cannot be written
     */
    public void line() throws IOException {
        call(() -> to.writeRaw('\n'));
    }
}
