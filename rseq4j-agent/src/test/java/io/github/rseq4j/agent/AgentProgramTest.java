package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.agent.table.MethodTableReader;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

    /** The output of the program, and what was read while it waited. */
    private record Run(List<String> lines, Map<String, Long> calls) {
        long calls(String method) {
            return calls.getOrDefault(method, 0L);
        }
    }

    @BeforeAll
    static void makesTheJar() throws Exception {
        jar = AgentJar.make(folder);
        expected = run(false, List.of()).lines();
        assertTrue(expected.getLast().startsWith(COUNTS), expected.toString());
    }

    private static List<String> command(List<String> options) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString()));
        command.addAll(options);
        command.addAll(List.of("-cp", Program.class.getProtectionDomain().getCodeSource().getLocation().getPath(),
                Program.class.getName(), String.valueOf(TIMES)));
        return command;
    }

    private static Run run(boolean isTableRead, List<String> options) throws Exception {
        Process process = new ProcessBuilder(command(options)).redirectErrorStream(true).start();
        try {
            List<String> lines = new ArrayList<>();
            BufferedReader output = process.inputReader();
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                if (line.startsWith(COUNTS)) {
                    break;
                }
            }
            Map<String, Long> calls = isTableRead ? table(process.pid()) : Map.of();
            // On the fallback the counts are copied to the table once a second.
            while (isTableRead && options.contains(FALLBACK) && !calls.entrySet().containsAll(
                    counted(lines).entrySet())) {
                Thread.sleep(100);
                calls = table(process.pid());
            }
            process.outputWriter().close();
            assertEquals(0, process.waitFor(), lines.toString());
            return new Run(lines, calls);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static Map<String, Long> table(long pid) throws Exception {
        Map<String, Long> calls = new HashMap<>();
        try (MethodTableReader reader = MethodTableReader.open(pid)) {
            for (MethodRow row : reader.read().rows()) {
                calls.merge(name(row.className(), row.method()), row.calls(), Long::sum);
                assertTrue(row.totalNanos() >= row.maxNanos() * 0.99, row.toString());
            }
        }
        return calls;
    }

    private static String name(String className, String method) {
        return className.substring(className.lastIndexOf('$') + 1) + "." + method;
    }

    /** Returns the calls that the program has counted itself, of methods whose names are those in its class file. */
    private static Map<String, Long> counted(List<String> lines) {
        Map<String, Long> counted = new HashMap<>();
        String line = lines.getLast();
        for (String each : line.substring(COUNTS.length() + 1, line.length() - 1).split(", ", -1)) {
            String[] parts = each.split("=", -1);
            if (!parts[0].endsWith(".new") && !parts[0].endsWith("$")) {
                counted.put(parts[0], Long.valueOf(parts[1]));
            }
        }
        assertTrue(counted.size() > 15, counted.toString());
        return counted;
    }

    private static String agent(String options) {
        return "-javaagent:" + jar + "=" + options;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode=count", "mode=time", "mode=time,over=1ms", "mode=time,sample=3",
        "mode=time,sample=3,over=1ms"})
    void countsEveryCall(String mode) throws Exception {
        Run run = run(true, List.of("-Xverify:all", agent("method=" + Program.class.getPackageName() + ".**," + mode)));
        assertEquals(expected, run.lines());
        counted(run.lines()).forEach((name, calls) -> assertEquals(calls, run.calls(name), name));
        assertEquals(run.calls("Shape.of") / 2, run.calls("Unit.<init>"));
    }

    @Test
    void listsWhatMatchesWhenTheProgramEnds() throws Exception {
        Process process = new ProcessBuilder(command(List.of(agent("dry-run;method=" + Program.class.getName()
                + "$Shape::*,mode=count")))).redirectErrorStream(true).start();
        try {
            process.outputWriter().close();
            List<String> lines = new ArrayList<>(process.inputReader().lines().toList());
            assertEquals(0, process.waitFor(), lines.toString());
            assertEquals("rseq4j agent: dry-run: nothing is traced; what matches is listed when the program ends",
                    lines.removeFirst());
            assertTrue(lines.contains("rseq4j agent: " + Program.class.getName() + "$Shape::of count"),
                    lines.toString());
            assertTrue(lines.getLast().matches("rseq4j agent: \\d+ methods of 1 loaded class would be instrumented"),
                    lines.toString());
            lines.removeIf(line -> line.startsWith("rseq4j agent: "));
            assertEquals(expected, lines);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void doesTheSameOnTheFallback() throws Exception {
        Run run = run(true, List.of("-Xverify:all", FALLBACK,
                agent("method=" + Program.class.getPackageName() + ".**,mode=time")));
        assertEquals(expected, run.lines());
        counted(run.lines()).forEach((name, calls) -> assertEquals(calls, run.calls(name), name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mode=event", "mode=event,args,stack", "over=1ns,args", "over=1ns"})
    void recordsEveryCall(String mode, @TempDir Path temporary) throws Exception {
        Path trace = temporary.resolve("trace");
        Run run = run(false, List.of("-Xverify:all",
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
                String name = name(parts[0], parts[1].replaceFirst("_begin$", ""));
                if (!name.endsWith("_end")) {
                    calls.merge(name, 1L, Long::sum);
                }
            }
            assertEquals(List.of(), reader.problems());
        }
        return calls;
    }
}
