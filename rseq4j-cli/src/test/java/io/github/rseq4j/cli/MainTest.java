package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MainTest {
    private static final String COMMANDS =
            "doctor, selftest, listing, demo, provider, inspect, trace, attach, detach, top";

    @Test
    void helpNamesEveryCommand() {
        Run run = Run.of("--help");
        assertEquals(0, run.exit());
        for (String command : List.of("doctor", "selftest", "listing", "demo", "trace")) {
            assertTrue(run.out().contains("  " + command + " "), run.out());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"doctor", "selftest", "listing", "demo", "trace"})
    void everyCommandHasHelp(String command) {
        Run run = Run.of(command, "--help");
        assertEquals(0, run.exit());
        assertTrue(run.out().startsWith("Usage: rseq4j " + command), run.out());
        assertEquals("", run.err());
    }

    @Test
    void printsTheProjectsVersion() throws IOException {
        String pom = Files.readString(Path.of(System.getProperty("rseq4j.root", ".."), "pom.xml"));
        String version = pom.replaceFirst("(?s).*?<version>(.*?)</version>.*", "$1");
        assertEquals(new Run(0, "rseq4j " + version + System.lineSeparator(), ""), Run.of("--version"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"doctor", "selftest", "listing", "demo", "trace"})
    void everyCommandPrintsTheSameVersion(String command) {
        assertEquals(Run.of("--version"), Run.of(command, "--version"));
    }

    @Test
    void refusesAnUnknownCommandAndListsTheKnownOnes() {
        Run run = Run.of("bogus");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: command=bogus is unknown, must be one of " + COMMANDS + "; see rseq4j --help",
                run.onlyError());
    }

    @Test
    void refusesToRunWithoutACommand() {
        Run run = Run.of();
        assertEquals(2, run.exit());
        assertEquals("rseq4j: no command given, must be one of " + COMMANDS + "; see rseq4j --help",
                run.onlyError());
    }

    @Test
    void refusesAnUnknownOption() {
        Run run = Run.of("--bogus");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: Unknown option: '--bogus'; see rseq4j --help", run.onlyError());
    }

    @ParameterizedTest
    @ValueSource(strings = {"doctor", "selftest", "listing", "demo", "trace"})
    void everyCommandRefusesAnUnknownOption(String command) {
        Run run = Run.of(command, "--bogus");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: Unknown option: '--bogus'; see rseq4j " + command + " --help", run.onlyError());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "86401", "-1", "many"})
    void selftestRefusesInvalidSeconds(String seconds) {
        Run run = Run.of("selftest", "--seconds=" + seconds);
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("--seconds"), run.err());
        assertTrue(run.err().contains(seconds), run.err());
    }

    /** A command that throws what its argument names. */
    @Command(name = "fails")
    private record Fails(Throwable failure) implements Callable<Integer> {
        @Override
        public Integer call() throws Exception {
            switch (failure) {
                case Exception exception -> throw exception;
                case Error error -> throw error;
                default -> throw new AssertionError(failure);
            }
        }
    }

    private static Run failing(Throwable failure) {
        CommandLine line = Main.commandLine();
        line.addSubcommand(new Fails(failure));
        return Run.of(line, "fails");
    }

    @Test
    void printsAnUnexpectedExceptionInOneLine() {
        Run run = failing(new IllegalStateException("first\nsecond"));
        assertEquals(1, run.exit());
        assertEquals("rseq4j: IllegalStateException: first", run.onlyError());
    }

    @Test
    void printsAnUnexpectedErrorInOneLine() {
        Run run = failing(new ExceptionInInitializerError("no engine"));
        assertEquals(1, run.exit());
        assertEquals("rseq4j: ExceptionInInitializerError: no engine", run.onlyError());
    }

    @Test
    void namesAFailureWithoutAMessage() {
        assertTrue(failing(new IllegalStateException()).onlyError().contains("IllegalStateException"));
    }

    @Test
    void printsTheStackTraceOnRequest() {
        assertFalse(failing(new IllegalStateException("why")).err().contains("\tat "));
        System.setProperty("rseq4j.debug", "true");
        try {
            assertTrue(failing(new IllegalStateException("why")).err().contains("\tat "));
        } finally {
            System.clearProperty("rseq4j.debug");
        }
    }
}
