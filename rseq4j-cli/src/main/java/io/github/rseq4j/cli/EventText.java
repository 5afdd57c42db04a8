package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.Truncated;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Events as text and as objects of JSON. Nothing that a trace holds reaches a terminal as a control character. */
final class EventText {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private EventText() {}

    /** Returns a time with all its nanoseconds, so that times stand below each other. */
    static String time(Instant instant) {
        return TIME.format(instant);
    }

    /** Returns the line of an event. */
    static String line(TraceEvent event, TraceClock clock) {
        StringBuilder line = new StringBuilder(time(clock.instant(event.timestamp())));
        line.append(" cpu ").append(event.cpu()).append(" tid ").append(event.threadId()).append(' ')
                .append(event.type().name());
        for (int i = 0; i < event.values().size(); i++) {
            EventType.Field field = event.type().fields().get(i);
            line.append(' ').append(field.name()).append('=').append(value(field.type(), event.values().get(i)));
        }
        return line.toString();
    }

    private static String value(FieldType type, @Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case Truncated truncated -> (type == FieldType.Basic.BYTES ? HexFormat.of().formatHex(truncated.recorded())
                    : quoted(truncated.text(), '"')) + "(of " + truncated.lengthBytes() + " bytes)";
            case byte[] bytes -> HexFormat.of().formatHex(bytes);
            case Character c -> quoted(c.toString(), '\'');
            default -> type == FieldType.Basic.STRING ? quoted(value.toString(), '"') : printable(value.toString());
        };
    }

    /** Returns an event as an object of JSON. */
    static Map<String, @Nullable Object> object(TraceEvent event, TraceClock clock) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("time", time(clock.instant(event.timestamp())));
        object.put("cycles", event.timestamp());
        object.put("cpu", event.cpu());
        object.put("tid", event.threadId());
        object.put("event", event.type().name());
        object.put("fields", fields(event));
        Map<String, Object> truncated = new LinkedHashMap<>();
        for (int i = 0; i < event.values().size(); i++) {
            if (event.values().get(i) instanceof Truncated value) {
                truncated.put(event.type().fields().get(i).name(), value.lengthBytes());
            }
        }
        if (!truncated.isEmpty()) {
            object.put("truncated", truncated);
        }
        return object;
    }

    /** Returns the fields of an event as an object of JSON: bytes in base 16, characters as texts. */
    static Map<String, @Nullable Object> fields(TraceEvent event) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < event.values().size(); i++) {
            EventType.Field field = event.type().fields().get(i);
            @Nullable Object value = event.values().get(i);
            fields.put(field.name(), switch (value) {
                case null -> null;
                case Truncated truncated -> field.type() == FieldType.Basic.BYTES
                        ? HexFormat.of().formatHex(truncated.recorded()) : truncated.text();
                case byte[] bytes -> HexFormat.of().formatHex(bytes);
                case Character c -> c.toString();
                default -> value;
            });
        }
        return fields;
    }

    /** Returns a text without control characters and halves of surrogate pairs, which are escaped. */
    static String printable(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> append(out, c));
        return out.toString();
    }

    private static String quoted(String text, char mark) {
        StringBuilder out = new StringBuilder(text.length() + 2).append(mark);
        text.codePoints().forEach(c -> {
            if (c == mark || c == '\\') {
                out.append('\\');
            }
            append(out, c);
        });
        return out.append(mark).toString();
    }

    private static void append(StringBuilder out, int c) {
        switch (Character.getType(c)) {
            // FORMAT has the characters that turn the direction of a line.
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
                Character.PARAGRAPH_SEPARATOR -> {
                switch (c) {
                    case '\n' -> out.append("\\n");
                    case '\t' -> out.append("\\t");
                    case '\r' -> out.append("\\r");
                    default -> out.append(String.format(Locale.ROOT, c < 0x10000 ? "\\u%04x" : "\\u{%x}", c));
                }
            }
            default -> out.appendCodePoint(c);
        }
    }
}
