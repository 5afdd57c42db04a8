package io.github.rseq4j.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

/** The report measures each peer that is there, and states how to get the others. It leaves no file. */
class AgentReportTest {
    private static final int REFUSED = 2;

    /** The result of a report. */
    private record Outcome(int exit, String output, String errors) {}

    /** Runs a report for which no jar of an agent is there. */
    private static Outcome run(Path temporary, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djava.io.tmpdir=" + temporary,
                "-Dmaven.repo.local=" + temporary.resolve("none"), "-Drseq4j.agent=" + temporary.resolve("none.jar"),
                "-cp", System.getProperty("java.class.path"), AgentReport.class.getName()));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile("errors", ".txt");
        try {
            Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), output, Files.readString(errors));
        } finally {
            Files.delete(errors);
        }
    }

    private static double figure(Outcome outcome, String row) {
        Matcher found = Pattern.compile("^" + Pattern.quote(row) + " +([\\d.]+) \\(", Pattern.MULTILINE)
                .matcher(outcome.output());
        assertTrue(found.find(), row + " is not in:\n" + outcome.output() + outcome.errors());
        return Double.parseDouble(found.group(1));
    }

    private static void assertMissing(Outcome outcome, String row, String remedy) {
        assertTrue(outcome.output().lines().anyMatch(line -> line.startsWith(row)
                && line.contains("not measured: " + remedy)), row + " without " + remedy + ":\n" + outcome.output());
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void measuresThePeersThatAreThereAndSaysHowToGetTheOthers(@TempDir Path temporary)
            throws IOException, InterruptedException {
        Outcome outcome = run(temporary, "short", "calls");
        assertEquals(0, outcome.exit(), outcome.errors());
        assertTrue(figure(outcome, "no agent") > 0, outcome.output());
        for (String peer : List.of("JFR, method-timing", "JFR, method-trace, every call, no stacks",
                "JFR, method-trace, over 10 ms", "async-profiler, trace, over 10 ms",
                "by hand: nanoTime twice and two LongAdders")) {
            assertTrue(figure(outcome, peer) > 0, peer + ":\n" + outcome.output());
        }
        assertMissing(outcome, "rseq4j, count", "run mvn -DskipTests package, which makes ");
        assertMissing(outcome, "Kieker 2.0.2", "run mvn dependency:get -Dtransitive=false"
                + " -Dartifact=net.kieker-monitoring:kieker:2.0.2:jar:bytebuddy");
        assertMissing(outcome, "OpenTelemetry's agent", "run mvn dependency:get -Dtransitive=false"
                + " -Dartifact=io.opentelemetry.javaagent:opentelemetry-javaagent:");
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.filter(file -> !file.getFileName().toString().startsWith("hsperf")).toList());
        }
    }

    @Test
    void refusesUnknownArguments(@TempDir Path temporary) throws IOException, InterruptedException {
        Outcome outcome = run(temporary, "2", "stream");
        assertEquals(REFUSED, outcome.exit());
        assertTrue(outcome.errors().contains("arguments=[2, stream], expected [short] [ROUNDS] [MINUTESm] [GROUP...]"
                + " with groups of [calls, jackson, attach]"), outcome.errors());
    }
}
