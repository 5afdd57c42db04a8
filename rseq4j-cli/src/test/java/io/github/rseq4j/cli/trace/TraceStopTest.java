package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.TraceSummary;
import io.github.rseq4j.cli.Terminal;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The reading of a trace that is stopped, by a program or by Ctrl-C. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TraceStopTest {
    private static final String INTERRUPT = "\u0003";
    private static final String IGNORED = "SigIgn:";
    /** Its bit among the ignored signals. */
    private static final long SIGINT = 1 << 1;
    private static final int STATUS = 130;
    private static final int EVENTS = 100;

    @TempDir
    private Path folder = Path.of("");
    private Path trace = Path.of("");

    /** The events. */
    interface Steps {
        void step(@Field("number") long number);
    }

    @BeforeEach
    void writeTrace() throws IOException {
        trace = folder.resolve("trace");
        try (Tracer tracer = Tracer.streaming(trace)) {
            record(tracer);
        }
    }

    private static void record(Tracer tracer) {
        Steps steps = tracer.probes(MethodHandles.lookup(), Steps.class);
        for (int i = 0; i < EVENTS; i++) {
            steps.step(i);
        }
    }

    @Test
    void findsNoMoreEventsAfterItWasStopped() throws IOException {
        try (Trace read = Trace.open(trace)) {
            assertNotNull(read.next());
            assertNotNull(read.nextTime());
            assertFalse(read.isStopped());
            read.stop();
            assertTrue(read.isStopped());
            assertNull(read.nextTime());
            assertNull(read.next());
            assertEquals(0, read.events().count());
            assertEquals(0, TraceSummary.of(read).count());
        }
    }

    private static boolean ignoresInterrupts() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(IGNORED))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(IGNORED.length()).trim(), 16) & SIGINT) != 0);
    }

    /** Sends SIGINT to this JVM while a command reads. Without the command's handler the JVM would end. */
    @Test
    void endsWithWhatWasReadAtCtrlC() throws IOException, InterruptedException {
        assumeFalse(ignoresInterrupts(), "the build runs in the background of a shell, which ignores SIGINT");
        StringWriter err = new StringWriter();
        try (TraceInput input = new TraceInput(trace).stoppable()) {
            Trace read = Objects.requireNonNull(input.trace());
            assertNotNull(read.next());
            Process kill = new ProcessBuilder("sh", "-c", "kill -INT " + ProcessHandle.current().pid()).start();
            assertEquals(0, kill.waitFor());
            while (!read.isStopped()) {
                Thread.sleep(1);
            }
            assertNull(read.next());
            assertEquals(STATUS, input.finish(new PrintWriter(err)));
        }
        assertTrue(err.toString().contains("stopped by Ctrl-C: the output covers what was read until then"),
                err::toString);
    }

    @Test
    void followsARunningTracerUntilCtrlC() throws Exception {
        Path running = folder.resolve("running");
        try (Tracer tracer = Tracer.streaming(running);
                Terminal terminal = new Terminal(folder, "trace", "view", running.toString(), "--follow",
                        "--delay=0")) {
            record(tracer);
            tracer.flush();
            terminal.await("number=" + (EVENTS - 1));
            terminal.type(INTERRUPT);
            terminal.await("stopped by Ctrl-C");
            assertEquals(STATUS, terminal.exit());
        }
    }
}
