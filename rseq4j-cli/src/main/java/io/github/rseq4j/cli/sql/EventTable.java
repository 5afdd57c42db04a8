package io.github.rseq4j.cli.sql;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.Truncated;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.jspecify.annotations.Nullable;

/** The table of the events of one name whose fields have the same types: a typed column for each field. */
final class EventTable {
    /* How it works
     *
     * A row holds the values that differ between events of the name. The views add those that follow from the name and
     * from the trace: provider, event, loglevel, host and run. The view "events" makes JSON of the typed columns only
     * when a query reads the column "fields".
     */
    /** The columns that each event has, in the views. A field that has one of these names gets an underscore. */
    static final List<String> COMMON = List.of("host", "run", "number", "time", "ns", "cycles", "cpu", "tid", "thread",
            "virtual", "span", "provider", "event", "loglevel", "fields", "truncated");

    /** Further columns: of the stored rows, and of files of Parquet. */
    private static final List<String> RESERVED = List.of("trace", "date");

    private static final Set<String> INTEGERS = Set.of("TINYINT", "SMALLINT", "USMALLINT", "INTEGER", "BIGINT");

    private static final String STORED = "trace INTEGER, number BIGINT, time TIMESTAMP_NS, cycles UBIGINT, cpu INTEGER,"
            + " tid BIGINT, thread VARCHAR, virtual BOOLEAN, span BIGINT, truncated JSON";
    private static final String ROW = "number, time, epoch_ns(time) AS ns, cycles, cpu, tid, thread, virtual, span";

    private final String table;
    private final EventType type;
    private final List<String> columns;

    /**
     * Makes the description of a table.
     *
     * @param table the name of the table
     * @param type the type of its events
     */
    EventTable(String table, EventType type) {
        this.table = table;
        this.type = type;
        // No name of a field begins with an underscore.
        this.columns = SqlNames.distinct(type.fields().stream().map(EventType.Field::name)
                .map(name -> isCommon(name) ? "_" + name : name).toList());
    }

    private static boolean isCommon(String name) {
        return RESERVED.stream().anyMatch(name::equalsIgnoreCase) || COMMON.stream().anyMatch(name::equalsIgnoreCase);
    }

    /** Returns the key of the table that can hold events of a type: its name, and the names and types of its fields. */
    static String key(EventType type) {
        return type.fields().stream().map(field -> field.name() + ' ' + sqlType(field.type()))
                .collect(Collectors.joining(",", type.name() + ',' + type.level() + ',', ""));
    }

    String table() {
        return table;
    }

    EventType type() {
        return type;
    }

    /** Adds the type of each field's column to the types of the columns of that name, in lower case. */
    void addTypes(Map<String, Set<String>> types) {
        for (int i = 0; i < columns.size(); i++) {
            types.computeIfAbsent(columns.get(i).toLowerCase(Locale.ROOT), _ -> new TreeSet<>())
                    .add(sqlType(type.fields().get(i).type()));
        }
    }

    /** Returns the type of a field's column. */
    static String sqlType(FieldType type) {
        return switch (type) {
            case FieldType.Enumeration _ -> "VARCHAR";
            case FieldType.Basic basic -> switch (basic) {
                case BOOLEAN -> "BOOLEAN";
                case BYTE -> "TINYINT";
                case SHORT -> "SMALLINT";
                case CHAR -> "USMALLINT";
                case INT -> "INTEGER";
                case LONG -> "BIGINT";
                case FLOAT -> "FLOAT";
                case DOUBLE -> "DOUBLE";
                case STRING -> "VARCHAR";
                case BYTES -> "BLOB";
            };
        };
    }

    /** Returns the statement that creates the table. */
    String create() {
        StringBuilder sql = new StringBuilder("CREATE TABLE base.").append(table).append(" (").append(STORED);
        for (int i = 0; i < columns.size(); i++) {
            sql.append(", ").append(SqlNames.identifier(columns.get(i))).append(' ')
                    .append(sqlType(type.fields().get(i).type()));
        }
        return sql.append(')').toString();
    }

    /**
     * Returns the query of the rows of the view "events".
     *
     * @param traces the query's expressions of host and run
     */
    String eventRows(String traces) {
        return "SELECT " + traces + ", " + ROW + ", " + SqlNames.literal(type.provider()) + " AS provider, "
                + SqlNames.literal(type.name()) + " AS event, " + type.level() + "::TINYINT AS loglevel, " + json()
                + " AS fields, truncated FROM base." + table;
    }

