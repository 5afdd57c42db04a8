package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.EventType.Field;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.FieldType.Basic;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The name of an event's table, and of a field's column, does not depend on what else a trace declares. */
class EventTableNamesTest {
    private static final TraceClock CLOCK = new TraceClock(new UUID(3, 4), 1_000_000_000, 1_764_000_000, 0);
    private static final String UPPER = "a:X";
    private static final String LOWER = "a:x";
    private static final String SECOND = "a:x_2";

    @TempDir
    private Path folder = Path.of("");

    private static EventType event(int id, String name, FieldType type) {
        return new EventType(name, id, 6, List.of(new Field("n", type)));
    }

    /** Writes a trace in which each event occurs once. */
    private Path trace(String host, List<EventType> types, Object... values) throws IOException {
        Path trace = folder.resolve(host);
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(host.hashCode(), 2), CLOCK, 1,
                Map.of("hostname", host), types), 1 << 12)) {
            for (int i = 0; i < types.size(); i++) {
                writer.append(0, i, 5, types.get(i), values[i]);
            }
        }
        return trace;
    }

    private static String rows(String sql, Path... traces) {
        List<String> words = new ArrayList<>(List.of("trace", "sql", "--format=csv"));
        List.of(traces).forEach(each -> words.add(each.toString()));
        words.add(sql);
        Run run = Run.of(words.toArray(String[]::new));
        assertEquals("", run.err());
        return run.out().replaceFirst("(?s)^.*?\r\n", "");
    }

    @Test
    void namesThatDifferInCaseAloneShareATableOfSql() throws IOException {
        Path both = trace("both", List.of(event(0, UPPER, Basic.INT), event(1, LOWER, Basic.LONG),
                event(2, SECOND, Basic.INT)), 1, 2L, 3);
        Path one = trace("one", List.of(event(0, SECOND, Basic.INT)), 4);
        for (String name : List.of(UPPER, LOWER)) {
            assertEquals("a:X,1\r\na:x,2\r\n", rows("SELECT event, n FROM \"" + name + "\" ORDER BY number", both));
        }
        assertEquals("both,3\r\none,4\r\n", rows("SELECT host, n FROM \"a:x_2\" ORDER BY n", both, one));
        assertEquals("both,3\r\none,4\r\n", rows("SELECT host, n FROM \"a:x_2\" ORDER BY n", one, both));
    }

    @Test
    void aFolderOfATreeHasTheEventsOfExactlyItsName() throws IOException {
        Path both = trace("both", List.of(event(0, UPPER, Basic.INT), event(1, LOWER, Basic.STRING),
                event(2, SECOND, Basic.INT), event(3, "A:x", Basic.INT)), 1, "two", 3, 5);
        Path one = trace("one", List.of(event(0, SECOND, Basic.INT)), 4);
        Path tree = folder.resolve("tree");
        Run run = Run.of("trace", "convert", "--to=parquet", "--output", tree.toString(), both.toString(),
                one.toString());
        assertEquals(0, run.exit(), run.err());
        String sql = "SELECT provider, event, n FROM read_parquet('" + tree + "/typed/*/*/provider=%s/event=%s/*')"
                + " ORDER BY n";
        assertEquals("a,X,1\r\n", rows(String.format(sql, "a", "X"), one));
        assertEquals("a,x,two\r\n", rows(String.format(sql, "a", "x"), one));
        assertEquals("a,x_2,3\r\na,x_2,4\r\n", rows(String.format(sql, "a", "x_2"), one));
        assertEquals("A,x,5\r\n", rows(String.format(sql, "A", "x"), one));
    }

    @Test
    void aFieldWhoseNameNoOtherFieldHasKeepsIt() throws IOException {
        EventType fields = new EventType("a:fields", 0, 6, List.of(new Field("b", Basic.INT),
                new Field("B", Basic.INT), new Field("b_2", Basic.INT), new Field("Event", Basic.INT)));
        Path trace = folder.resolve("fields");
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2), CLOCK, 1, Map.of(),
                List.of(fields)), 1 << 12)) {
            writer.append(0, 1, 5, fields, 1, 2, 3, 4);
        }
        assertEquals("1,2,3,4,a:fields\r\n", rows("SELECT b, B_3, b_2, _Event, event FROM \"a:fields\"", trace));
        assertEquals("{\"a\":1,\"a_3\":2,\"a_2\":3}", Run.of("trace", "sql", trace.toString(), "--format=json",
                "SELECT 1 AS a, 2 AS a, 3 AS a_2").out().strip().replaceFirst("^\\[(.*)\\]$", "$1"));
    }

    @Test
    void fieldsOfDifferentTypesShareAColumn() throws IOException {
        Path number = trace("number", List.of(event(0, "a:n", Basic.LONG), event(1, "a:m", Basic.INT),
                event(2, "a:t", Basic.CHAR)), 1L << 50, -1, 'c');
        Path other = trace("other", List.of(event(0, "a:n", Basic.FLOAT), event(1, "a:m", Basic.BYTES),
                event(2, "a:t", Basic.STRING)), 0.5f, new byte[] {0, (byte) 0xFF}, "é");
        for (List<Path> order : List.of(List.of(number, other), List.of(other, number))) {
            Path[] traces = order.toArray(Path[]::new);
            assertEquals("DOUBLE,0.5\r\nDOUBLE,1.125899906842624E15\r\n", rows("SELECT typeof(n), n FROM \"a:n\""
                    + " ORDER BY n", traces));
            assertEquals("VARCHAR,-1\r\nVARCHAR,00ff\r\n", rows("SELECT typeof(n), n FROM \"a:m\" ORDER BY n",
                    traces));
            assertEquals("VARCHAR,c\r\nVARCHAR,é\r\n", rows("SELECT typeof(n), n FROM \"a:t\" ORDER BY n", traces));
        }
    }
}
