package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.example.calls.Odd;
import org.example.calls.Program;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A program with methods of every kind does the same with the agent, and every call is recorded. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class AgentProgramTest {
    private static final int TIMES = 300;
    private static final String COUNTS = "counts ";
    private static final String FALLBACK = "-Drseq4j.registration=never";
    @TempDir
    private static Path folder;
    private static Path jar;
    private static List<String> expected;
    private static List<String> expectedOdd;

    /** The output of the program, and what was read while it waited. */
    private record Run(List<String> lines, Map<String, Long> calls) {
        long calls(String method) {
            return calls.getOrDefault(method, 0L);
        }
    }

    @BeforeAll
    static void makesTheJar() throws Exception {
        jar = AgentJar.make(folder);
        expected = run(Program.class, false, List.of()).lines();
        assertTrue(expected.getLast().startsWith(COUNTS), expected.toString());
        expectedOdd = run(Odd.class, false, List.of()).lines();
        assertTrue(expectedOdd.getLast().startsWith(COUNTS), expectedOdd.toString());
    }

    private static Run run(Class<?> program, boolean isTableRead, List<String> options) throws Exception {
        try (Child child = Child.start(options, program, String.valueOf(TIMES))) {
            List<String> lines = child.linesTo(COUNTS);
            Map<String, Long> calls = isTableRead ? child.calls() : Map.of();
            // On the fallback the counts are copied to the table once a second.
            while (isTableRead && options.contains(FALLBACK) && !calls.entrySet().containsAll(
                    counted(lines).entrySet())) {
                Thread.sleep(100);
                calls = child.calls();
            }
            assertEquals(List.of(), child.end(), lines.toString());
            return new Run(lines, calls);
        }
    }

    private static Map<String, Long> counted(List<String> lines) {
        return Child.counted(lines.getLast());
    }

    private static String agent(String options) {
        return "-javaagent:" + jar + "=" + options;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode=count", "mode=time", "mode=time,over=1ms", "mode=time,sample=3",
        "mode=time,sample=3,over=1ms"})
    void countsEveryCall(String mode) throws Exception {
        Run run = run(Program.class, true, List.of("-Xverify:all",
                agent("method=" + Program.class.getPackageName() + ".**," + mode)));
        assertEquals(expected, run.lines());
        counted(run.lines()).forEach((name, calls) -> assertEquals(calls, run.calls(name), name));
        assertEquals(run.calls("Shape.of") / 2, run.calls("Unit.<init>"));
    }

    /** Constructors with much before the other constructor, loaders of its own, huge methods, stack traces. */
    @Test
    void countsEveryCallOfAnOddProgram(@TempDir Path temporary) throws Exception {
        Path trace = temporary.resolve("trace");
        String rule = "method=" + Odd.class.getPackageName() + ".**,mode=";
        Run timed = run(Odd.class, true, List.of("-Xverify:all", agent(rule + "time")));
        assertEquals(expectedOdd, timed.lines());
        counted(timed.lines()).forEach((name, calls) -> assertEquals(calls, timed.calls(name), name));
        assertEquals(0, timed.calls("Ghost.work"), "hidden classes are left alone");
        Run recorded = run(Odd.class, false, List.of("-Xverify:all",
                agent("trace=" + trace + ";" + rule + "event,args")));
        assertEquals(expectedOdd, recorded.lines());
        Map<String, Long> calls = calls(trace);
        counted(recorded.lines()).forEach((name, count) -> assertEquals(count, calls.get(name), name));
    }

    @Test
    void listsHiddenClassesAndHugeMethods() throws Exception {
        try (Child child = Child.start(List.of("-XX:+EnableDynamicAgentLoading"), Odd.class, "1")) {
            child.linesTo(COUNTS);
            String list = child.agent(jar, "dry-run;method=" + Odd.class.getPackageName() + ".**");
            assertTrue(list.contains("left alone: org.example.calls.Loaded$Ghost: a hidden class"), list);
            assertTrue(list.contains("left alone: org.example.calls.Huge7990::run: has 79"), list);
            assertTrue(list.contains("left alone: org.example.calls.Huge65400::run: has 65"), list);
            assertTrue(list.contains("\norg.example.calls.Huge60000::run time\n"), list);
            assertTrue(list.contains("\norg.example.calls.Loaded$Cargo::work time\n"), list);
            assertFalse(list.contains("$$Lambda"), list);
            assertEquals(List.of(), child.end());
        }
    }

    @Test
    void listsWhatMatchesWhenTheProgramEnds() throws Exception {
        String options = agent("dry-run;method=" + Program.class.getName() + "$Shape::*,mode=count");
        try (Child child = Child.start(List.of(options), Program.class, String.valueOf(TIMES))) {
            List<String> lines = child.end();
            assertEquals("rseq4j agent: dry-run: nothing is traced; what matches is listed when the program ends",
                    lines.removeFirst());
            assertTrue(lines.contains("rseq4j agent: " + Program.class.getName() + "$Shape::of count"),
                    lines.toString());
            assertTrue(lines.getLast().matches("rseq4j agent: \\d+ methods of 1 loaded class would be instrumented"),
                    lines.toString());
            lines.removeIf(line -> line.startsWith("rseq4j agent: "));
            assertEquals(expected, lines);
        }
    }

    @Test
    void doesTheSameOnTheFallback() throws Exception {
        Run run = run(Program.class, true, List.of("-Xverify:all", FALLBACK,
                agent("method=" + Program.class.getPackageName() + ".**,mode=time")));
        assertEquals(expected, run.lines());
        counted(run.lines()).forEach((name, calls) -> assertEquals(calls, run.calls(name), name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode=event", "mode=event,args,stack", "over=1ns,args", "over=1ns"})
    void recordsEveryCall(String mode, @TempDir Path temporary) throws Exception {
        Path trace = temporary.resolve("trace");
        Run run = run(Program.class, false, List.of("-Xverify:all",
                agent("trace=" + trace + ";method=" + Program.class.getPackageName() + ".Program$**," + mode)));
        assertEquals(expected, run.lines());
        Map<String, Long> calls = calls(trace);
        counted(run.lines()).forEach((name, count) -> assertEquals(count, calls.get(name), name));
    }

    private static Map<String, Long> calls(Path trace) throws IOException {
        Map<String, Long> calls = new HashMap<>();
        try (TraceReader reader = new TraceReader(trace)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                String[] parts = event.name().split(":", -1);
                String name = Child.name(parts[0], parts[1].replaceFirst("_begin$", ""));
                if (!name.endsWith("_end")) {
                    calls.merge(name, 1L, Long::sum);
                }
            }
            assertEquals(List.of(), reader.problems());
        }
        return calls;
    }
}
