package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.tools.attach.VirtualMachine;
import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.agent.table.MethodTableReader;
import io.github.rseq4j.agent.table.TableException;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.BufferedReader;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.attribute.ModuleAttribute;
import java.lang.constant.ModuleDesc;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.example.calls.Steady;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The agent attaches to a program that runs, changes modes, and restores the program's classes. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class AttachTest {
    private static final String STEADY = "method=" + Steady.class.getName();
    @TempDir
    private Path folder;
    private Path jar;
    private Process process;
    private BufferedReader output;
    private VirtualMachine machine;

    @BeforeEach
    void start() throws Exception {
        jar = AgentJar.make(folder);
        start("-cp", Steady.class.getProtectionDomain().getCodeSource().getLocation().getPath(),
                Steady.class.getName());
    }

    private void start(String... program) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+EnableDynamicAgentLoading",
                "-Xverify:all"));
        command.addAll(List.of(program));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        output = process.inputReader();
        assertEquals("running", output.readLine());
        machine = VirtualMachine.attach(String.valueOf(process.pid()));
    }

    @AfterEach
    void stop() throws Exception {
        machine.detach();
        process.destroyForcibly().waitFor();
    }

    private String agent(String options) throws Exception {
        Path answer = folder.resolve("answer");
        Files.writeString(answer, "");
        machine.loadAgent(jar.toString(), "answer=" + answer + ";" + options);
        return Files.readString(answer);
    }

    /** Lets the program end, and requires that all its results were right and that nothing else was printed. */
    private void end() throws Exception {
        process.outputWriter().write('\n');
        process.outputWriter().close();
        List<String> rest = new ArrayList<>();
        output.lines().forEach(rest::add);
        assertEquals(0, process.waitFor(), rest.toString());
        assertEquals(List.of("ended, 0 wrong"), rest);
    }

    private List<MethodRow> rows() throws Exception {
        try (MethodTableReader reader = MethodTableReader.open(process.pid())) {
            return reader.read().rows();
        }
    }

    private long calls(String method) throws Exception {
        return rows().stream().filter(row -> row.method().equals(method)).mapToLong(MethodRow::calls).sum();
    }

    private List<String> recorders() throws Exception {
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return all.map(each -> each.getFileName().toString())
                    .filter(name -> name.startsWith("rseq4j-agent-" + process.pid() + "-")).toList();
        }
    }

    private void awaitCalls(String method, long before) throws Exception {
        while (calls(method) <= before) {
            Thread.sleep(10);
        }
    }

    @Test
    void changesModesWithoutTransforming() throws Exception {
        String first = agent(STEADY + "::step,mode=count");
        assertTrue(first.startsWith("ok\n1 method of 1 loaded class is instrumented\n"), first);
        awaitCalls("step", 0);
        assertEquals(0, rows().getFirst().totalNanos());
        assertEquals("ok\n1 method has another mode\n", agent(STEADY + "::step,mode=time"));
        // The class has methods of another rule.
        String second = agent(STEADY + "::slow,mode=count");
        assertTrue(second.startsWith("ok\n1 method of 1 loaded class is instrumented\n"), second);
        while (rows().getFirst().totalNanos() == 0) {
            Thread.sleep(10);
        }
        assertEquals("step", rows().getFirst().method());
        assertEquals("time", rows().getFirst().mode());
        assertEquals("ok\n1 class is restored\n", agent("detach"));
        long now = calls("step");
        Thread.sleep(100);
        assertEquals(now, calls("step"));
        assertEquals("ok\nnothing was attached\n", agent("detach"));
        end();
    }

    @Test
    void attachesAndDetachesUnderLoad() throws Exception {
        for (int i = 0; i < 100; i++) {
            String attached = agent(STEADY + ",mode=" + (i % 2 == 0 ? "time" : "count"));
            assertTrue(attached.startsWith("ok\n"), attached);
            awaitCalls("step", i == 0 ? 0 : calls("step"));
            String detached = agent("detach");
            assertTrue(detached.startsWith("ok\n1 class is restored\n"), detached);
        }
        assertEquals(rows().stream().map(MethodRow::method).distinct().count(), rows().size());
        end();
    }

    @Test
    void writesTheLastSecondsAfterASlowCall() throws Exception {
        Path snapshots = folder.resolve("snapshots");
        String answer = agent("snapshot=" + snapshots + ";snapshots=60/min;" + STEADY + "::step,mode=event;" + STEADY
                + "::slow,over=1ms,args");
        assertTrue(answer.startsWith("ok\n"), answer);
        List<Path> written = List.of();
        while (written.size() < 2) {
            Thread.sleep(20);
            written = snapshots(snapshots);
        }
        agent("detach");
        assertEquals(List.of(), recorders());
        boolean isSlowThere = false;
        boolean isStepThere = false;
        try (TraceReader reader = new TraceReader(written.getFirst())) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                isStepThere |= event.name().endsWith("Steady:step_begin");
                if (event.name().endsWith("Steady:slow")) {
                    isSlowThere = true;
                    assertTrue((long) event.values().get(0) >= 1_000_000, event.toString());
                    assertEquals(2L, event.values().get(1), event.toString());
                }
            }
            assertEquals(List.of(), reader.problems());
        }
        assertTrue(isSlowThere && isStepThere);
        end();
    }

    private static List<Path> snapshots(Path in) throws Exception {
        if (!Files.exists(in)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(in)) {
            return all.filter(each -> Files.exists(each.resolve("metadata"))).sorted().toList();
        }
    }

    @Test
    void writesSnapshotsToTheFolderOfTheLastRequest() throws Exception {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        String slow = STEADY + "::slow,over=1ms";
        agent("snapshot=" + first + ";" + slow);
        while (snapshots(first).isEmpty()) {
            Thread.sleep(20);
        }
        String other = agent(STEADY + "::step,mode=count");
        assertTrue(other.endsWith("events are kept in memory; they are written to " + first + " after slow calls\n"),
                other);
        String changed = agent("snapshot=" + second + ";snapshots=60/min;" + slow);
        assertTrue(changed.endsWith("they are written to " + second + " after slow calls\n"), changed);
        int before = snapshots(first).size();
        while (snapshots(second).size() < 2) {
            Thread.sleep(20);
        }
        assertEquals(before, snapshots(first).size());
        agent("detach");
        agent("trace=" + folder.resolve("trace") + ";" + slow);
        String streamed = agent("snapshot=" + first + ";" + slow);
        assertTrue(streamed.contains("no snapshots are written, because all events are: detach before"), streamed);
        end();
    }

    @Test
    void findsAnnotationsOfLoadedClasses() throws Exception {
        String answer = agent("method=@" + Steady.class.getName() + "$Marked,mode=count");
        assertTrue(answer.startsWith("ok\n1 method of 1 loaded class is instrumented\n"), answer);
        awaitCalls("slow", 0);
        end();
    }

    @Test
    void leavesNoRecorderWhenTheProgramEnds() throws Exception {
        agent(STEADY + "::slow,mode=event");
        assertEquals(1, recorders().size());
        end();
        assertEquals(List.of(), recorders());
    }

    @Test
    void keepsARecorderWithOtherFilesWhenTheProgramEnds() throws Exception {
        agent(STEADY + "::slow,mode=event");
        Path recorder = Path.of(System.getProperty("java.io.tmpdir"), recorders().getFirst());
        Path snapshot = recorder.resolve("snapshot");
        String written = agent("tracers;tracer=" + recorder.getFileName() + ";snapshot=" + snapshot);
        assertTrue(written.startsWith("ok\n"), written);
        end();
        try (Stream<Path> files = Files.walk(recorder)) {
            List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
            assertTrue(all.stream().anyMatch(each -> each.startsWith(snapshot) && each.endsWith("metadata")),
                    all.toString());
            for (Path each : all) {
                Files.delete(each);
            }
        }
    }

    @Test
    void preparesNothingForADryRun() throws Exception {
        String dry = agent("dry-run;" + STEADY + "::step,mode=count;method=java.**");
        assertTrue(dry.contains("Steady::step count\n"), dry);
        assertTrue(dry.lines().filter(line -> line.startsWith("left alone: ")).count() < 100, dry);
        assertTrue(dry.matches("(?s).*left alone: \\d{3,}, such as java\\..*"), dry);
        assertThrows(TableException.class, this::rows);
        assertEquals("ok\nnothing was attached\n", agent("detach"));
        end();
    }

    /** Module java.instrument is not among the program's modules: the JVM loads it when the agent comes. */
    @Test
    void attachesToAProgramOfModules() throws Exception {
        stop();
        Path module = folder.resolve("steady");
        String name = Steady.class.getName().replace('.', '/') + ".class";
        Files.createDirectories(module.resolve(name).getParent());
        try (InputStream in = Objects.requireNonNull(Steady.class.getResourceAsStream("/" + name))) {
            Files.write(module.resolve(name), in.readAllBytes());
        }
        Files.write(module.resolve("module-info.class"), ClassFile.of().buildModule(ModuleAttribute.of(
                ModuleDesc.of("steady"), made -> made.requires(ModuleDesc.of("java.base"), 0, null))));
        start("-p", module.toString(), "-m", "steady/" + Steady.class.getName());
        String attached = agent(STEADY + "::step,mode=count");
        assertTrue(attached.startsWith("ok\n1 method of 1 loaded class is instrumented\n"), attached);
        awaitCalls("step", 0);
        assertEquals("ok\n1 class is restored\n", agent("detach"));
        process.outputWriter().close();
        // The JDK warns that java.instrument loads its own library.
        assertEquals("ended, 0 wrong", output.lines().toList().getLast());
    }

    /** The jar does not have the module that the entry makes. */
    @Test
    void answersWhenItCannotStart() throws Exception {
        Path without = folder.resolve("without.jar");
        try (FileSystem made = FileSystems.newFileSystem(Files.copy(jar, without))) {
            Files.delete(made.getPath("/io/github/rseq4j/agent/AgentControl.class"));
        }
        Path answer = Files.createFile(folder.resolve("failure"));
        machine.loadAgent(without.toString(), "answer=" + answer + ";detach");
        assertEquals("error: it does nothing, because it could not be started: java.lang.ClassNotFoundException:"
                + " io.github.rseq4j.agent.AgentControl\n", Files.readString(answer));
        end();
    }

    @Test
    void saysWhatIsWrong() throws Exception {
        String wrong = agent("method=a.B,mode=often");
        assertTrue(wrong.startsWith("error: mode=often"), wrong);
        String none = agent("method=no.such.Class");
        assertTrue(none.startsWith("ok\nno method is instrumented by the rules of this request\n"
                + "no loaded class matches"), none);
        String again = agent("method=no.such.Class,mode=count");
        assertEquals("ok\nno method that is instrumented has this rule\n", again);
        String base = agent("method=java.lang.String");
        assertTrue(base.startsWith("""
                ok
                no method is instrumented by the rules of this request
                all that match are left alone
                """), base);
        assertTrue(base.contains("left alone: java.lang.String: "), base);
        String dry = agent("dry-run;" + STEADY + ";method=java.lang.String");
        assertTrue(dry.contains("Steady::step time\n"), dry);
        assertTrue(dry.contains("left alone: java.lang.String: "), dry);
        assertEquals(List.of(), rows());
        end();
    }
}
