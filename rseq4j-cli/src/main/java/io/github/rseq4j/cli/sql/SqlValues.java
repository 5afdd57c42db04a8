package io.github.rseq4j.cli.sql;

import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.Truncated;
import java.sql.SQLException;
import java.time.Instant;
import org.duckdb.DuckDBAppender;
import org.jspecify.annotations.Nullable;

/** Appends values of traces to tables. */
final class SqlValues {
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /** The first second after the range of a TIMESTAMP_NS, and the first one before it. */
    private static final long MAX_SECONDS = Long.MAX_VALUE / NANOS_PER_SECOND;

    private SqlValues() {}

    /** Returns the time of a cycle in nanoseconds since the epoch, or null if they do not fit into 64 bits. */
    static @Nullable Long nanos(TraceClock clock, long cycles) {
        return nanos(clock.instant(cycles));
    }

    /** Returns a time in nanoseconds since the epoch, or null if they do not fit into 64 bits. */
    static @Nullable Long nanos(Instant instant) {
        return Math.abs(instant.getEpochSecond()) >= MAX_SECONDS ? null
                : (Long) (instant.getEpochSecond() * NANOS_PER_SECOND + instant.getNano());
    }

    /** Appends a time. */
    static void time(DuckDBAppender to, @Nullable Long nanos) throws SQLException {
        if (nanos == null) {
            to.appendNull();
        } else {
            to.appendEpochNanos(nanos);
        }
    }

    /** Appends the number of an event, or null for 0. */
    static void number(DuckDBAppender to, long number) throws SQLException {
        if (number == 0) {
            to.appendNull();
        } else {
            to.append(number);
        }
    }

    /**
     * Appends the value of a field.
     *
     * @param to the appender
     * @param type the type of the field
     * @param value the value, as in {@link io.github.rseq4j.trace.ctf.TraceEvent#values}
     * @return about how many bytes a text or an array has
     */
    static long field(DuckDBAppender to, FieldType type, @Nullable Object value) throws SQLException {
        switch (value) {
            case null -> to.appendNull();
            case Boolean truth -> to.append(truth.booleanValue());
            case Byte number -> to.append(number.byteValue());
            case Short number -> to.append(number.shortValue());
            // The column is unsigned and has two bytes.
            case Character unit -> to.append((short) unit.charValue());
            case Integer ordinal when type instanceof FieldType.Enumeration -> to.append(ordinal.toString());
            case Integer number -> to.append(number.intValue());
            case Long number -> to.append(number.longValue());
            case Float number -> to.append(number.floatValue());
            case Double number -> to.append(number.doubleValue());
            case Truncated cut when type == FieldType.Basic.BYTES -> {
                to.append(cut.recorded());
                return cut.recorded().length;
            }
            case Truncated cut -> {
                to.append(cut.text());
                return cut.recorded().length;
            }
            case byte[] bytes -> {
                to.append(bytes);
                return bytes.length;
            }
            default -> {
                String text = value.toString();
                to.append(text);
                return text.length();
            }
        }
        return 0;
    }
}
