package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command attach controls the tracers of a program by the agent that the build has made. */
@Timeout(120)
final class AttachTracersTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void nameTheAgent() {
        Path jar = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-agent/target/rseq4j-agent.jar");
        Jvm.require(Files.exists(jar), "the agent is built: mvn -DskipTests package");
        System.setProperty(AgentCall.JAR_PROPERTY, jar.toString());
    }

    @AfterEach
    void forgetTheAgent() {
        System.clearProperty(AgentCall.JAR_PROPERTY);
    }

    private static Run attach(TracingProgram program, String... options) {
        return Run.of(Stream.concat(Stream.of("attach", program.pid()), Stream.of(options)).toArray(String[]::new));
    }

    private String out(TracingProgram program, String... options) {
        Run run = attach(program, options);
        assertEquals(0, run.exit(), run.err());
        return run.out().replace(folder + "/", "");
    }

    private String error(TracingProgram program, String... options) {
        Run run = attach(program, options);
        assertEquals(1, run.exit(), run.out());
        return run.err().replace(folder + "/", "");
    }

    /** Returns the number of events by name, and requires that the trace is whole. */
    private static Map<String, Long> counts(Path trace) throws IOException {
        try (Trace reader = Trace.open(trace)) {
            Map<String, Long> counts = new TreeMap<>();
            reader.events().forEach(each -> counts.merge(each.name(), 1L, Long::sum));
            assertEquals(List.of(), reader.problems());
            return counts;
        }
    }

    private Path only(String prefix) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> found = all.filter(each -> each.getFileName().toString().startsWith(prefix)).toList();
            assertEquals(1, found.size(), found.toString());
            return found.getFirst();
        }
    }

    @Test
    void listsTheTracersOfAllCopiesOfTheLibrary() throws IOException {
        try (TracingProgram program = TracingProgram.start(folder)) {
            assertEquals("""
                    first: flight recorder, 2 events, class loader app
                        orders:paid [enabled]
                        orders:placed [enabled]
                    second: flight recorder, 2 events, class loader plugin
                        orders:paid [enabled]
                        orders:placed [enabled]
                    streamed: streaming, 2 events, class loader app
                        orders:paid [enabled]
                        orders:placed [enabled]
                    """, out(program, "--list"));
            assertEquals("""
                    first: disabled *: 2 events
                    first: enabled orders:paid: 1 events
                    first: flight recorder, 2 events, class loader app
                        orders:paid [enabled]
                        orders:placed [disabled]
                    """, out(program, "--tracer", "f*st", "--disable", "*", "--enable", "orders:paid", "--list"));
            program.run("drop");
            String rest = out(program, "--list");
            assertTrue(rest.contains("streamed: ") && !rest.contains("second: "), rest);
        }
    }

    @Test
    void switchesAndWritesTheTracersOfEachCopy() throws IOException {
        try (TracingProgram program = TracingProgram.start(folder)) {
            program.run("10");
            assertEquals("""
                    second: disabled orders:paid: 1 events
                    """, out(program, "--tracer", folder + "/s?cond", "--disable", "orders:paid"));
            assertEquals("streamed: disabled nothing:*: 0 events so far, and those of later providers\n",
                    out(program, "--tracer", folder.getFileName() + "/str*", "--disable", "nothing:*"));
            program.run("7");
            String written = out(program, "--flush", "--snapshot");
            assertTrue(written.startsWith("streamed: flushed\nfirst: snapshot first-"), written);
            assertEquals(Map.of("orders:placed", 17L, "orders:paid", 17L), counts(only("first-")));
            assertEquals(Map.of("orders:placed", 17L, "orders:paid", 10L), counts(only("second-")));
            Path snapshots = folder.resolve("snapshots");
            out(program, "--tracer", "second", "--enable", "*", "--snapshot", snapshots.toString());
            program.run("1");
            out(program, "--tracer", "second", "--snapshot", snapshots.toString());
            try (Stream<Path> all = Files.list(snapshots)) {
                Path last = all.sorted().toList().getLast();
                assertEquals(Map.of("orders:placed", 18L, "orders:paid", 11L), counts(last));
                Run summary = Run.of("trace", "summary", last.toString());
                assertEquals(0, summary.exit(), summary.err());
            }
        }
        assertEquals(Map.of("orders:placed", 18L, "orders:paid", 18L), counts(folder.resolve("streamed")));
    }

    @Test
    void saysWhatCannotBeDone() throws IOException {
        Files.writeString(folder.resolve("file"), "");
        try (TracingProgram program = TracingProgram.start(folder)) {
            String none = error(program, "--tracer", "orders", "--flush");
            assertTrue(none.contains("tracer=orders matches no folder of an open tracer; there are:\nfirst\n"), none);
            assertTrue(none.endsWith("\nsecond\nstreamed\n"), none);
            String malformed = error(program, "--disable", "orders");
            assertTrue(malformed.contains("first: pattern=orders: must be provider:event"), malformed);
            String mode = error(program, "--tracer", "first", "--flush");
            assertTrue(mode.contains("a flight recorder has nothing to flush: snapshot writes"), mode);
            mode = error(program, "--tracer", "streamed", "--snapshot");
            assertTrue(mode.contains("a streaming tracer writes its events itself: flush"), mode);
            String refused = error(program, "--tracer", "first", "--snapshot", folder + "/file");
            assertTrue(refused.contains("first: ") && refused.contains("file"), refused);
            // The others do what they can.
            refused = error(program, "--tracer", "{first,streamed}", "--flush", "--snapshot", folder + "/file");
            assertTrue(refused.contains("streamed: flushed\n"), refused);
        }
        try (Jvm jvm = Jvm.start(folder, Jvm.java(), "-XX:+EnableDynamicAgentLoading")) {
            Run run = Run.of("attach", jvm.pid(), "--disable", "*");
            assertEquals(1, run.exit());
            assertTrue(run.err().contains("the program has no open tracer; it opens one by"), run.err());
            assertEquals(0, Run.of("attach", jvm.pid(), "--list").exit());
        }
    }

    /** The agent's recorder is written on request, and rules alone switch its events. */
    @Test
    void writesTheAgentsOwnRecorderOnRequest() throws IOException {
        try (TracingProgram program = TracingProgram.start(folder)) {
            out(program, "--method", TracingProgram.class.getName() + "::lambda*", "--mode", "event");
            out(program, "--disable", "*");
            program.run("1");
            String list = out(program, "--list", "--tracer", "rseq4j-agent-*");
            assertTrue(list.contains("flight recorder, 2 events, the agent's own\n")
                    && list.contains("_begin [enabled]\n"), list);
            out(program, "--tracer", "rseq4j-agent-" + program.pid() + "-*", "--snapshot", folder.toString());
            Map<String, Long> counts = counts(only("rseq4j-agent-"));
            assertEquals(List.of(3L, 3L), List.copyOf(counts.values()), counts.toString());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--list --method a.B | rules do not go with --list",
        "--tracer [ | tracer=[ is no glob: ",
        "--flush --dry-run | --dry-run are options of rules",
        "--enable | Missing required parameter",
        "--method a.B --over 1ms --snapshot | --snapshot of rules needs DIR",
    })
    void refusesOptionsThatDoNotGoTogether(String options, String message) {
        Run run = Run.of(("attach 2147483647 " + options).split(" ", -1));
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains(message), run.err());
    }
}
