package io.github.rseq4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One tree with the traces of three hosts, whose clocks differ: three readers give the same answers. */
class FleetTest {
    static final List<String> TABLES = List.of("events", "spans", "threads", "packets", "hosts");

    private static final String SPANS = "SELECT concat_ws('|', host, name, count(*), sum(duration_ns), max(self_ns),"
            + " min(begin_ns), sum(length(arguments))) FROM spans GROUP BY host, name ORDER BY 1";
    private static final String EVENTS = "SELECT concat_ws('|', host, date, provider, event, count(*),"
            + " min(ns), max(ns), min(cpu), max(tid), count(thread)) FROM events"
            + " GROUP BY host, date, provider, event ORDER BY 1";
    private static final String PACKETS = "SELECT concat_ws('|', host, cpu, count(*), sum(discarded)) FROM packets"
            + " GROUP BY host, cpu ORDER BY 1";
    private static final String HOSTS = "SELECT concat_ws('|', host, run, events, frequency_hz, cycle_zero_ns,"
            + " clock_offset_error_ns) FROM hosts ORDER BY 1";
    /** The events of all hosts in the order of their aligned clocks. */
    private static final String ORDER = "SELECT concat_ws('|', ns, host, event) FROM events ORDER BY ns, host LIMIT 40";
    private static final List<String> QUERIES = List.of(SPANS, EVENTS, PACKETS, HOSTS, ORDER);

    @TempDir
    private Path folder = Path.of("");

    /** The events of the tracer. */
    @Provider("web")
    interface Web {
        Span request(@Field("path") String path);
    }

