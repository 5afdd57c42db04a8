package io.github.rseq4j.cli.sql;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.Truncated;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/** The tables of events: one for each name and the types of its fields. */
final class EventTables {
    /* How it works
     *
     * A table is created at its first event. Empty tables are created for the first thousand declarations without
     * events, so that a query need not know whether an event has occurred.
     *
     * SQL does not distinguish case. So events whose names differ in case alone share a view, whose column "event" has
     * the name. Then the name of an event's view does not depend on the other events. Refused: a number after the
     * second name, because that may be the name of another event.
     *
     * A complete span comes after the events inside. These get their span when all traces are loaded.
     *
     * An appender keeps a block of rows in memory, so a limited number of appenders is open. Opening one takes longer
     * than many rows. So the events of further tables wait in memory, and are appended table by table. All appenders
     * are flushed when the rows that they keep have many bytes of text.
     */
    private static final int MAX_APPENDERS = 128;
    private static final long MAX_TEXT_BYTES = 1 << 25;
    private static final int MAX_EMPTY = 1000;
    private static final long MAX_WAITING_BYTES = 1 << 26;
    private static final int HEAP_PART = 16;
    private static final int ROW_BYTES = 256;

    private final DuckDBConnection connection;
    private final Map<String, EventTable> byKey = new LinkedHashMap<>();
    /** The tables of the types of the trace that is read, by their numbers. */
    private final Map<Integer, EventTable> byId = new HashMap<>();
    private final Set<EventTable> created = new LinkedHashSet<>();
    private final LinkedHashMap<EventTable, DuckDBAppender> appenders = new LinkedHashMap<>();
    private final Map<String, String> typed = new LinkedHashMap<>();
    private final long maxWaitingBytes = Math.min(MAX_WAITING_BYTES, Runtime.getRuntime().maxMemory() / HEAP_PART);
    /** The events of tables without an open appender. */
    private final Map<EventTable, List<Row>> waiting = new LinkedHashMap<>();
    private long waitingBytes;
    private long textBytes;

    private record Row(EventPlace place, TraceEvent event) {}

    EventTables(DuckDBConnection connection) {
        this.connection = connection;
    }

    /** Declares the events of the next trace. */
    void declare(List<EventType> types) {
        byId.clear();
        for (EventType type : types) {
            byId.put(type.id(), byKey.computeIfAbsent(EventTable.key(type),
                    _ -> new EventTable("event_" + (byKey.size() + 1), type)));
        }
    }

    /** Appends an event of the trace that was declared last. */
    void append(EventPlace place, TraceEvent event) throws SQLException {
        EventTable table = byId.get(event.type().id());
        if (table == null) {
            throw new IllegalStateException("event=" + event.name() + " is not declared");
        }
        if (appenders.size() < MAX_APPENDERS || appenders.containsKey(table)) {
            append(table, place, event);
            return;
        }
        waiting.computeIfAbsent(table, _ -> new ArrayList<>()).add(new Row(place, event));
        waitingBytes += ROW_BYTES;
        for (Object value : event.values()) {
            waitingBytes += value instanceof String text ? 2L * text.length() : ROW_BYTES / Long.BYTES;
            waitingBytes += value instanceof byte[] bytes ? bytes.length : 0;
            waitingBytes += value instanceof Truncated cut ? cut.recorded().length : 0;
        }
        if (waitingBytes >= maxWaitingBytes) {
            appendWaiting();
        }
    }

    private void append(EventTable table, EventPlace place, TraceEvent event) throws SQLException {
        textBytes += table.append(appender(table), place, event);
        if (textBytes >= MAX_TEXT_BYTES) {
            flush();
        }
    }

    private void appendWaiting() throws SQLException {
        for (Map.Entry<EventTable, List<Row>> each : waiting.entrySet()) {
            for (Row row : each.getValue()) {
                append(each.getKey(), row.place(), row.event());
            }
        }
        waiting.clear();
        waitingBytes = 0;
    }

    private DuckDBAppender appender(EventTable table) throws SQLException {
        // The appender that was used last comes last.
        DuckDBAppender open = appenders.remove(table);
        if (open == null) {
            if (appenders.size() == MAX_APPENDERS) {
                appenders.pollFirstEntry().getValue().close();
            }
            if (created.add(table)) {
                run(table.create());
            }
            open = connection.createAppender("base", table.table());
        }
        appenders.put(table, open);
        return open;
    }

