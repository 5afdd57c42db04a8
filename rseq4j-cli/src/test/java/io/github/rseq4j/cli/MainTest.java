package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.io.ExitStatus;
import java.io.IOException;
import java.io.Writer;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MainTest {
    private static final String COMMANDS =
            "doctor, selftest, listing, demo, provider, inspect, trace, attach, detach, top, "
                    + "sample, bench, help, completion";

    /** The width of {@link Terminal}. */
    private static final int TERMINAL_COLUMNS = 150;

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

    @Test
    void asksWhetherASimilarCommandOrOptionWasMeant() {
        assertEquals("rseq4j: command=docter is unknown; did you mean doctor?; see rseq4j --help",
                Run.of("docter").onlyError());
        assertEquals("rseq4j: command=veiw is unknown; did you mean view?; see rseq4j trace --help",
                Run.of("trace", "veiw").onlyError());
        assertEquals("rseq4j: command=sumary is unknown; did you mean summary?; see rseq4j trace --help",
                Run.of("help", "trace", "sumary").onlyError());
        Run option = Run.of("doctor", "--jsno");
        assertEquals(2, option.exit());
        assertEquals("rseq4j: Unknown option: '--jsno'; did you mean --json?; see rseq4j doctor --help",
                option.onlyError());
        assertEquals("rseq4j: Unknown option: '--secnds=3'; did you mean --seconds?; see rseq4j selftest --help",
                Run.of("selftest", "--secnds=3").onlyError());
    }

    @Test
    void helpDescribesACommand() {
        assertEquals(Run.of("--help"), Run.of("help"));
        assertEquals(Run.of("doctor", "--help"), Run.of("help", "doctor"));
        assertEquals(Run.of("trace", "view", "--help"), Run.of("help", "trace", "view"));
        assertEquals(2, Run.of("help", "doctor", "view").exit());
    }

    /** The list of commands shows the first line of each description. */
    @Test
    void theSummaryOfACommandIsASentence() {
        List<CommandLine> all = new ArrayList<>(Main.commandLine().getSubcommands().values());
        all.addAll(Objects.requireNonNull(Main.commandLine().getSubcommands().get("trace")).getSubcommands().values());
        for (CommandLine command : all) {
            String[] description = command.getCommandSpec().usageMessage().description();
            assertTrue(description[0].endsWith("."), command.getCommandName() + ": " + description[0]);
        }
    }

    @Test
    void namesTheLauncherForItsOwnCommands() {
        Run sample = Run.of("sample", "5", "a");
        assertEquals(2, sample.exit());
        assertEquals("rseq4j: command=sample 5 a is a command of the launcher: run ./rseq4j sample 5 a in the source of"
                + " rseq4j", sample.onlyError());
        assertEquals("rseq4j: command=bench --quick pools is a command of the launcher: run ./rseq4j bench --quick"
                + " pools in the source of rseq4j", Run.of("bench", "pools", "--quick").onlyError());
        assertTrue(Run.of("smaple").onlyError().contains("did you mean sample?"));
    }

    @Test
    void printsACompletionThatBashAccepts() throws IOException, InterruptedException {
        Run run = Run.of("completion");
        assertEquals(0, run.exit());
        Process bash = new ProcessBuilder("bash", "-c", """
                . /dev/stdin
                COMP_WORDS=(rseq4j trace su); COMP_CWORD=2; _complete_rseq4j; echo "${COMPREPLY[*]}"
                COMP_WORDS=(rseq4j doctor --j); COMP_CWORD=2; _complete_rseq4j; echo "${COMPREPLY[*]}"
                """).redirectErrorStream(true).start();
        try (Writer script = bash.outputWriter()) {
            script.write(run.out());
        }
        List<String> lines = bash.inputReader().readAllLines();
        assertEquals(0, bash.waitFor());
        assertEquals(List.of("summary", "--json"), lines.stream().map(String::strip).toList());
    }

    private static List<String> help(ProcessBuilder builder) throws IOException, InterruptedException {
        builder.command(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", Run.classPath(),
                Main.class.getName(), "help", "trace", "convert");
        Process process = builder.start();
        List<String> lines = process.inputReader().readAllLines();
        assertEquals(0, process.waitFor());
        return lines;
    }

    @Test
    void helpIsAsWideAsColumnsSays() throws IOException, InterruptedException {
        for (int columns : List.of(60, 132)) {
            ProcessBuilder builder = new ProcessBuilder();
            builder.environment().put("COLUMNS", "" + columns);
            int widest = help(builder).stream().mapToInt(String::length).max().orElseThrow();
            assertTrue(widest <= columns && widest > columns - 12, columns + ": " + widest);
        }
    }

    @Test
    void helpIsAsWideAsTheTerminal(@TempDir Path folder) throws Exception {
        try (Terminal terminal = new Terminal(folder, "help", "trace", "convert")) {
            assertEquals(0, terminal.exit());
            int widest = terminal.rest().lines().mapToInt(String::length).max().orElseThrow();
            assertTrue(widest <= TERMINAL_COLUMNS && widest > TERMINAL_COLUMNS - 12, terminal.rest());
        }
    }

    @Test
    void theManualExplainsEveryExitStatus() throws Exception {
        String page = Files.readString(Path.of(System.getProperty("rseq4j.root", ".."), "docs", "operations.md"));
        for (Field status : ExitStatus.class.getFields()) {
            assertTrue(page.contains("\n| " + status.getInt(null) + " | "), status.getName());
        }
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
