package io.github.rseq4j.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The report of LTTng's figures works, or states why it cannot run. It leaves no process and no file. */
class LttngReportTest {
    private static final Pattern HEAD = Pattern.compile("^(ns an? |to files)");
    private static final Pattern ROW = Pattern.compile("\\S.*?\\S  +([\\d.,]+M? \\([\\d.,]+ to [\\d.,]+\\) *)+");
    private static final int CANNOT = 2;

    /** The result of a report. */
    private record Outcome(int exit, String output) {}

    private static Process start(Path temporary, String path, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djava.io.tmpdir=" + temporary,
                "-Djmh.ignoreLock=true", "-cp", System.getProperty("java.class.path"), LttngReport.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("PATH", path);
        return builder.start();
    }

    private static Outcome run(Path temporary, String path, String... arguments)
            throws IOException, InterruptedException {
        Process process = start(temporary, path, arguments);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), output);
    }

    /** Skips the test where the report cannot run; in CI the test fails. */
    private static void require(Outcome outcome) {
        if (outcome.exit() == CANNOT) {
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail(outcome.output());
            }
            abort(outcome.output());
        }
    }

    /** Returns the processes with LTTNG_HOME in the folder, which only a report starts. */
    private static List<String> atHome(Path temporary) {
        return ProcessHandle.allProcesses().filter(process -> {
            try {
                return Files.readString(Path.of("/proc", Long.toString(process.pid()), "environ"),
                        StandardCharsets.ISO_8859_1).contains("LTTNG_HOME=" + temporary);
            } catch (IOException e) {
                return false;
            }
        }).map(process -> process.pid() + " " + process.info().command().orElse("?")).toList();
    }

    private static void assertNothingIsLeft(Path temporary) throws IOException {
        assertEquals(List.of(), atHome(temporary), "processes");
        try (Stream<Path> files = Files.list(temporary)) {
            assertEquals(List.of(), files.filter(file -> !file.getFileName().toString().startsWith("hsperf")).toList());
        }
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void measuresEverythingOnce(@TempDir Path temporary) throws IOException, InterruptedException {
        Outcome outcome = run(temporary, System.getenv("PATH"), "short");
        require(outcome);
        assertEquals(0, outcome.exit(), outcome.output());
        assertEquals(List.of(), outcome.output().lines().filter(line -> !line.isEmpty() && !HEAD.matcher(line).find()
                && !ROW.matcher(line).matches()).toList(), "lines that are not rows");
        for (String what : List.of("time stamp counter, in C", "clock_gettime, in C", "empty critical downcall",
                "time stamp counter, in a critical downcall", "System.nanoTime", "LTTng-UST tracepoint, in C",
                "JFR event", "rseq4j event", "to a handler that does nothing", "to a StreamHandler to nowhere",
                "to LTTng's agent", "LTTng-UST, 1 thread, 1000000 a second", "rseq4j, 1 thread, 1000000 a second",
                "LTTng-UST, 1 thread, as fast as it can", "rseq4j, 1 thread, as fast as it can")) {
            Matcher row = Pattern.compile("^" + what + "  +([\\d.,]+)M? \\(", Pattern.MULTILINE)
                    .matcher(outcome.output());
            assertTrue(row.find(), what + " is not in:\n" + outcome.output());
            assertTrue(Double.parseDouble(row.group(1).replace(",", "")) > 0, row.group());
        }
        assertNothingIsLeft(temporary);
    }

    @Test
    void listsThePackagesToInstall(@TempDir Path temporary) throws IOException, InterruptedException {
        Outcome outcome = run(temporary, temporary.toString(), "short");
        assertEquals(CANNOT, outcome.exit(), outcome.output());
        assertTrue(outcome.output().matches("(?s).*apt-get install --no-install-recommends gcc libc6-dev lttng-tools "
                + "liblttng-ust-dev .*babeltrace2\\n"), outcome.output());
        assertEquals(1, outcome.output().lines().count(), outcome.output());
        assertNothingIsLeft(temporary);
    }

    @Test
    void refusesUnknownArguments(@TempDir Path temporary) throws IOException, InterruptedException {
        Outcome outcome = run(temporary, System.getenv("PATH"), "5", "strings");
        assertEquals(CANNOT, outcome.exit());
        assertTrue(outcome.output().contains("arguments=[5, strings], expected [short] [ROUNDS] [GROUP...]"),
                outcome.output());
    }

    /** Waits until a report has started its daemon. */
    private static void awaitDaemon(Path temporary, Process process) throws InterruptedException {
        while (atHome(temporary).stream().noneMatch(line -> line.contains("lttng-sessiond"))) {
            assertTrue(process.isAlive(), "the report ended before it started a daemon");
            Thread.sleep(50);
        }
    }

    private static void endsWith(String signal, Path temporary) throws IOException, InterruptedException {
        require(run(temporary, System.getenv("PATH"), "short", "stream"));
        File output = temporary.resolve("output.txt").toFile();
        Process process = start(temporary, System.getenv("PATH"), "longs");
        Thread reader = Thread.ofVirtual().start(() -> {
            try (var from = process.getInputStream()) {
                Files.copy(from, output.toPath());
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        try {
            awaitDaemon(temporary, process);
            new ProcessBuilder("sh", "-c", "kill -" + signal + " " + process.pid()).start().waitFor();
            process.waitFor();
        } finally {
            process.destroyForcibly();
        }
        reader.join();
        while (!atHome(temporary).isEmpty()) {
            Thread.sleep(50);
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void endsItsDaemonWhenItIsTerminated(@TempDir Path temporary) throws IOException, InterruptedException {
        endsWith("TERM", temporary);
        assertTrue(Files.deleteIfExists(temporary.resolve("output.txt")));
        assertNothingIsLeft(temporary);
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void endsItsDaemonWhenItIsKilled(@TempDir Path temporary) throws IOException, InterruptedException {
        endsWith("KILL", temporary);
        assertEquals(List.of(), atHome(temporary), "processes");
    }
}
