package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.sql.SqlFormat;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.EventType.Field;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.FieldType.Basic;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import io.github.rseq4j.trace.ctf.Truncated;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TraceSqlTest {
    private static final TraceClock CLOCK = new TraceClock(new UUID(3, 4), 1_000_000_000, 1_764_000_000, 0);

    @TempDir
    private Path folder = Path.of("");

    private String csv(Path trace, String sql) {
        Run run = Run.of("trace", "sql", trace.toString(), sql, "--format=csv");
        assertEquals("", run.err());
        assertEquals(0, run.exit());
        return run.out();
    }

    private Path sample() {
        return SampleTrace.write(folder.resolve("trace"), 101);
    }

    private Path trace(String name, long uuid, List<EventType> types, Object[]... records) throws IOException {
        Path trace = folder.resolve(name);
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(uuid, 2), CLOCK, 1,
                Map.of("hostname", name), types), 1 << 16)) {
            for (int i = 0; i < records.length; i++) {
                writer.append(0, i, 5, types.get(i % types.size()), records[i]);
            }
        }
        return trace;
    }

    @Test
    void eventsHaveCommonColumnsAndFieldsAsJson() {
        assertEquals("""
                host,run,number,time,ns,cycles,cpu,tid,thread,virtual,span,provider,event,loglevel,fields,truncated\r
                here,00000000-0000-0001-0000-000000000002,302,2025-11-24 16:00:00.001000500,1764000000001000500,\
                1000500,0,20,,,301,cache,cache:hit,7,"{""kind"":""STALE"",""key"":""01ab"",""load"":""NaN""}",\r
                """, csv(sample(), "SELECT * FROM events WHERE number = 302"));
    }

    @Test
    void spansHaveTheirPlaceAndTheFieldsOfBothEvents() {
        assertEquals("""
                id,parent,depth,name,duration_ns,self_ns,begin_cpu,tid,arguments,results\r
                301,,0,web:request,2000,2000,0,20,"{""path"":""/a\\u001B[31m?n=10""}","{""status"":300}"\r
                """, csv(sample(), "SELECT id, parent, depth, name, duration_ns, self_ns, begin_cpu, tid, arguments,"
                + " results FROM spans ORDER BY begin_ns DESC LIMIT 1"));
    }

    @Test
    void fieldsKeepTheirTypesAndValues() throws IOException {
        EventType all = new EventType("a:all", 0, 6, List.of(new Field("truth", Basic.BOOLEAN),
                new Field("b", Basic.BYTE), new Field("s", Basic.SHORT), new Field("c", Basic.CHAR),
                new Field("i", Basic.INT), new Field("l", Basic.LONG), new Field("f", Basic.FLOAT),
                new Field("d", Basic.DOUBLE), new Field("text", Basic.STRING), new Field("bytes", Basic.BYTES),
                new Field("Time", Basic.INT), new Field("state", new FieldType.Enumeration(List.of("ON", "OFF"))),
                new Field("B", Basic.INT)));
        Path trace = trace("types", 1, List.of(all),
                new Object[] {true, (byte) -128, (short) -1, '\uFFFF', Integer.MIN_VALUE, Long.MIN_VALUE, 0.1f,
                    Double.NEGATIVE_INFINITY, "é\0\"", new byte[] {0, (byte) 0xFF}, 7, "OFF", 1},
                new Object[] {false, (byte) 1, (short) 1, '\uD800', 1, Long.MAX_VALUE, Float.NaN, 1e300, null, null, 8,
                    null, 2},
                new Object[] {false, (byte) 1, (short) 1, 'x', 1, 1L, 1f, 1.0, new Truncated(new byte[] {'a'}, 9),
                    new Truncated(new byte[] {1}, 8), 9, "ON", 3});
        assertEquals("""
                BOOLEAN,TINYINT,SMALLINT,USMALLINT,INTEGER,BIGINT,FLOAT,DOUBLE,VARCHAR,BLOB,INTEGER,VARCHAR,INTEGER\r
                """, csv(trace, "SELECT typeof(truth), typeof(b), typeof(s), typeof(c), typeof(i), typeof(l),"
                + " typeof(f), typeof(d), typeof(text), typeof(bytes), typeof(_Time), typeof(state), typeof(B_2)"
                + " FROM \"a:all\" LIMIT 1").replaceFirst("(?s)^.*?\r\n", ""));
        assertEquals("""
                true,-128,-1,65535,-2147483648,-9223372036854775808,0.1,-Infinity,"é\0""\",00ff,7,OFF,1\r
                false,1,1,55296,1,9223372036854775807,NaN,1.0E300,,,8,,2\r
                false,1,1,120,1,1,1.0,1.0,a,01,9,ON,3\r
                """, csv(trace, "SELECT truth, b, s, c, i, l, f, d, text, bytes, _Time, state, B_2 FROM \"a:all\""
                + " ORDER BY number").replaceFirst("(?s)^.*?\r\n", ""));
        Run run = Run.of("trace", "sql", trace.toString(), "SELECT fields, truncated FROM events ORDER BY number",
                "--format=json");
        JsonNode rows = JsonMapper.shared().readTree(run.out());
        Run viewed = Run.of("trace", "view", "--json", trace.toString());
        List<String> lines = viewed.out().lines().toList();
        for (int i = 0; i < 3; i++) {
            JsonNode expected = JsonMapper.shared().readTree(lines.get(i));
            assertEquals(expected.get("fields").properties().size(), rows.get(i).get("fields").properties().size());
            for (Map.Entry<String, JsonNode> each : expected.get("fields").properties()) {
                JsonNode value = rows.get(i).get("fields").get(each.getKey());
                assertEquals(each.getValue().isNumber() ? each.getValue().asDouble() : each.getValue(),
                        each.getValue().isNumber() ? value.asDouble() : value, each.getKey());
            }
            assertEquals(String.valueOf(expected.get("truncated")),
                    rows.get(i).get("truncated").toString());
        }
    }

    @Test
    void jsonIsValidForEachTypeOfDuckDb() {
        Run run = Run.of("trace", "sql", sample().toString(), "--format=json", """
                SELECT [1, NULL] l, {'a': 1, 'b': [date '2020-01-01']} s,
                  map {'k': timestamp_ns '2020-03-29 02:30:00.5'} m, interval '3 days' iv,
                  '-170141183460469231731687303715884105728'::hugeint h,
                  1.50::decimal(5,2) de,
                  uuid '00000000-0000-0000-0000-000000000001' u, time '10:00:00.5' t, '10:00:00+02'::timetz tz,
                  timestamptz '2020-01-01 00:00:00+01' tstz, timestamp '2020-03-29 02:30:00' ts, '101'::bit bt,
                  union_value(n := 2) un, '{"a":[1,1.10]}'::json j, array_value(1, 2) ar, 5::bignum bn,
                  'a'::enum('a') e,
                  'nan'::double nan, '-inf'::float inf, to_json('nan'::double) jn, NULL n, '\\xAB'::blob bl,
                  'a\u202Eb"\\' || chr(7) txt, 1 x, 2 x, 18446744073709551615::ubigint ub""");
        assertEquals("", run.err());
        JsonNode row = JsonMapper.shared().readTree(run.out()).get(0);
        assertEquals("""
                {"l":[1,null],"s":{"a":1,"b":["2020-01-01"]},"m":{"k":"2020-03-29 02:30:00.500000"},"iv":"3 days",\
                "h":-170141183460469231731687303715884105728,"de":1.50,"u":"00000000-0000-0000-0000-000000000001",\
                "t":"10:00:00.500","tz":"10:00+02:00","tstz":"2019-12-31 23:00:00Z","ts":"2020-03-29 02:30:00",\
                "bt":"101","un":2,"j":{"a":[1,1.10]},"ar":[1,2],"bn":"5","e":"a","nan":"NaN","inf":"-Infinity",\
                "jn":"NaN","n":null,"bl":"ab","txt":"a\\u202eb\\"\\\\\\u0007","x":1,"x_2":2,\
                "ub":18446744073709551615}""",
                run.out().strip().replaceFirst("^\\[(.*)\\]$", "$1"));
        assertEquals("a\u202Eb\"\\\u0007", row.get("txt").asString());
    }

    @Test
    void csvQuotesAsRfc4180Says() {
        assertEquals("\"a,b\",\"q\"\"q\",n,e,l,plain\r\n\"1\n2\",\"\"\"\",,\"\",\"[1,\"\"x\"\"]\",x y\r\n",
                csv(sample(), "SELECT '1\n2' \"a,b\", '\"' \"q\"\"q\", NULL n, '' e, json '[1,\"x\"]' l, 'x y' plain"));
    }

    @Test
    void tablesAlignColumnsAndEscapeControlCharacters() {
        Run run = Run.of("trace", "sql", sample().toString(), "SELECT 'a' || chr(27) AS text, 5 AS number UNION ALL"
                + " SELECT NULL, 12345678; CREATE TABLE t(a INT); SELECT 1 AS one WHERE false");
        assertEquals(String.join(System.lineSeparator(), "text       number", "a\\u001b         5", "NULL     12345678",
                "(2 rows)", "one", "(0 rows)", ""), run.out());
    }

    @Test
    void severalTracesAreDistinguishedAlsoCopiesOfOneRun() throws IOException {
        EventType number = new EventType("p:n", 0, 6, List.of(new Field("n", Basic.INT)));
        EventType text = new EventType("p:n", 0, 6, List.of(new Field("n", Basic.LONG), new Field("m", Basic.STRING)));
        Path one = trace("one", 1, List.of(number), new Object[] {1});
        Path two = trace("two", 1, List.of(text), new Object[] {2L, "b"});
        Run run = Run.of("trace", "sql", one.toString(), two.toString(), "--format=csv",
                "SELECT host, run, n, m FROM \"p:n\" ORDER BY n; SELECT host, fields FROM events ORDER BY host;"
                        + "SELECT host, run, folder FROM hosts");
        assertEquals("", run.err());
        assertEquals(String.join("\r\n", "host,run,n,m", "one,00000000-0000-0001-0000-000000000002,1,",
                "two,00000000-0000-0001-0000-000000000002_2,2,b", "host,fields", "one,\"{\"\"n\"\":1}\"",
                "two,\"{\"\"n\"\":2,\"\"m\"\":\"\"b\"\"}\"", "host,run,folder",
                "one,00000000-0000-0001-0000-000000000002," + one, "two,00000000-0000-0001-0000-000000000002_2," + two,
                ""), run.out());
    }

    @Test
    void anEmptyTraceHasEachTable() throws IOException {
        Path empty = trace("empty", 1, List.of(new EventType("p:n", 0, 6, List.of(new Field("n", Basic.INT)))));
        for (String table : List.of("events", "spans", "open_spans", "threads", "samples", "packets", "\"p:n\"")) {
            assertEquals("count_star()\r\n0\r\n", csv(empty, "SELECT count(*) FROM " + table));
        }
        assertEquals("host,events\r\nempty,0\r\n", csv(empty, "SELECT host, events FROM hosts"));
    }

    @Test
    void anErrorHasDuckDbsMessageAndStatusOne() {
        String trace = sample().toString();
        Run run = Run.of("trace", "sql", trace, "SELECT 1; SELECT nothing FROM events; SELECT 2");
        assertEquals(1, run.exit());
        assertTrue(run.err().contains("rseq4j: Binder Error: Referenced column \"nothing\" not found"), run.err());
        assertTrue(run.out().startsWith("1" + System.lineSeparator()), run.out());
        assertFalse(run.out().contains("2"), run.out());
        Run early = Run.of("trace", "sql", trace, "SELECT 'x'::INT");
        assertEquals(1, early.exit());
        assertTrue(early.err().contains("Conversion Error: Could not convert string 'x' to INT32"), early.err());
    }

    @Test
    void damageIsReportedAndTheRestIsLoaded() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 200);
        Path channel = trace.resolve("channel_0");
        byte[] bytes = Files.readAllBytes(channel);
        bytes[4096] ^= 1;
        Files.write(channel, bytes);
        Run run = Run.of("trace", "sql", trace.toString(), "--format=csv",
                "SELECT count(*) > 0 AS n, sum(problems) AS p FROM hosts, events GROUP BY ALL");
        assertEquals(4, run.exit());
        assertEquals("rseq4j: " + trace + "/channel_0: offset 4096: no packet of this trace begins here: magic is"
                + " 0xc1fc1fc0" + System.lineSeparator(), run.err());
        assertTrue(run.out().startsWith("n,p\r\ntrue,"), run.out());
        Run none = Run.of("trace", "sql", folder.toString(), "SELECT count(*) FROM events", "--format=csv");
        assertEquals(4, none.exit());
        assertEquals("count_star()\r\n0\r\n", none.out());
        assertTrue(none.err().contains("this is no trace"), none.err());
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "trace sql"})
    void refusesAPathThatIsNotAFolder(String name) {
        Run run = Run.of("trace", "sql", folder.resolve(name).toString(), "SELECT 1");
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("is not a folder"), run.err());
    }

    @Test
    void aSingleWordInThePlaceOfTheStatementsIsExplained() throws IOException {
        String trace = sample().toString();
        Run run = Run.of("trace", "sql", trace, "selec");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: DIR|SQL=selec: is not a folder, and a single word is not taken for SQL; end a statement"
                + " with a semicolon (\"selec;\"), or ask for a table by \"FROM events\"", run.onlyError());
        assertEquals("", run.out());
        assertTrue(Run.of("trace", "sql", trace, "selec;").err().contains("syntax error"));
        assertEquals(0, Run.of("trace", "sql", trace, "FROM hosts").exit());
        Path script = Files.writeString(folder.resolve("script"), "SELECT 1");
        assertTrue(Run.of("trace", "sql", trace, script.toString()).onlyError().contains("< " + script));
        assertTrue(Run.of("trace", "sql", "selec").onlyError().contains("is not a folder; give the folder"));
    }

    @ParameterizedTest
    @EnumSource
    void aStatementThatFailsMidwayLeavesValidOutput(SqlFormat format) {
        String trace = sample().toString();
        Run run = Run.of("trace", "sql", trace, "--format=" + format, "SET threads = 1;"
                + " SET streaming_buffer_size = '1KB';"
                + " SELECT CASE WHEN range = 30000 THEN error('late') ELSE range END AS n FROM range(60000)");
        assertEquals(1, run.exit());
        assertEquals("rseq4j: Invalid Input Error: late" + System.lineSeparator(), run.err());
        List<String> lines = run.out().lines().toList();
        int rows = lines.size() - (format == SqlFormat.json ? 0 : 1);
        assertTrue(rows > 1000 && rows <= 30_000, rows + " rows before the failure");
        assertTrue(lines.getLast().contains(String.valueOf(rows - 1)), lines.getLast());
        if (format == SqlFormat.json) {
            JsonNode array = JsonMapper.shared().readTree(run.out());
            assertEquals(rows, array.size());
            assertEquals(rows - 1, array.get(rows - 1).get("n").asInt());
        }
        Run early = Run.of("trace", "sql", trace, "--format=json", "SELECT nothing");
        assertEquals(1, early.exit());
        assertEquals("", early.out());
    }

    @Test
    void noValueDiffersFromAConstantCalledNull() throws IOException {
        EventType event = new EventType("a:n", 0, 6, List.of(
                new Field("kind", new FieldType.Enumeration(List.of("null", "NULL"))),
                new Field("zero", Basic.DOUBLE), new Field("small", Basic.FLOAT)));
        Path trace = trace("nulls", 1, List.of(event), new Object[] {"null", -0.0, -0.0f},
                new Object[] {null, 0.0, 0.0f}, new Object[] {"NULL", -0.0, -0.0f});
        List<String> fields = List.of("{\"kind\":\"null\",\"zero\":-0.0,\"small\":-0.0}",
                "{\"kind\":null,\"zero\":0.0,\"small\":0.0}", "{\"kind\":\"NULL\",\"zero\":-0.0,\"small\":-0.0}");
        String viewed = Run.of("trace", "view", trace.toString()).out();
        assertEquals(List.of("kind=null zero=-0.0 small=-0.0", "kind=(null) zero=0.0 small=0.0",
                "kind=NULL zero=-0.0 small=-0.0"), viewed.lines().map(line -> line.replaceFirst("^.* a:n ", ""))
                .toList());
        for (String json : List.of(Run.of("trace", "view", "--json", trace.toString()).out(),
                Run.of("trace", "sql", trace.toString(), "--format=json", "SELECT fields FROM events ORDER BY number")
                        .out(),
                Run.of("trace", "convert", "--to=chrome", trace.toString()).out().replace(",\"cpu\":0", ""))) {
            assertEquals(fields, json.lines().flatMap(line -> Pattern.compile("\\{\"kind\"[^}]*}").matcher(line)
                    .results()).map(MatchResult::group).toList(), json);
        }
        assertEquals(String.join("\r\n", "kind,zero,small,fields", fields.stream().map(each -> each
                .replaceFirst(".*\"kind\":\"?([nulNUL]+).*zero\":([-0.]+).*small\":([-0.]+).*", "$1,$2,$3,")
                + '"' + each.replace("\"", "\"\"") + '"').collect(Collectors.joining("\r\n"))
                .replace("\nnull,0.0", "\n,0.0"), ""),
                csv(trace, "SELECT kind, zero, small, fields FROM \"a:n\" JOIN events USING (number) ORDER BY number"));
        Run table = Run.of("trace", "sql", trace.toString(), "SELECT kind FROM \"a:n\" ORDER BY number");
        assertEquals(List.of("kind", "null", "NULL", "'NULL'", "(3 rows)"),
                table.out().lines().map(String::strip).toList());
        Path tree = folder.resolve("tree");
        assertEquals(0, Run.of("trace", "convert", "--to=parquet", "--output", tree.toString(), trace.toString())
                .exit());
        assertEquals("kind,zero,small\r\nnull,-0.0,-0.0\r\n,0.0,0.0\r\nNULL,-0.0,-0.0\r\n", csv(trace, "SELECT"
                + " fields->>'kind' AS kind, (fields->>'zero')::DOUBLE AS zero, small FROM read_parquet('" + tree
                + "/events/**/*.parquet') JOIN read_parquet('" + tree + "/typed/**/*.parquet') typed USING (number)"
                + " ORDER BY number"));
    }

    @Test
    void refusesAnUnknownQueryAndACallWithoutATrace() {
        Run run = Run.of("trace", "sql", sample().toString(), "--query=none");
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("--query=none: is unknown, must be one of slowest, "), run.err());
        assertTrue(Run.of("trace", "sql", "--show", "none").onlyError().contains("--show=none: is unknown, must be"));
        assertTrue(Run.of("trace", "sql", "SELECT 1").onlyError().contains("no DIR given"));
    }

    @Test
    void readsStatementsFromTheStandardInput() {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream("SELECT 1 AS a;\nSELECT\n 2 AS b".getBytes(StandardCharsets.UTF_8)));
        try {
            Run run = Run.of("trace", "sql", sample().toString(), "--format=csv");
            assertEquals("a\r\n1\r\nb\r\n2\r\n", run.out(), run.err());
            assertEquals(0, run.exit());
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void loadsNoExtensionAndLeavesNoTemporaryFile() throws IOException {
        Path temporary = Path.of(System.getenv().getOrDefault("TMPDIR", System.getProperty("java.io.tmpdir")));
        Run run = Run.of("trace", "sql", sample().toString(), "SELECT * FROM 'https://localhost:1/a.parquet'");
        assertEquals(1, run.exit());
        assertTrue(run.err().contains("httpfs"), run.err());
        assertFalse(run.err().contains("connection"), run.err());
        try (Stream<Path> files = Files.list(temporary)) {
            assertEquals(List.of(), files.filter(each -> each.getFileName().toString().startsWith("rseq4j-sql-"))
                    .toList());
        }
    }
}
