package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code trace convert --to parquet}, read by DuckDB. Module rseq4j-spark reads a tree by other readers. */
class ParquetTest {
    @TempDir
    private Path folder = Path.of("");

    private Run convert(Path... traces) {
        List<String> words = new ArrayList<>(List.of("trace", "convert", "--to=parquet", "--output",
                tree().toString()));
        Stream.of(traces).map(Path::toString).forEach(words::add);
        return Run.of(words.toArray(String[]::new));
    }

    private Path tree() {
        return folder.resolve("tree");
    }

    private Path trace(String host, int number, long offsetSeconds) {
        return QueryTrace.write(folder.resolve("trace-" + number), host, number, offsetSeconds);
    }

    /** Returns the result of a query, as CSV without the line of names. */
    private String csv(List<Path> traces, String sql) {
        List<String> words = new ArrayList<>(List.of("trace", "sql", "--format=csv"));
        traces.forEach(each -> words.add(each.toString()));
        words.add(sql);
        Run run = Run.of(words.toArray(String[]::new));
        assertEquals("", run.err());
        return run.out().replaceFirst("(?s)^.*?\r\n", "");
    }

    private String parquet(String table) {
        return "read_parquet('" + tree() + "/" + table + "/**/*.parquet')";
    }

    private Set<String> files() {
        try (Stream<Path> all = Files.walk(tree())) {
            return all.filter(Files::isRegularFile).map(each -> tree().relativize(each).toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void eachTableOfThreeHostsHasTheSameRowsInTheTree() {
        List<Path> traces = List.of(trace("a", 1, 0), trace("b", 2, 3), trace("c", 3, 86_400));
        for (Path each : traces) {
            Run run = convert(each);
            assertEquals(0, run.exit(), run.err());
        }
        for (String[] each : new String[][] {
                {"events", "host, run, number, ns, cycles, cpu, tid, thread, virtual, span, provider, event, loglevel,"
                        + " fields::VARCHAR, truncated::VARCHAR"},
                {"spans", "host, run, id, parent, depth, name, begin_ns, end_ns, duration_ns, self_ns, begin_cpu,"
                        + " end_cpu, tid, thread, virtual, arguments::VARCHAR, results::VARCHAR"},
                {"open_spans", "host, run, id, parent, depth, name, begin_ns, tid, arguments::VARCHAR"},
                {"threads", "host, run, tid, kernel_tid, name, virtual, first_time::TIMESTAMP, events, samples"},
                {"samples", "host, run, number, ns, tid, ip, library"},
                {"packets", "host, run, cpu, sequence, begin_time::TIMESTAMP, content_bytes, discarded, lost_packets"},
                {"hosts", "host, run, folder, state, pid, clock, frequency_hz, cycle_zero::TIMESTAMP,"
                        + " clock_offset_error_ns, events, packets, discarded, environment::VARCHAR"}}) {
            String sql = "SELECT " + each[1] + " FROM %s ORDER BY ALL";
            String expected = csv(traces, String.format(sql, each[0]));
            assertTrue(expected.lines().count() >= 3, expected);
            assertEquals(expected, csv(traces, String.format(sql, parquet(each[0]))), each[0]);
        }
        assertEquals("a,2025-11-24,1\r\nb,2025-11-24,1\r\nc,2025-11-25,1\r\n", csv(traces,
                "SELECT host, date, id FROM " + parquet("typed/*/*/provider=web/event=request_begin")
                        + " WHERE id = 1 ORDER BY host"));
    }

    @Test
    void partitionsAreHostDateAndProvider() {
        assertEquals(0, convert(trace("a/b %=é", 1, 0)).exit());
        String run = "00000000-0000-0001-0000-000000000002-0.parquet";
        Set<String> files = files();
        assertTrue(files.stream().anyMatch(each -> each.startsWith("events/host=a%2Fb%20%25%3D")
                && each.endsWith("/date=2025-11-24/provider=web/" + run)), files.toString());
        assertTrue(files.stream().allMatch(each -> each.endsWith("/" + run)), files.toString());
        assertEquals("a/b %=é,14\r\n", csv(List.of(trace("z", 9, 0)), "SELECT host, count(*) FROM "
                + parquet("events/*/*/provider=[dw]*b") + " GROUP BY host"));
    }

    @Test
    void aRunThatIsThereIsReplacedAndOthersStay() {
        Path first = trace("a", 1, 0);
        assertEquals(0, convert(first, trace("b", 2, 0)).exit());
        Set<String> before = files();
        Run again = Run.of("trace", "convert", "--to=parquet", "--output", tree().toString(), first.toString(),
                "--host=x");
        assertEquals(0, again.exit(), again.err());
        assertTrue(again.out().contains(": run 00000000-0000-0001-0000-000000000002, "), again.out());
        assertEquals(before.stream().map(each -> each.replace("host=a", "host=x"))
                .collect(Collectors.toCollection(TreeSet::new)), files());
        assertEquals("b,18\r\nx,18\r\n", csv(List.of(first), "SELECT host, events FROM " + parquet("hosts")
                + " ORDER BY 1"));
    }

    @Test
    void refusesAFolderWithOtherFilesAndOptionsThatDoNotApply() throws IOException {
        Path trace = trace("a", 1, 0);
        Files.createDirectories(tree());
        Files.createFile(tree().resolve("mine.txt"));
        Run run = convert(trace);
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("has mine.txt, so it is no tree of this command"), run.err());
        assertEquals(Set.of("mine.txt"), files());
        assertTrue(Run.of("trace", "convert", "--to=parquet", trace.toString()).onlyError().contains("needs --output"));
        assertTrue(Run.of("trace", "convert", "--to=chrome", trace.toString(), trace.toString()).onlyError()
                .contains("takes one DIR"));
    }

    @Test
    void aDamagedTraceIsAddedAsFarAsItIsReadable() throws IOException {
        Path trace = trace("a", 1, 0);
        Path channel = trace.resolve("channel_1");
        byte[] bytes = Files.readAllBytes(channel);
        Files.write(channel, Arrays.copyOf(bytes, bytes.length - 3000));
        Run run = convert(trace);
        assertEquals(4, run.exit());
        assertTrue(run.err().contains("channel_1: offset"), run.err());
        assertEquals("true\r\n", csv(List.of(trace("b", 2, 0)), "SELECT problems > 0 FROM " + parquet("hosts")));
        Run none = convert(folder.resolve("tree"));
        assertEquals(4, none.exit());
        assertTrue(none.err().contains("this is no trace"), none.err());
    }
}
