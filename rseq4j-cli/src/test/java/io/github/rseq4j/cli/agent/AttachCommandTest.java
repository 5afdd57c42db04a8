package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands attach and detach against JVMs, with an agent that tells what it was asked. */
@Timeout(60)
final class AttachCommandTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void nameTheAgent() throws IOException {
        System.setProperty(AgentCall.JAR_PROPERTY, Jvm.agentJar(folder.resolve("agent.jar")).toString());
    }

    @AfterEach
    void forgetTheAgent() {
        System.clearProperty(AgentCall.JAR_PROPERTY);
    }

    private static Run attach(String pid, String... options) {
        return Run.of(Stream.concat(Stream.of("attach", pid), Stream.of(options)).toArray(String[]::new));
    }

    private static String answer(Jvm jvm, String... options) {
        Run run = attach(jvm.pid(), options);
        assertEquals(0, run.exit(), run.err() + jvm.errorText());
        assertEquals("", run.err());
        return run.out().strip();
    }

    @Test
    void passesRulesAndOptionsToTheAgentAndPrintsItsAnswer() throws IOException {
        Path rules = Files.writeString(folder.resolve("rules"), "# first\nmethod=a.File::x,mode=count\n");
        try (Jvm jvm = Jvm.start(folder, Jvm.java())) {
            assertEquals("method=a.B::c*,mode=time", answer(jvm, "--method", "a.B::c*"));
            assertEquals("trace=/tmp/t;snapshot=" + Path.of("s").toAbsolutePath() + ";snapshots=5/min;jfr;dry-run"
                            + ";method=a.File::x,mode=count;method=a.B,mode=time,over=1500us"
                            + ";method=@c.D,mode=event,args,stack,sample=3,limit=7/s;method=e.F,mode=event,over=2s",
                    answer(jvm, "--rules", rules.toString(), "--method", "a.B", "--mode", "time", "--over", "1.5ms",
                            "--trace", "/tmp/x/../t", "--method", "@c.D", "--args", "--mode", "event", "--stack",
                            "--snapshot", "s", "--sample", "3", "--jfr", "--snapshots", "5/min", "--limit", "7/s",
                            "--dry-run", "--method", "e.F", "--over", "2000ms"));
            assertEquals("trace=\"/tmp/a b;c\";method=\"a.B::c,d\",mode=time",
                    answer(jvm, "--method", "a.B::c,d", "--trace", "/tmp/a b;c"));
            Run detached = Run.of("detach", jvm.pid());
            assertEquals("detach\n", detached.out(), detached.err());
        }
    }

    @Test
    void givesLongRulesInAFile() throws IOException {
        String lines = IntStream.range(0, 20_000).mapToObj(i -> "method=com.acme.Class" + i + "::handle,mode=count\n")
                .collect(Collectors.joining());
        Path rules = Files.writeString(folder.resolve("rules"), lines);
        try (Jvm jvm = Jvm.start(folder, Jvm.java())) {
            String answer = answer(jvm, "--rules", rules.toString(), "--dry-run");
            assertTrue(answer.matches("rules=/tmp/rseq4j-\\d+\\.rules;dry-run\n20000 rules\npermissions 2"), answer);
            Path given = Path.of(answer.substring("rules=".length(), answer.indexOf(';')));
            assertFalse(Files.exists(given), given + " is deleted");
        }
    }

    @Test
    void keepsTheAnswerPrivateAndReadsTheJarInItsPlace() throws IOException {
        try (Jvm jvm = Jvm.start(folder, Jvm.java())) {
            List<String> lines = answer(jvm, "--method", "Inside").lines().toList();
            assertEquals("permissions [OWNER_READ, OWNER_WRITE]", sorted(lines.get(2)));
            assertEquals("jar file:" + folder.resolve("agent.jar"), lines.get(3));
            Path answer = Path.of(lines.get(4).substring("answer ".length()));
            assertFalse(Files.exists(answer), answer + " is deleted");
        }
    }

    private static String sorted(String permissions) {
        return permissions.replace("[OWNER_WRITE, OWNER_READ]", "[OWNER_READ, OWNER_WRITE]");
    }

    @Test
    void reportsTheErrorOfTheAgentWithStatusOne() throws IOException {
        try (Jvm jvm = Jvm.start(folder, Jvm.java())) {
            Run run = attach(jvm.pid(), "--method", "Refuse");
            assertEquals(1, run.exit());
            assertEquals("rseq4j: pid=" + jvm.pid() + " (java): Refuse is refused\nbecause \\u001b[31mred\\u001b[0m\n",
                    run.err());
            assertEquals("", run.out());
            run = attach(jvm.pid(), "--method", "Silent");
            assertEquals(1, run.exit());
            assertTrue(run.onlyError().contains("the agent gave no answer"), run.err());
            run = attach(jvm.pid(), "--method", "Fail");
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains("the agent failed to start; the reason is in the error"), run.err());
            assertTrue(jvm.errorText().contains("this agent fails"), jvm.errorText());
            run = attach(jvm.pid(), "--method", "Halt");
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains("has ended, or closed the connection"), run.err());
        }
    }

    /** The JVM would print its threads and not answer. */
    @Test
    void readsTheFlagThatSwitchesAttachingOffBeforeItSendsASignal() throws IOException {
        try (Jvm jvm = Jvm.start(folder, Jvm.java(), "-XX:-UsePerfData", "--add-opens",
                "java.base/java.lang=ALL-UNNAMED", "-XX:+DisableAttachMechanism")) {
            Run run = attach(jvm.pid(), "--method", "a.B");
            assertTrue(run.onlyError().contains("was started with -XX:+DisableAttachMechanism"), run.err());
            jvm.process().getOutputStream().close();
            assertEquals(0, jvm.process().inputReader(StandardCharsets.UTF_8).lines().count(), "no dump of threads");
        }
        try (Jvm jvm = Jvm.start(folder, Jvm.java(), "-XX:+DisableAttachMechanism", "-XX:-DisableAttachMechanism")) {
            assertEquals("method=a.B,mode=time", answer(jvm, "--method", "a.B"));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "-XX:+DisableAttachMechanism | was started with -XX:+DisableAttachMechanism",
        "-XX:-EnableDynamicAgentLoading | start it with -XX:+EnableDynamicAgentLoading, or with -javaagent:",
    })
    void saysWhichFlagOfTheJvmForbidsIt(String flag, String remedy) throws IOException {
        try (Jvm jvm = Jvm.start(folder, Jvm.java(), flag)) {
            Run run = attach(jvm.pid(), "--method", "a.B");
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains(remedy), run.err());
            assertTrue(jvm.process().isAlive());
        }
    }

    @Test
    void refusesProcessesThatAreNoJvmAndLeavesThemAlive() throws IOException, InterruptedException {
        Process sleep = new ProcessBuilder("sleep", "1000").start();
        try {
            String pid = Long.toString(sleep.pid());
            for (String command : List.of("attach", "detach")) {
                Run run = command.equals("attach") ? attach(pid, "--method", "a.B") : Run.of(command, pid);
                assertEquals(2, run.exit());
                assertTrue(run.onlyError().contains("pid=" + pid + " (sleep) is not a JVM"), run.err());
            }
            assertTrue(sleep.isAlive());
        } finally {
            sleep.destroyForcibly().waitFor();
        }
        Run run = attach(Long.toString(sleep.pid()), "--method", "a.B");
        assertTrue(run.onlyError().contains(": there is no such process; jps -l lists the JVMs"), run.err());
        run = attach(Long.toString(ProcessHandle.current().pid()), "--method", "a.B");
        assertTrue(run.onlyError().contains("is rseq4j itself"), run.err());
        run = attach("0", "--method", "a.B");
        assertTrue(run.onlyError().contains("there is no such process"), run.err());
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void refusesAThreadAndAStoppedJvm() throws IOException, InterruptedException {
        try (Jvm jvm = Jvm.start(folder, Jvm.java());
                Stream<Path> tasks = Files.list(Path.of("/proc", jvm.pid(), "task"))) {
            // Other threads of a JVM may end.
            Path task = tasks.filter(each -> text(each.resolve("comm")).equals("VM Thread\n"))
                    .findFirst().orElseThrow();
            String thread = String.valueOf(task.getFileName());
            Run run = attach(thread, "--method", "a.B");
            assertTrue(run.onlyError().contains("pid=" + thread + " is a thread of process " + jvm.pid()), run.err());
            assertEquals(0, new ProcessBuilder("sh", "-c", "kill -STOP " + jvm.pid()).start().waitFor());
            while (!text(Path.of("/proc", jvm.pid(), "stat")).contains(") T ")) {
                Thread.onSpinWait();
            }
            run = attach(jvm.pid(), "--method", "a.B");
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains("is stopped, by a signal or a debugger"), run.err());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'' | give a rule (--method GLOB or --rules FILE), or ask the program",
        "--mode time | rseq4j: Missing required argument(s): --method=GLOB",
        "--method a.B --mode tme | mode=tme is unknown: a mode is count, time or event",
        "--method a.B --mode count --over 1ms | over does not go with mode=count",
        "--method a.B --limit 5/s | limit is an option of records",
        "--method a/B | packages are separated by dots",
        "--method a.B --mode time --mode count | --method",
        "--method a.B --snapshots 1/min | needs snapshot=DIR",
        "--method a.B --jfr | jfr needs snapshot=DIR",
        "--method a.B --snapshot s | no rule has one: add over=10ms",
        "--rules /none/such | rules=/none/such cannot be read",
        "--method a.B --over | Missing required parameter",
        "--method= | has no name of a class",
        "--method a.B --mode= | mode= is unknown",
        "--method a.B --over= | over= is no duration above 0",
        "--method a.B --sample= | sample=: a number from 1",
        "--method a.B --limit= --mode event | limit=: a number from 1",
        "--method a.B --trace= | --trace= needs DIR, the folder of the trace",
        "--rules= | rules= is no regular file",
    })
    void refusesWrongOptionsBeforeItAttaches(String options, String message) {
        List<String> words = new ArrayList<>(List.of(options.split(" ", -1)));
        words.removeIf(String::isEmpty);
        // The process does not exist, so a check of the process would say so.
        Run run = attach("2147483647", words.toArray(String[]::new));
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains(message), run.err());
        assertFalse(run.err().contains("no such process"), run.err());
    }

    @Test
    void helpShowsThatSwitchesOfTracersAreNotRequired() {
        Run run = Run.of("attach", "--help");
        assertTrue(run.out().contains("[--enable=PROVIDER:EVENT]...") && run.out().contains(
                "[--disable=PROVIDER:EVENT]..."), run.out());
    }

    @Test
    void saysWhereTheAgentsJarIsMissing() {
        System.setProperty(AgentCall.JAR_PROPERTY, folder.resolve("none.jar").toString());
        Run run = attach("1", "--method", "a.B");
        assertTrue(run.onlyError().contains("there is no agent at " + folder + "/none.jar; build it"), run.err());
        System.clearProperty(AgentCall.JAR_PROPERTY);
        run = attach("1", "--method", "a.B");
        assertTrue(run.onlyError().contains("use the launcher rseq4j, or -Drseq4j.agent="), run.err());
    }
}
