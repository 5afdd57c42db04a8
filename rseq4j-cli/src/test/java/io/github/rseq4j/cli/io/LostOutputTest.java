package io.github.rseq4j.cli.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Main;
import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.trace.SampleTrace;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No command succeeds if its output is lost. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LostOutputTest {
    @TempDir
    private Path folder = Path.of("");

    private String[] words(String command) throws IOException {
        Files.writeString(folder.resolve("text"), "text\n");
        return command.replace("TRACE", SampleTrace.write(folder.resolve("trace"), 20_000).toString())
                .replace("PID", Long.toString(ProcessHandle.current().pid()))
                .replace("DIR", folder.toString()).split(" ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "--version", "trace view --help", "doctor", "doctor --json", "listing",
        "listing --names", "selftest --seconds=1", "demo --bytes DIR/text", "provider --output=DIR", "trace view TRACE",
        "trace view TRACE --json", "trace summary TRACE", "trace summary TRACE --json",
        "trace convert TRACE --to=chrome", "trace report TRACE --html=DIR/page"})
    void reportsAFullDeviceInOneLine(String command) throws IOException {
        try (OutputStream full = new FileOutputStream("/dev/full")) {
            Run run = Run.into(full, words(command));
            assertEquals("rseq4j: the output cannot be written: no space left on device", run.onlyError());
            assertEquals(5, run.exit());
        }
    }

    /** An output that behaves like a closed pipe, and counts the attempts to write. */
    private static final class ClosedPipe extends OutputStream {
        private int tries;

        @Override
        public void write(int octet) throws IOException {
            tries++;
            throw new IOException("Broken pipe");
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            write(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "listing", "trace view TRACE", "trace view TRACE --json",
        "trace convert TRACE --to=chrome", "trace summary TRACE"})
    void endsQuietlyOnAClosedPipeLikeSigpipe(String command) throws IOException {
        ClosedPipe pipe = new ClosedPipe();
        Run run = Run.into(pipe, words(command));
        assertEquals(new Run(141, "", ""), run);
        // Enough for the buffers of 4,096 events, and too few for those of 60,000.
        assertTrue(pipe.tries < 200, "the command continued: " + pipe.tries);
    }

    @Test
    void exitsWithTheStatusOfLostOutput() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", Run.classPath()));
        command.add(Main.class.getName());
        command.addAll(List.of(words("trace summary TRACE")));
        File err = folder.resolve("err").toFile();
        Process process = new ProcessBuilder(command).redirectOutput(new File("/dev/full")).redirectError(err).start();
        assertEquals(5, process.waitFor());
        assertEquals("rseq4j: the output cannot be written: no space left on device",
                Files.readString(err.toPath()).strip());
    }
}