    private void flush() throws SQLException {
        for (DuckDBAppender each : appenders.values()) {
            each.flush();
        }
        textBytes = 0;
    }

    /** Completes the rows. */
    void close() throws SQLException {
        appendWaiting();
        while (!appenders.isEmpty()) {
            appenders.pollFirstEntry().getValue().close();
        }
    }

    /** Gives the events inside complete spans these spans. */
    void placeInSpans() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet any = statement.executeQuery("SELECT 1 FROM base.span_events LIMIT 1")) {
            if (!any.next()) {
                return;
            }
        }
        // Rowids stand for rows here, because a join by numbers would read all events again.
        String rest = created.stream().map(each -> "SELECT '" + each.table() + "' AS of, rowid AS row, trace, tid,"
                + " cycles, number, coalesce(span, 0) AS around FROM base." + each.table()
                + " WHERE number IS DISTINCT FROM span").collect(Collectors.joining(" UNION ALL "));
        run("CREATE TEMP TABLE moved AS SELECT e.of, e.row, s.span FROM (" + rest + ") e ASOF JOIN base.span_events s"
                + " ON e.trace = s.trace AND e.tid = s.tid AND e.around = s.around AND e.cycles >= s.from_cycles"
                + " WHERE e.cycles <= s.to_cycles AND e.number < s.span");
        List<String> tables = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet moved = statement.executeQuery("SELECT DISTINCT of FROM moved")) {
            while (moved.next()) {
                tables.add(moved.getString(1));
            }
        }
        for (String table : tables) {
            run("UPDATE base." + table + " AS t SET span = m.span FROM moved m WHERE m.of = '" + table
                    + "' AND m.row = t.rowid");
        }
        run("DROP TABLE moved");
    }

    /**
     * Creates the views of all events and of each name.
     *
     * @param traces the expressions of host and run
     */
    void createViews(String traces) throws SQLException {
        for (EventTable each : byKey.values().stream().filter(each -> !created.contains(each)).limit(MAX_EMPTY)
                .toList()) {
            run(each.create());
            created.add(each);
        }
        String none = "SELECT NULL::INTEGER AS trace, NULL::BIGINT AS number, NULL::TIMESTAMP_NS AS time,"
                + " NULL::BIGINT AS ns, NULL::UBIGINT AS cycles, NULL::INTEGER AS cpu, NULL::BIGINT AS tid,"
                + " NULL::VARCHAR AS thread, NULL::BOOLEAN AS virtual, NULL::BIGINT AS span, NULL::VARCHAR AS provider,"
                + " NULL::VARCHAR AS event, NULL::TINYINT AS loglevel, NULL::JSON AS fields, NULL::JSON AS truncated"
                + " WHERE false";
        run("CREATE VIEW base.events AS " + none + created.stream()
                .map(table -> " UNION ALL " + table.eventRows("trace")).collect(Collectors.joining()));
        run("CREATE VIEW events AS SELECT " + traces + ", * EXCLUDE (trace) FROM base.events");
        Map<String, List<EventTable>> byName = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        created.forEach(table -> byName.computeIfAbsent(table.type().name(), _ -> new ArrayList<>()).add(table));
        for (List<EventTable> tables : byName.values()) {
            run("CREATE VIEW " + SqlNames.identifier(tables.getFirst().type().name()) + " AS "
                    + rows(tables, traces));
        }
        for (EventTable table : created) {
            String name = table.type().name();
            typed.computeIfAbsent(name, _ -> rows(created.stream()
                    .filter(each -> each.type().name().equals(name)).toList(), traces));
        }
    }

    /** Returns the query of the rows of tables, with the columns of all of them. */
    private static String rows(List<EventTable> tables, String traces) {
        Map<String, Set<String>> types = new HashMap<>();
        tables.forEach(table -> table.addTypes(types));
        return tables.stream().map(table -> table.typedRows(traces, types))
                .collect(Collectors.joining(" UNION ALL BY NAME "));
    }

    /** Returns the query of the rows of each event, by its name; names may differ in case alone. */
    Map<String, String> typed() {
        return Collections.unmodifiableMap(typed);
    }

    private void run(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
