package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.trace.ctf.CodeNames;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.Truncated;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Formats events as lines of text and as JSON objects. Control characters, and characters that change the direction of
 * a line, are escaped in names and values.
 *
 * <p>Immutable, so any thread may use it.
 *
 * @since 0.1.0
 */
public final class EventText {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final TraceClock clock;
    private final TraceThreads threads;
    private final CodeNames names;

    /**
     * Creates a formatter for the events of a trace.
     *
     * @param trace the trace, whose clock and thread names the formatter uses; it may be closed afterwards
     */
    public EventText(Trace trace) {
        this.clock = trace.clock();
        this.threads = trace.threads();
        this.names = trace.codeNames();
    }

    /**
     * Writes an event as a line of text, without a line separator: time, CPU index, thread number, name, fields, and
     * the thread's name if it is known.
     *
     * @param event the event
     * @param to the target
     * @throws IOException if the target cannot be written
     */
    public void line(TraceEvent event, Appendable to) throws IOException {
        try {
            line(event, Integer.MAX_VALUE, piece -> {
                try {
                    to.append(piece);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw Objects.requireNonNull(e.getCause());
        }
    }

    /**
     * Writes an event as a compact JSON object, without a line separator.
     *
     * @param event the event
     * @param to the target
     * @throws IOException if the target cannot be written
     */
    public void json(TraceEvent event, Appendable to) throws IOException {
        Json.compact(to).value(object(event));
    }

    /**
     * Formats a time in UTC with nine decimals, so that all times have the same width.
     *
     * @param instant the time
     * @return the text, such as {@code 2026-11-24T12:00:00.500000000Z}
     */
    public static String time(Instant instant) {
        return TIME.format(instant);
    }

    /**
     * Writes an event as a line of text, without a line separator.
     *
     * @param event the event
     * @param maxChars the most characters of a value; a longer one is cut and marked
     * @param to receives the line piece by piece
     */
    void line(TraceEvent event, int maxChars, Consumer<CharSequence> to) {
        to.accept(time(clock.instant(event.timestamp())));
        to.accept(" cpu " + event.cpu() + " tid " + event.threadId() + ' ' + event.type().name());
        for (int i = 0; i < event.values().size(); i++) {
            EventType.Field field = event.type().fields().get(i);
            to.accept(' ' + field.name() + '=');
            value(field.type(), event.values().get(i), maxChars, to);
        }
        if (CpuSamples.isSample(event) && event.values().getFirst() instanceof Long address) {
            String function = names.name(address);
            to.accept(function == null ? "" : " in" + Printable.quoted(Printable.cut(function, maxChars)));
        }
        // The name comes last, so that the other columns do not move.
        String label = threads.label(event);
        to.accept(label.isEmpty() ? "" : " " + label);
    }

    /** Formats a value, of which at most some characters are kept. */
    static void value(FieldType type, @Nullable Object value, int maxChars, Consumer<CharSequence> to) {
        switch (value) {
            case null -> to.accept(type instanceof FieldType.Enumeration constants ? constants.nullLabel() : "null");
            case Truncated truncated -> {
                if (type == FieldType.Basic.BYTES) {
                    to.accept(hex(truncated.recorded(), maxChars));
                } else {
                    quoted(truncated.text(), '"', maxChars, to);
                }
                to.accept("(of " + truncated.lengthBytes() + " bytes)");
            }
            case byte[] bytes -> to.accept(hex(bytes, maxChars));
            case Character c -> quoted(c.toString(), '\'', maxChars, to);
            case String text when type == FieldType.Basic.STRING -> quoted(text, '"', maxChars, to);
            default -> Printable.append(Printable.cut(value.toString(), maxChars), '\0', to);
        }
    }

    private static String hex(byte[] bytes, int maxChars) {
        return bytes.length <= maxChars / 2 ? HexFormat.of().formatHex(bytes)
                : HexFormat.of().formatHex(bytes, 0, maxChars / 2) + "... (" + bytes.length + " bytes)";
    }

    private static void quoted(String text, char mark, int maxChars, Consumer<CharSequence> to) {
        to.accept(String.valueOf(mark));
        Printable.append(Printable.cut(text, maxChars), mark, to);
        to.accept(String.valueOf(mark));
    }

    /** Returns the entries of an event's JSON object. */
    private Map<String, @Nullable Object> object(TraceEvent event) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("time", time(clock.instant(event.timestamp())));
        object.put("cycles", event.timestamp());
        object.put("cpu", event.cpu());
        object.put("tid", event.threadId());
        TraceThread thread = threads.of(event.threadId(), event.timestamp());
        if (thread != null) {
            thread(thread, "threadName", object);
        }
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

    /** Adds a thread's name, kernel number and kind to a JSON object. */
    static void thread(TraceThread thread, String nameKey, Map<String, ? super Object> object) {
        object.put(nameKey, thread.name());
        if (thread.kernelTid() != TraceThread.NONE) {
            object.put("kernelTid", thread.kernelTid());
        }
        object.put("virtual", thread.isVirtual());
    }

    /** Returns the entries of the JSON object of an event's fields: byte arrays in base 16, characters as text. */
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
}