    /** Writes a trace of requests, each with a query inside, 1 ms apart, on two CPUs. */
    private Path written(String host, long frequency, long offsetSeconds, long offsetCycles) throws IOException {
        List<EventType> types = List.of(
                new EventType("web:request_begin", 0, 6, List.of(new EventType.Field("path", FieldType.Basic.STRING))),
                new EventType("web:request_end", 1, 6, List.of()), new EventType("db:query_begin", 2, 6, List.of()),
                new EventType("db:query_end", 3, 6, List.of()));
        TraceClock clock = new TraceClock(new UUID(1, frequency), frequency, 1_764_028_790 + offsetSeconds,
                offsetCycles);
        Path trace = folder.resolve(host);
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(offsetSeconds, frequency), clock,
                2, Map.of("hostname", host, "clock_offset_error_ns", 100L), types), 4096)) {
            long milli = frequency / 1000;
            for (int i = 0; i < 20_000; i++) {
                int cpu = i % 2;
                writer.append(cpu, i * milli, 20 + cpu, types.get(0), "/é?n=" + i);
                writer.append(cpu, i * milli + 100, 20 + cpu, types.get(2));
                writer.append(cpu, i * milli + 300 + i % 50, 20 + cpu, types.get(3));
                writer.append(cpu, i * milli + 1000 + i, 20 + cpu, types.get(1));
            }
            writer.discard(1, 7);
        }
        return trace;
    }

    private Path traced() throws IOException {
        Path trace = folder.resolve("traced");
        try (Tracer tracer = Tracer.streaming(trace)) {
            Web web = tracer.probes(MethodHandles.lookup(), Web.class);
            for (int i = 0; i < 5000; i++) {
                try (Span _ = web.request("/p" + i)) {
                    Thread.onSpinWait();
                }
            }
        }
        return trace;
    }

    private static List<String> java(List<String> options, String program, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines()
                .toList();
        assertEquals(0, process.waitFor(), String.join("\n", lines));
        return lines;
    }

    /** Converts each host's trace by a command of its own, as hosts do. */
    private Path tree() throws IOException, InterruptedException {
        Path tree = folder.resolve("tree");
        Map<String, Path> hosts = new TreeMap<>();
        hosts.put("alpha", written("alpha", 1_000_000_000, 0, 0));
        // Half a millisecond later; and midnight comes within this trace.
        hosts.put("beta", written("beta", 2_400_000_000L, 0, 1_200_000));
        hosts.put("007", traced());
        for (Map.Entry<String, Path> each : hosts.entrySet()) {
            java(List.of("--enable-native-access=ALL-UNNAMED"), "io.github.rseq4j.cli.Main", List.of("trace", "convert",
                    "--to", "parquet", "--output", tree.toString(), "--host", each.getKey(),
                    each.getValue().toString()));
        }
        return tree;
    }

    private static List<String> spark(Path tree) throws IOException, InterruptedException {
        // Spark's own list, of JavaModuleOptions.
        List<String> options = new ArrayList<>(List.of("-Xmx1g", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"));
        for (String each : List.of("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net",
                "java.nio", "java.util", "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch",
                "sun.nio.cs", "sun.security.action", "sun.util.calendar")) {
            options.add("--add-opens=java.base/" + each + "=ALL-UNNAMED");
        }
        List<String> arguments = new ArrayList<>(List.of(tree.toString()));
        arguments.addAll(QUERIES);
        return java(options, SparkAnswers.class.getName(), arguments).stream()
                .filter(line -> line.startsWith(SparkAnswers.ROW))
                .map(line -> line.substring(SparkAnswers.ROW.length())).toList();
    }

    private static List<String> duckDb(Path tree) throws Exception {
        List<String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            for (String table : TABLES) {
                statement.execute("CREATE VIEW " + table + " AS SELECT * FROM read_parquet('" + tree + "/" + table
                        + "/**/*.parquet', hive_partitioning = true, hive_types_autocast = false)");
            }
            for (String query : QUERIES) {
                try (ResultSet result = statement.executeQuery(query)) {
                    while (result.next()) {
                        rows.add(result.getString(1));
                    }
                }
            }
        }
        return rows;
    }

    private static void rows(Path tree, String table, Consumer<RowReader> to) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(tree.resolve(table))) {
            files = all.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file));
                    RowReader row = reader.rowReader()) {
                while (row.hasNext()) {
                    row.next();
                    to.accept(row);
                }
            }
        }
    }

    /** Counts, sums, smallest and largest values of a group. */
    private static final class Group {
        private final long[] sums = new long[4];
        private final long[] least = {Long.MAX_VALUE, Long.MAX_VALUE};
        private final long[] most = {Long.MIN_VALUE, Long.MIN_VALUE};
    }

    private static List<String> sorted(Map<String, Group> groups, Function<Group, String> text) {
        return groups.entrySet().stream().map(each -> each.getKey() + "|" + text.apply(each.getValue())).sorted()
                .toList();
    }

    private static List<String> hardwood(Path tree) throws IOException {
        Map<String, Group> spans = new TreeMap<>();
        rows(tree, "spans", row -> {
            Group group = spans.computeIfAbsent(row.getString("host") + '|' + row.getString("name"), _ -> new Group());
            group.sums[0]++;
            group.sums[1] += row.getLong("duration_ns");
            String arguments = row.getString("arguments");
            group.sums[2] += arguments.codePointCount(0, arguments.length());
            group.most[0] = Math.max(group.most[0], row.getLong("self_ns"));
            group.least[0] = Math.min(group.least[0], row.getLong("begin_ns"));
        });
        List<String> rows = new ArrayList<>(sorted(spans, group -> group.sums[0] + "|" + group.sums[1] + '|'
                + group.most[0] + '|' + group.least[0] + '|' + group.sums[2]));
        Map<String, Group> events = new TreeMap<>();
        Map<String, String> order = new TreeMap<>();
        rows(tree, "events", row -> {
            long ns = row.getLong("ns");
            Group group = events.computeIfAbsent(row.getString("host") + '|' + row.getDate("date") + '|'
                    + row.getString("provider") + '|' + row.getString("event"), _ -> new Group());
            group.sums[0]++;
            group.sums[1] += row.isNull("thread") ? 0 : 1;
            group.least[0] = Math.min(group.least[0], ns);
            group.most[0] = Math.max(group.most[0], ns);
            group.least[1] = Math.min(group.least[1], row.getInt("cpu"));
            group.most[1] = Math.max(group.most[1], row.getLong("tid"));
            order.put(ns + "|" + row.getString("host") + '|' + row.getString("event"), "");
        });
        rows.addAll(sorted(events, group -> group.sums[0] + "|" + group.least[0] + '|' + group.most[0] + '|'
                + group.least[1] + '|' + group.most[1] + '|' + group.sums[1]));
        Map<String, Group> packets = new TreeMap<>();
        rows(tree, "packets", row -> {
            Group group = packets.computeIfAbsent(row.getString("host") + '|' + row.getInt("cpu"), _ -> new Group());
            group.sums[0]++;
            group.sums[1] += row.getLong("discarded");
        });
        rows.addAll(sorted(packets, group -> group.sums[0] + "|" + group.sums[1]));
        List<String> hosts = new ArrayList<>();
        rows(tree, "hosts", row -> hosts.add(Stream.of("events", "frequency_hz", "cycle_zero_ns",
                "clock_offset_error_ns").map(name -> String.valueOf(row.getLong(name)))
                .collect(Collectors.joining("|", row.getString("host") + '|' + row.getString("run") + '|', ""))));
        hosts.sort(null);
        rows.addAll(hosts);
        // All times have as many digits, so their texts are in their order.
        rows.addAll(order.keySet().stream().limit(40).toList());
        return rows;
    }

    @Test
    void threeReadersAgreeOnThreeHosts() throws Exception {
        Path tree = tree();
        List<String> expected = duckDb(tree);
        // Durations are 1000 to 20999 ns; the begin is that of cycle 0.
        assertTrue(expected.stream().anyMatch(row -> row.startsWith("alpha|web:request|20000|219990000|")
                && row.contains("|1764028790000000000|")), expected.toString());
        assertTrue(expected.stream().anyMatch(row -> row.startsWith("007|web:request|5000|")), expected.toString());
        assertTrue(expected.stream().anyMatch(row -> row.startsWith("beta|2025-11-25|")), "two dates");
        // The clocks are aligned: the hosts take turns.
        List<String> order = expected.subList(expected.size() - 40, expected.size());
        assertTrue(order.get(0).endsWith("alpha|web:request_begin") && order.get(4).endsWith("beta|web:request_begin")
                && order.get(8).endsWith("alpha|web:request_begin"), order.toString());
        assertEquals(expected, hardwood(tree));
        assertEquals(expected, spark(tree));
    }
}
