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
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The report measures each peer, or states why it cannot. It leaves no process and no file. */
class PeersReportTest {
    private static final Pattern HEAD = Pattern.compile("^(ns an? |to files|bytes in files|.* CPUs; )");
    private static final Pattern ROW =
            Pattern.compile("\\S.*?\\S  +((([\\d.,]+M? \\([\\d.,]+ to [\\d.,]+\\)|-) *)+|not measured: .*)");
    private static final Pattern LTTNG = Pattern.compile("(?m)^LTTng-UST \\d+\\.\\d+\\.\\d+, in C ");
    private static final int REFUSED = 2;

    /** The result of a report. */
    private record Outcome(int exit, String output, String errors) {}

    private static Process start(Path temporary, Path errors, String path, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djava.io.tmpdir=" + temporary,
                "-Djmh.ignoreLock=true", "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"),
                PeersReport.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().put("PATH", path);
        return builder.start();
    }

    private static Outcome run(Path temporary, String path, String... arguments)
            throws IOException, InterruptedException {
        Path errors = Files.createTempFile("errors", ".txt");
        try {
            Process process = start(temporary, errors, path, arguments);
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), output, Files.readString(errors));
        } finally {
            Files.delete(errors);
        }
    }

    /** Skips the test where LTTng is not installed; in CI the test fails. */
    private static void requireLttng() throws IOException, InterruptedException {
        String reason = LttngChild.whyNotInstalled();
        if (reason != null) {
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail(reason);
            }
            abort(reason);
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

    private static void assertHasFigures(Outcome outcome, List<String> rows) {
        assertEquals(0, outcome.exit(), outcome.errors());
        assertEquals(List.of(), outcome.output().lines().filter(line -> !line.isEmpty() && !HEAD.matcher(line).find()
                && !ROW.matcher(line).matches()).toList(), "lines that are not rows");
        for (String what : rows) {
            Matcher row = Pattern.compile("^" + what + "  +([\\d.,]+)M? \\(", Pattern.MULTILINE)
                    .matcher(outcome.output());
            assertTrue(row.find(), what + " is not in:\n" + outcome.output());
            assertTrue(Double.parseDouble(row.group(1).replace(",", "")) > 0, row.group());
        }
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void measuresEverythingOnce(@TempDir Path temporary) throws IOException, InterruptedException {
        Outcome outcome = run(temporary, System.getenv("PATH"), "short", "clock", "longs", "span", "text", "log",
                "bytes", "stream");
        assertHasFigures(outcome, List.of("System.nanoTime", "empty critical downcall",
                "time stamp counter, in a critical downcall", "rseq4j", "rseq4j, unordered time",
                "JFR, without stacks", "async-profiler's Span, to a file", "OpenTelemetry's SDK, to nowhere",
                "Log4j, asynchronous loggers", "handler=silent", "handler=stream", "handler=rseq4j",
                "1 thread, 1 M a second: rseq4j", "1 thread flat out: rseq4j",
                "1 thread flat out: JFR, without stacks", "1 thread flat out: async-profiler's Span, to a file",
                "1 thread flat out: OpenTelemetry's SDK, to nowhere",
                "1 thread flat out: Log4j, asynchronous loggers"));
        assertNothingIsLeft(temporary);
        requireLttng();
        assertHasFigures(outcome, List.of("time stamp counter, in C", "time stamp counter in order \\(lfence\\), in C",
                "clock_gettime, in C", "LTTng-UST [\\d.]+, in C", "LTTng's agent, [\\d.]+",
                "1 thread, 1 M a second: LTTng-UST [\\d.]+, in C", "1 thread flat out: LTTng-UST [\\d.]+, in C"));
        assertTrue(LTTNG.matcher(outcome.output()).results().map(MatchResult::group).distinct().count() == 2
                || outcome.output().contains("LTTng-UST of Debian's newest suite "), outcome.output());
    }

    @Test
    void namesAPeerThatIsMissingAndThePackagesToInstall(@TempDir Path temporary)
            throws IOException, InterruptedException {
        Outcome outcome = run(temporary, temporary.toString(), "short", "bytes");
        assertHasFigures(outcome, List.of("rseq4j", "JFR, without stacks"));
        assertTrue(outcome.output().matches("(?s).*\nLTTng-UST as installed +not measured: apt-get install"
                + " --no-install-recommends gcc libc6-dev lttng-tools liblttng-ust-dev .*babeltrace2\n.*"),
                outcome.output());
        assertTrue(outcome.output().matches("(?s).*\nLTTng-UST of Debian's newest suite +not measured: .*"),
                outcome.output());
        assertNothingIsLeft(temporary);
    }

    @Test
    void refusesUnknownArguments(@TempDir Path temporary) throws IOException, InterruptedException {
        Outcome outcome = run(temporary, System.getenv("PATH"), "5", "strings");
        assertEquals(REFUSED, outcome.exit());
        assertTrue(outcome.errors().contains("arguments=[5, strings], expected [short] [ROUNDS] [MINUTESm] [GROUP...]"),
                outcome.errors());
    }

    /** Waits until a report has started its daemon. */
    private static void awaitDaemon(Path temporary, Process process) throws InterruptedException {
        while (atHome(temporary).stream().noneMatch(line -> line.contains("lttng-sessiond"))) {
            assertTrue(process.isAlive(), "the report ended before it started a daemon");
            Thread.sleep(50);
        }
    }

    private static void endsWith(String signal, Path temporary) throws IOException, InterruptedException {
        requireLttng();
        File output = temporary.resolve("output.txt").toFile();
        Path errors = temporary.resolve("errors.txt");
        Process process = start(temporary, errors, System.getenv("PATH"), "longs");
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
        assertTrue(Files.deleteIfExists(temporary.resolve("errors.txt")));
        assertNothingIsLeft(temporary);
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void endsItsDaemonWhenItIsKilled(@TempDir Path temporary) throws IOException, InterruptedException {
        endsWith("KILL", temporary);
        assertEquals(List.of(), atHome(temporary), "processes");
    }
}