    /**
     * Returns the query of the rows of the view of this event.
     *
     * @param traces the query's expressions of host and run
     * @param types the types of all columns of the view, by their names in lower case
     */
    String typedRows(String traces, Map<String, Set<String>> types) {
        StringBuilder sql = new StringBuilder("SELECT " + traces + ", " + ROW + ", " + SqlNames.literal(type.name())
                + " AS event, truncated");
        for (int i = 0; i < columns.size(); i++) {
            String name = SqlNames.identifier(columns.get(i));
            Set<String> all = types.getOrDefault(columns.get(i).toLowerCase(Locale.ROOT), Set.of());
            sql.append(", ").append(combined(name, type.fields().get(i).type(), all)).append(" AS ").append(name);
        }
        return sql.append(" FROM base.").append(table).toString();
    }

    /** Returns the expression of a column in a view whose tables have columns of other types of that name. */
    private static String combined(String column, FieldType type, Set<String> all) {
        if (all.size() <= 1 || INTEGERS.containsAll(all)) {
            // The view has the longest type.
            return column;
        }
        if (all.stream().allMatch(each -> INTEGERS.contains(each) || each.equals("FLOAT") || each.equals("DOUBLE"))) {
            return column + "::DOUBLE";
        }
        return type == FieldType.Basic.BYTES || type == FieldType.Basic.CHAR ? json(column, type)
                : column + "::VARCHAR";
    }

    /** Returns the expression of the fields as JSON, as {@code trace view --json} prints them. */
    private String json() {
        StringBuilder sql = new StringBuilder("json_object(");
        for (int i = 0; i < columns.size(); i++) {
            EventType.Field field = type.fields().get(i);
            sql.append(i == 0 ? "" : ", ").append(SqlNames.literal(field.name())).append(", ")
                    .append(json(SqlNames.identifier(columns.get(i)), field.type()));
        }
        return sql.append(')').toString();
    }

    private static String json(String column, FieldType type) {
        return switch (type) {
            case FieldType.Basic.BYTES -> "lower(hex(" + column + "))";
            // Half of a surrogate pair is no text.
            case FieldType.Basic.CHAR -> "CASE WHEN " + column + " BETWEEN 55296 AND 57343 THEN chr(65533) ELSE chr("
                    + column + ") END";
            case FieldType.Basic.FLOAT -> number(column, column + "::VARCHAR::DOUBLE");
            case FieldType.Basic.DOUBLE -> number(column, column);
            case FieldType.Basic _, FieldType.Enumeration _ -> column;
        };
    }

    private static String number(String column, String finite) {
        return "CASE WHEN isfinite(" + column + ") THEN to_json(" + finite + ") WHEN isnan(" + column
                + ") THEN to_json('NaN') WHEN " + column
                + " > 0 THEN to_json('Infinity') ELSE to_json('-Infinity') END";
    }

    /**
     * Appends an event.
     *
     * @param to the appender of the table
     * @param place the event's trace and number, its time, thread and span
     * @param event the event
     * @return about how many bytes of text and arrays the row has
     */
    long append(DuckDBAppender to, EventPlace place, TraceEvent event) throws SQLException {
        TraceThread thread = place.thread();
        to.beginRow().append(place.trace()).append(place.number());
        SqlValues.time(to, place.nanos());
        to.append(event.timestamp()).append(event.cpu()).append(event.threadId());
        to.append(thread == null || thread.name().isEmpty() ? null : thread.name());
        to.append(thread == null ? (Boolean) null : (Boolean) thread.isVirtual());
        SqlValues.number(to, place.span());
        to.append(truncated(event));
        long bytes = 0;
        for (int i = 0; i < columns.size(); i++) {
            bytes += SqlValues.field(to, type.fields().get(i).type(), event.values().get(i));
        }
        to.endRow();
        return bytes;
    }

    /** Returns the original lengths of truncated values as JSON, or null if nothing was truncated. */
    private @Nullable String truncated(TraceEvent event) {
        Map<String, Long> lengths = new LinkedHashMap<>();
        for (int i = 0; i < event.values().size(); i++) {
            if (event.values().get(i) instanceof Truncated value) {
                lengths.put(type.fields().get(i).name(), value.lengthBytes());
            }
        }
        // Names of fields consist of letters, digits and underscores.
        return lengths.isEmpty() ? null : lengths.entrySet().stream()
                .map(each -> '"' + each.getKey() + "\":" + each.getValue()).collect(Collectors.joining(",", "{", "}"));
    }
}
