package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.example.calls.Blocking;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls of a hundred thousand virtual threads that block, and migrate between the entry and the end. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class BlockingTest {
    private static final int THREADS = 100_000;
    /** The clock of the agent and System.nanoTime may differ by this part. */
    private static final double CLOCKS = 0.01;
    @TempDir
    private static Path folder;
    private static Path jar;

    @BeforeAll
    static void makesTheJar() throws Exception {
        jar = AgentJar.make(folder);
    }

    private static Child start(String options) throws Exception {
        return Child.start(List.of("-Xverify:all", "-Djdk.virtualThreadScheduler.parallelism=4",
                "-javaagent:" + jar + "=" + options), Blocking.class, String.valueOf(THREADS));
    }

    private static String rules(String mode) {
        return "method=" + Blocking.class.getName() + "::outer,mode=" + mode + ";method=" + Blocking.class.getName()
                + "::inner,mode=" + mode;
    }

    /** Checks the results of the program, and returns its measurements. */
    private static Map<String, String> results(Child child) throws Exception {
        List<String> lines = child.linesTo("counts");
        long sum = 0;
        for (int i = 0; i < THREADS; i++) {
            sum += i % 10 == 0 ? -1 : i % 7;
        }
        assertEquals(List.of("sum " + sum, "migrated true"), lines.subList(0, Math.min(2, lines.size())),
                lines.toString());
        assertEquals(5, lines.size(), lines.toString());
        return lines.stream().filter(line -> line.contains(" "))
                .collect(Collectors.toMap(line -> line.split(" ", -1)[0], line -> line.split(" ", -1)[1]));
    }

    @Test
    void countsEach() throws Exception {
        try (Child child = start(rules("count"))) {
            results(child);
            assertEquals(THREADS, child.row("outer").calls());
            assertEquals(THREADS, child.row("inner").calls());
            assertEquals(List.of(), child.end());
        }
    }

    /** The agent measures more than the method's code does, and less than its caller. */
    @Test
    void timesEach() throws Exception {
        try (Child child = start(rules("time"))) {
            Map<String, String> measured = results(child);
            MethodRow outer = child.row("outer");
            MethodRow inner = child.row("inner");
            assertEquals(THREADS, outer.calls());
            assertEquals(THREADS, inner.calls());
            assertTrue(outer.totalNanos() >= Long.parseLong(measured.get("inside")) * (1 - CLOCKS), outer + " "
                    + measured);
            assertTrue(outer.totalNanos() <= Long.parseLong(measured.get("outside")) * (1 + CLOCKS), outer + " "
                    + measured);
            assertTrue(inner.totalNanos() > 0 && inner.totalNanos() <= outer.totalNanos(), inner + " " + outer);
            assertTrue(inner.maxNanos() <= outer.maxNanos() && outer.maxNanos() <= outer.totalNanos(), "" + outer);
            assertEquals(List.of(), child.end());
        }
    }

    /** Each thread has one span within another, whatever the CPUs on which they began and ended. */
    @Test
    void recordsEach(@TempDir Path temporary) throws Exception {
        Path trace = temporary.resolve("trace");
        try (Child child = start("trace=" + trace + ";" + rules("event"))) {
            results(child);
            assertEquals(List.of(), child.end());
        }
        List<String> order = List.of("outer_begin", "inner_begin", "inner_end", "outer_end");
        Map<Long, Integer> passed = new HashMap<>();
        Map<Long, Integer> cpus = new HashMap<>();
        Set<Long> migrated = new HashSet<>();
        try (TraceReader reader = new TraceReader(trace)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                int next = passed.merge(event.threadId(), 1, Integer::sum);
                assertEquals(Blocking.class.getName() + ":" + order.get((next - 1) % order.size()), event.name(),
                        event.toString());
                Integer former = cpus.put(event.threadId(), event.cpu());
                if (former != null && former != event.cpu()) {
                    migrated.add(event.threadId());
                }
            }
            assertEquals(List.of(), reader.problems());
            assertEquals(0, reader.counts().stream().mapToLong(TraceReader.StreamCounts::discarded).sum());
        }
        assertEquals(THREADS, passed.size());
        assertEquals(Set.of(order.size()), Set.copyOf(passed.values()));
        assertTrue(Runtime.getRuntime().availableProcessors() == 1 || !migrated.isEmpty(), "no thread has migrated");
    }
}
