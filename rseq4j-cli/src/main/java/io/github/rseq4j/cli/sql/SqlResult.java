package io.github.rseq4j.cli.sql;

import io.github.rseq4j.analysis.text.Json;
import java.sql.Array;
import java.sql.Blob;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.duckdb.DuckDBStruct;
import org.duckdb.JsonNode;
import org.jspecify.annotations.Nullable;

/** The rows of a query, one by one, as values that each format can print: null, Boolean, Number, String, List, Map. */
final class SqlResult {
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);
    private static final int NANOS_PER_MICRO = 1000;
    /** The length of a point and six digits. */
    private static final int MICRO_CHARS = 7;
    private static final int BLOB_LIMIT = Integer.MAX_VALUE - 8;

    private final ResultSet rows;
    private final BooleanSupplier isCancelled;
    private final List<String> names;
    private final List<String> types = new ArrayList<>();

    SqlResult(ResultSet rows, BooleanSupplier isCancelled) throws SQLException {
        this.rows = rows;
        this.isCancelled = isCancelled;
        ResultSetMetaData about = rows.getMetaData();
        List<String> labels = new ArrayList<>();
        for (int i = 1; i <= about.getColumnCount(); i++) {
            labels.add(about.getColumnLabel(i));
            types.add(about.getColumnTypeName(i));
        }
        this.names = SqlNames.distinct(labels);
    }

    /** Returns the names of the columns; they differ, so that each can be the key of an object. */
    List<String> names() {
        return names;
    }

    /** Tells whether the values of a column, counted from 0, are numbers. */
    boolean isNumber(int column) {
        String type = types.get(column);
        return type.endsWith("INT") || type.endsWith("INTEGER") || type.startsWith("DECIMAL") || type.equals("FLOAT")
                || type.equals("DOUBLE") || type.equals("BIGNUM");
    }

    /** Returns the values of the next row, or null after the last one. */
    @Nullable List<@Nullable Object> next() throws SQLException {
        if (isCancelled.getAsBoolean()) {
            throw new SQLException("cancelled");
        }
        if (!rows.next()) {
            return null;
        }
        List<@Nullable Object> row = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            row.add(value(rows.getObject(i + 1), types.get(i)));
        }
        return row;
    }

    private static @Nullable Object value(@Nullable Object value, String type) throws SQLException {
        return switch (value) {
            case null -> null;
            case Boolean truth -> truth;
            case Number number -> number;
            case String text -> text;
            case JsonNode json -> Json.parsed(json.toString());
            case Blob blob -> HexFormat.of().formatHex(blob.getBytes(1, (int) Math.min(blob.length(), BLOB_LIMIT)));
            case Timestamp time -> time(time.toLocalDateTime(), type.equals("TIMESTAMP_NS"));
            case OffsetDateTime time -> time(time.withOffsetSameInstant(ZoneOffset.UTC).toLocalDateTime(), false) + "Z";
            case Array array -> list(Arrays.asList((Object[]) array.getArray()));
            case DuckDBStruct struct -> map(struct.getMap());
            case Map<?, ?> map -> map(map);
            case List<?> list -> list(list);
            default -> value.toString();
        };
    }

    private static List<@Nullable Object> list(List<?> elements) throws SQLException {
        List<@Nullable Object> list = new ArrayList<>();
        for (Object each : elements) {
            list.add(value(each, ""));
        }
        return list;
    }

    private static Map<String, @Nullable Object> map(Map<?, ?> entries) throws SQLException {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (Map.Entry<?, ?> each : entries.entrySet()) {
            map.put(String.valueOf(value(each.getKey(), "")), value(each.getValue(), ""));
        }
        return map;
    }

    /** Returns a time as SQL writes it, with the digits that it needs, or with all nine. */
    private static String time(LocalDateTime time, boolean isNanos) {
        int nano = time.get(ChronoField.NANO_OF_SECOND);
        String fraction = String.format(Locale.ROOT, ".%09d", nano);
        if (!isNanos) {
            fraction = nano == 0 ? "" : nano % NANOS_PER_MICRO == 0 ? fraction.substring(0, MICRO_CHARS) : fraction;
        }
        return SECONDS.format(time) + fraction;
    }
}
