package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.TraceRecovery;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages for a trace that is incomplete: the tracer was killed, still runs, or was started again. */
class TraceInputTest {
    @TempDir
    private Path folder = Path.of("");

    /** The events. */
    @Provider("numbers")
    interface Numbers {
        void number(@Field("n") long n);
    }

    private Run run(String command, Path trace) {
        List<String> words = new ArrayList<>(List.of(command.replace("PAGE", folder.resolve("page").toString())
                .split(" ")));
        words.add(0, "trace");
        words.add(trace.toString());
        return Run.of(words.toArray(String[]::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"view", "view --json", "summary", "convert --to=chrome", "report --html=PAGE"})
    void reportsATracerThatWasNotClosedWithTheRemedy(String command) throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 10);
        Run whole = run(command, trace);
        assertEquals(0, whole.exit(), whole.err());
        Files.createFile(Files.createDirectory(trace.resolve(".rings")).resolve("lock"));
        Run run = run(command, trace);
        assertEquals(4, run.exit());
        assertEquals("rseq4j: " + trace + ": the tracer was not closed, and events that it had not written are in"
                + " .rings: run `rseq4j trace recover DIR` and read it again" + System.lineSeparator(), run.err());
        if (command.startsWith("report")) {
            assertTrue(Files.readString(folder.resolve("page")).contains("the tracer was not closed"));
        } else {
            assertEquals(whole.out(), run.out(), "everything readable is shown");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"view", "summary", "convert --to=chrome", "report --html=PAGE"})
    void reportsARunningTracerAndLeavesItAlone(String command) throws IOException {
        for (boolean isFlightRecorder : new boolean[] {false, true}) {
            Path trace = folder.resolve("running" + isFlightRecorder);
            try (Tracer tracer = isFlightRecorder ? Tracer.flightRecorder(trace) : Tracer.streaming(trace)) {
                Numbers numbers = tracer.probes(MethodHandles.lookup(), Numbers.class);
                numbers.number(7);
                tracer.flush();
                Run run = run(command, trace);
                assertEquals(0, run.exit(), run.err());
                assertEquals("rseq4j: " + trace + ": the tracer still runs, pid=" + ProcessHandle.current().pid()
                        + ": the output is what it has written so far; a flight recorder writes only snapshots"
                        + System.lineSeparator(), run.err());
                if (command.equals("view")) {
                    assertEquals(!isFlightRecorder, run.out().contains("numbers:number n=7"), run.out());
                }
                // The tracer still holds its lock.
                assertTrue(assertThrows(IOException.class, () -> TraceRecovery.recover(trace)).toString()
                        .contains("still runs"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"view", "summary", "convert --to=chrome", "report --html=PAGE"})
    void namesLaterRuns(String command) throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 10);
        for (String other : List.of("run-2", "run-3", "run-10")) {
            SampleTrace.write(trace.resolve(other), 10);
        }
        Files.createDirectory(trace.resolve("run-99"));
        Files.createFile(trace.resolve("run-98"));
        Files.createSymbolicLink(trace.resolve("run-97"), trace.resolve("run-2"));
        SampleTrace.write(trace.resolve("run-0x"), 10);
        Run run = run(command, trace);
        assertEquals(0, run.exit(), run.err());
        assertEquals("rseq4j: " + trace + ": later runs are in run-10, run-3, run-2, and are not shown"
                + System.lineSeparator(), run.err());
        assertFalse(run("view", trace.resolve("run-2")).err().contains("runs"));
    }
}
