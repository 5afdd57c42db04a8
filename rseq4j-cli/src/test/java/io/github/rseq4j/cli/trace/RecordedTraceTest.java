package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands on traces that a tracer recorded with options that a written trace does not have. */
class RecordedTraceTest {
    private static final int CALLS = 1000;

    @TempDir
    private Path folder = Path.of("");

    /** Events of the common rings. */
    @Provider("quiet")
    interface Quiet {
        void free(@Field("n") long n);

        @Event(oneIn = 10)
        void sampled(@Field("n") long n);
    }

    /** Events of rings of their own. */
    @Provider("noise")
    interface Noise {
        void often(@Field("n") long n);
    }

    private String trace() {
        return folder.resolve("trace").toString();
    }

    private void record() throws IOException {
        try (Tracer tracer = Tracer.streaming(folder.resolve("trace"), TracerOptions.defaults()
                .withSubBuffers(1 << 12, 64).withOwnRings("noise", 1 << 12, 64))) {
            Quiet quiet = tracer.probes(MethodHandles.lookup(), Quiet.class);
            Noise noise = tracer.probes(MethodHandles.lookup(), Noise.class);
            for (int i = 0; i < CALLS; i++) {
                quiet.free(i);
                quiet.sampled(i);
                noise.often(i);
            }
        }
    }

    private String csv(String sql) {
        Run run = Run.of("trace", "sql", trace(), "--format=csv", sql);
        assertEquals("", run.err());
        return run.out().replaceFirst("(?s)^.*?\r\n", "");
    }

    @Test
    void packetsTellTheSetsOfRingsApart() throws IOException {
        record();
        assertEquals("0\r\n1\r\n", csv("SELECT DISTINCT ring_set FROM packets ORDER BY 1"));
        assertEquals("true,true\r\n", csv("SELECT count(*) > 2, bool_and(sequence = expected) FROM (SELECT sequence,"
                + " row_number() OVER (PARTITION BY cpu, ring_set ORDER BY begin_cycles, sequence) - 1 AS expected"
                + " FROM packets)"));
        assertEquals("true\r\n", csv("SELECT count(*) > count(DISTINCT (cpu, sequence)) FROM packets"),
                "numbers of two sets on one CPU are equal");
        assertEquals("noise\r\n", csv("SELECT environment->>('rings_' || max(ring_set)) FROM hosts, packets"
                + " GROUP BY environment"));
        Run discarded = Run.of("trace", "sql", trace(), "--format=csv", "--query=discarded");
        assertTrue(discarded.out().startsWith("host,cpu,ring_set,packets,"), discarded.out());
        Path tree = folder.resolve("tree");
        assertEquals(0, Run.of("trace", "convert", "--to=parquet", "--output=" + tree, trace()).exit());
        assertEquals("0\r\n1\r\n", csv("SELECT DISTINCT ring_set FROM read_parquet('" + tree
                + "/packets/**/*.parquet') ORDER BY 1"));
    }

    @Test
    void summaryHasTheCallsThatLimitsLeftOut() throws IOException {
        record();
        Run run = Run.of("trace", "summary", trace());
        assertEquals("", run.err());
        List<String> lines = run.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("2,100 events in "), lines.getFirst());
        assertTrue(lines.getFirst().endsWith(", 900 left out by limits"), lines.getFirst());
        assertTrue(lines.stream().anyMatch(line -> line.matches("EVENT +COUNT +PER SECOND +LEFT OUT")), run.out());
        assertTrue(lines.stream().anyMatch(line -> line.matches("quiet:sampled +100 +[0-9,.]+ +900")), run.out());
        assertTrue(lines.stream().anyMatch(line -> line.matches("quiet:free +1,000 +[0-9,.]+ +0")), run.out());
        JsonNode json = JsonMapper.shared().readTree(Run.of("trace", "summary", "--json", trace()).out());
        assertEquals(900, json.get("omitted").asInt());
        assertEquals(List.of(0, 900, 0), json.get("byEvent").valueStream().map(each -> each.get("omitted").asInt())
                .toList());
        Run none = Run.of("trace", "summary", SampleTrace.write(folder.resolve("sample"), 10).toString());
        assertTrue(none.out().contains("packets lost\n") && !none.out().contains("LEFT OUT"), none.out());
    }

    @Test
    void copiesKeepTheNamesOfTheCode() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 10);
        String names = "0x1000 0x10 java.lang.String.hashCode()\n\u00ff damaged\n";
        Files.writeString(trace.resolve(".code_names"), names);
        Path two = folder.resolve("two");
        assertEquals(0, Run.of("trace", "convert", trace(), "--to=ctf2", "--output=" + two).exit());
        Path one = folder.resolve("one");
        assertEquals(0, Run.of("trace", "convert", two.toString(), "--to=ctf1.8", "--output=" + one).exit());
        assertEquals(-1, Files.mismatch(trace.resolve(".code_names"), one.resolve(".code_names")));
        Path link = folder.resolve("link");
        Files.delete(two.resolve(".code_names"));
        Files.createSymbolicLink(two.resolve(".code_names"), trace.resolve(".code_names"));
        assertEquals(0, Run.of("trace", "convert", two.toString(), "--to=ctf2", "--output=" + link).exit());
        assertTrue(Files.notExists(link.resolve(".code_names")), "no link of a trace is followed");
    }
}
