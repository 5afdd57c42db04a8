package io.github.rseq4j.cli.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.process.Ptrace;
import io.github.rseq4j.cli.process.PtraceSession;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(60)
class InspectCommandTest {
    private static final Map<String, String> SWITCHED_OFF = Map.of("GLIBC_TUNABLES", "glibc.pthread.rseq=0");
    private static final List<String> KEYS = List.of("tid", "name", "registered", "area", "size", "mode", "signature",
            "flags", "cpu", "mmCid", "node", "offset", "owner", "detail");

    @TempDir
    private Path folder = Path.of("");

    /** Skips the tests where a container or an old kernel forbids inspection. */
    @BeforeEach
    void skipWhereNothingCanBeTraced() {
        assumeTrue(Linux.isCallable(), "Linux on a supported architecture, with native access");
        try (Target target = Target.sleeping(Map.of())) {
            Run run = Run.of("inspect", pid(target));
            if (run.exit() != 0) {
                abort("processes cannot be inspected here: " + run.err());
            }
        }
    }

    private static String pid(Target target) {
        return Integer.toString(target.pid());
    }

    private static JsonNode inspect(Target target) {
        Run run = Run.of("inspect", "--json", pid(target));
        assertEquals(0, run.exit(), run.err());
        return JsonMapper.shared().readTree(run.out());
    }

    private static List<JsonNode> threads(JsonNode report) {
        List<JsonNode> threads = new ArrayList<>();
        report.get("threads").forEach(threads::add);
        return threads;
    }

    private static long owned(JsonNode report, String owner) {
        return threads(report).stream().filter(thread -> thread.get("owner").stringValue().equals(owner)).count();
    }

    private static JsonNode only(JsonNode report) {
        assertEquals(1, report.get("threads").size(), report.toString());
        return report.get("threads").get(0);
    }

    private Target program(Map<String, String> environment, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(Target.compile(folder, "inspected").toString()));
        command.addAll(List.of(words));
        return Target.ready(environment, command);
    }

    /** Skips a test on a libc that does not register. */
    private static void assumeRegistered(JsonNode report) {
        assumeTrue(report.get("libc").stringValue().matches("glibc.* __rseq_size [1-9][0-9]*"),
                "a glibc that registers: " + report.get("libc"));
    }

    /** Skips a test on a libc that cannot be told not to register. */
    private static void assumeSwitchedOff(JsonNode report) {
        assumeTrue(!report.get("libc").stringValue().matches("glibc.* __rseq_size [1-9][0-9]*"),
                "a glibc that can be told not to register: " + report.get("libc"));
    }

    @Test
    void printsAllFieldsOfAThreadThatGlibcRegistered() {
        try (Target target = Target.sleeping(Map.of())) {
            JsonNode report = inspect(target);
            assumeRegistered(report);
            JsonNode thread = only(report);
            KEYS.forEach(key -> assertTrue(thread.has(key), key));
            assertEquals(target.pid(), report.get("pid").intValue());
            assertEquals("sleep", report.get("name").stringValue());
            assertEquals(target.pid(), thread.get("tid").intValue());
            assertEquals("sleep", thread.get("name").stringValue());
            assertTrue(thread.get("registered").booleanValue());
            assertTrue(thread.get("area").stringValue().matches("0x[0-9a-f]+"), thread.toString());
            assertTrue(thread.get("size").intValue() >= 32, thread.toString());
            assertEquals(String.format("0x%08x", Objects.requireNonNull(Architecture.host()).signature()),
                    thread.get("signature").stringValue());
            assertEquals(0, thread.get("flags").intValue());
            assertTrue(thread.get("cpu").intValue() >= 0, thread.toString());
            assertEquals("libc", thread.get("owner").stringValue());
            assertEquals("glibc's area, registered by glibc", thread.get("detail").stringValue());
            assertTrue(report.get("libc").stringValue().contains("__rseq_offset " + thread.get("offset").longValue()
                    + ","), report.toString());
            assertEquals(1, report.get("counts").get("libc").intValue());
            assertEquals(1, report.get("counts").get("registered").intValue());
        }
    }

    @Test
    void printsARowForEachThreadAndASummary() {
        try (Target target = Target.sleeping(Map.of())) {
            JsonNode thread = only(inspect(target));
            Run run = Run.of("inspect", pid(target));
            assertEquals(0, run.exit(), run.err());
            assertEquals("", run.err());
            assertTrue(run.out().startsWith("process " + target.pid() + " (sleep)\n"), run.out());
            assertTrue(run.out().lines().anyMatch(line -> line.matches(target.pid() + " +sleep +"
                    + thread.get("area").asString("-") + " .* " + thread.get("owner").stringValue())), run.out());
            assertTrue(run.out().contains("\n1 thread, "), run.out());
        }
    }

    @Test
    void printsNoRegistrationWhereGlibcIsToldNotToRegister() {
        try (Target target = Target.sleeping(SWITCHED_OFF)) {
            JsonNode report = inspect(target);
            assumeSwitchedOff(report);
            JsonNode thread = only(report);
            assertFalse(thread.get("registered").booleanValue());
            List.of("area", "size", "signature", "flags", "cpu", "mmCid", "node", "offset")
                    .forEach(key -> assertTrue(thread.get(key).isNull(), key));
            assertEquals("none", thread.get("owner").stringValue());
            assertTrue(Run.of("inspect", pid(target)).out().contains("\n1 thread, 0 registered"));
        }
    }

    @Test
    void printsTheModeOfEachThreadAndOfLibc() {
        try (Target target = Target.sleeping(Map.of())) {
            JsonNode report = inspect(target);
            assumeRegistered(report);
            JsonNode thread = only(report);
            boolean isFull = Linux.getauxval(Linux.AT_RSEQ_FEATURE_SIZE) > 32 && thread.get("size").intValue() > 32;
            assertEquals(isFull ? "full" : "legacy", thread.get("mode").stringValue());
            assertEquals(thread.get("size").intValue(), report.get("libcRegisteredLength").intValue());
            assertEquals(thread.get("mode").stringValue(), report.get("libcMode").stringValue());
            assertTrue(Run.of("inspect", pid(target)).out().contains("; " + thread.get("size").intValue()
                    + " bytes are registered, mode " + thread.get("mode").stringValue()));
        }
    }

    /** Found by its effect, without symbols. */
    @Test
    void namesACacheInCpuIdStartWithItsRemedy() throws Exception {
        try (Target target = program(SWITCHED_OFF, "cache")) {
            JsonNode report = inspect(target);
            assumeSwitchedOff(report);
            JsonNode finding = report.get("findings").get(0);
            assertEquals("inspected", finding.get("name").stringValue(), report.toString());
            assertTrue(finding.get("what").stringValue().startsWith("keeps a cache in cpu_id_start"), "" + finding);
            assertTrue(finding.get("remedy").stringValue().contains("glibc.pthread.rseq=1"), finding.toString());
        }
    }

    /** Found by its symbol, before it has any effect; the doctor finds it too, and stops no thread. */
    @Test
    void namesTcmallocUnlessLibcRegisters() throws Exception {
        List<String> command = List.of(Target.compile(folder, "inspected", "-DTCMALLOC").toString(), "rest");
        try (Target target = Target.ready(SWITCHED_OFF, command)) {
            JsonNode report = inspect(target);
            assumeSwitchedOff(report);
            assertEquals("inspected", report.get("findings").get(0).get("name").stringValue(), report.toString());
            assertTrue(Run.of("inspect", pid(target)).out().contains("inspected keeps a cache in cpu_id_start: "));
            JsonNode all = JsonMapper.shared().readTree(Run.of("doctor", "--json").out()).get("processes");
            assertTrue(Stream.iterate(0, i -> i < all.size(), i -> i + 1).map(all::get)
                    .anyMatch(each -> each.get("pid").intValue() == target.pid()), all.toString());
        }
        try (Target target = Target.ready(Map.of(), command)) {
            JsonNode report = inspect(target);
            assumeRegistered(report);
            assertEquals(0, report.get("findings").size(), report.toString());
        }
    }

    /** Exported, with each kind of hash table; not exported; and with a libc linked in. */
    @ParameterizedTest
    @ValueSource(strings = {"-s -rdynamic -Wl,--hash-style=gnu", "-s -rdynamic -Wl,--hash-style=sysv",
        "-fvisibility=hidden", "-no-pie", "-static"})
    void findsTheAreaOfAnExecutableByItsSymbol(String options) throws Exception {
        Path program = Target.compile(folder, "inspected", options.split(" "));
        try (Target target = Target.ready(SWITCHED_OFF, List.of(program.toString(), "symbol"))) {
            assertSymbol(target, "inspected");
        }
    }

    @Test
    void findsTheAreaOfALibraryByItsSymbol() throws Exception {
        Path library = Target.compile(folder, "libarea.so", "-DLIBRARY", "-shared", "-fPIC");
        Path program = Target.compile(folder, "inspected", "-DBORROW", library.toString());
        try (Target target = Target.ready(SWITCHED_OFF, List.of(program.toString(), "symbol"))) {
            // Its memory is read, so the file may be gone.
            Files.delete(library);
            assertSymbol(target, "libarea.so (deleted)");
        }
    }

    private static void assertSymbol(Target target, String object) {
        JsonNode report = inspect(target);
        assumeSwitchedOff(report);
        assertEquals(3, owned(report, "symbol"), report.toString());
        assertEquals(1, owned(report, "none"), report.toString());
        for (JsonNode thread : threads(report)) {
            boolean isOurs = !thread.get("name").stringValue().equals("without");
            assertEquals(isOurs, thread.get("registered").booleanValue(), thread.toString());
            assertEquals(isOurs ? "symbol" : "none", thread.get("owner").stringValue());
            assertEquals(isOurs ? "__rseq_abi of " + object + ", which lies at this distance" : "not registered",
                    thread.get("detail").stringValue());
        }
    }

    @Test
    void findsNoOwnerOfAnAreaWithoutASymbol() throws Exception {
        try (Target target = program(SWITCHED_OFF, "heap")) {
            JsonNode report = inspect(target);
            assumeSwitchedOff(report);
            // The program also defines __rseq_abi, but does not use it.
            assertEquals(3, owned(report, "unknown"), report.toString());
            assertEquals(1, owned(report, "none"), report.toString());
            assertEquals(3, report.get("counts").get("registered").intValue());
            assertTrue(Run.of("inspect", pid(target)).out().contains("unknown: no loaded object names it"));
        }
    }

    @Test
    void keepsAStoppedProcessStopped() throws Exception {
        try (Target target = Target.sleeping(Map.of())) {
            target.signal("STOP");
            target.await("it is stopped", () -> target.isIn('T'));
            for (int i = 0; i < 3; i++) {
                assertEquals(1, inspect(target).get("threads").size());
                target.await("it is stopped again", () -> target.isIn('T'));
                assertEquals("0", target.status("TracerPid"));
            }
            target.signal("CONT");
            target.await("it sleeps again", () -> target.isIn('S'));
        }
    }

    @Test
    void letsBlockingSystemCallsContinue() throws Exception {
        assumeTrue(Objects.requireNonNull(Architecture.host()).tracing().result() >= 0,
                "a kernel on which the tracer decides on the restart");
        try (Target target = program(Map.of(), "blocked")) {
            for (int i = 0; i < 5; i++) {
                assertEquals(4, inspect(target).get("threads").size());
            }
            // An interrupted call would have printed a line first.
            assertEquals("handled 0, wrong 0", target.ask(""));
            assertEquals(4, inspect(target).get("threads").size());
        }
    }

    /** With signals at any time, and with a signal that has stopped the thread before the request to stop. */
    @Test
    void deliversEverySignalOnceAndInOrder() throws Exception {
        try (Target target = program(Map.of(), "stormed")) {
            PtraceSession session = new PtraceSession(Objects.requireNonNull(Architecture.host()));
            for (int i = 0; i < 10; i++) {
                assertEquals(1, inspect(target).get("threads").size());
                assertEquals(0, Ptrace.seize(target.pid()));
                target.await("a signal has stopped it", () -> target.isIn('t'));
                assertInstanceOf(PtraceSession.Seen.class, session.await(target.pid()));
                assertEquals("0", target.status("TracerPid"));
            }
            String answer = target.ask("");
            assertTrue(answer.matches("handled [0-9]+, wrong 0"), answer);
            assertNotEquals("handled 0, wrong 0", answer);
        }
    }

    @Test
    void letsAJvmContinueAndAnswer() throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin/java");
        Path classes = Path.of(EchoChild.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        List<String> command = List.of(java.toString(), "-cp", classes.toString(), EchoChild.class.getName());
        try (Target target = Target.ready(Map.of(), command)) {
            for (int i = 0; i < 3; i++) {
                JsonNode report = inspect(target);
                List<String> names = threads(report).stream().map(t -> t.get("name").stringValue()).toList();
                for (int worker = 0; worker < EchoChild.THREADS; worker++) {
                    assertTrue(names.contains("worker-" + worker), names.toString());
                }
                assertEquals("ping " + i, target.ask("ping " + i));
                if (i == 0) {
                    assumeRegistered(report);
                }
                assertEquals(report.get("threads").size(), owned(report, "libc"), report.toString());
            }
        }
    }

    @Test
    void inspectsAProcessWhoseThreadsStartAndEnd() throws Exception {
        try (Target target = program(Map.of(), "churning")) {
            for (int i = 0; i < 20; i++) {
                assertTrue(inspect(target).get("threads").size() >= 2);
            }
            assertEquals("handled 0, wrong 0", target.ask(""));
        }
    }

    @Test
    void inspectsAProcessWhoseFirstThreadHasEnded() throws Exception {
        try (Target target = program(Map.of(), "leaderless")) {
            target.await("the first thread has ended", () -> target.isIn('Z'));
            JsonNode report = inspect(target);
            assertNotEquals(target.pid(), only(report).get("tid").intValue());
            assumeRegistered(report);
            assertEquals("libc", only(report).get("owner").stringValue());
        }
    }

    @Test
    void reportsAndDetachesAThreadThatDoesNotStop() throws Exception {
        try (Target target = program(Map.of(), "vforked")) {
            target.await("it waits for its child", () -> target.isIn('D'));
            JsonNode thread = only(inspect(target));
            assertTrue(thread.get("registered").isNull());
            assertEquals("unknown", thread.get("owner").stringValue());
            assertTrue(thread.get("detail").stringValue().startsWith("it did not stop"), thread.toString());
            target.await("no process traces it", () -> target.status("TracerPid").equals("0"));
            assertTrue(target.isIn('D'));
        }
    }

    private static void refuses(String what, String... arguments) {
        refuses(2, what, arguments);
    }

    private static void refuses(int exit, String what, String... arguments) {
        Run run = Run.of(arguments);
        assertEquals(exit, run.exit());
        assertTrue(run.onlyError().contains(what), run.err());
    }

    @Test
    void refusesAProcessThatIsTracedAlready() throws Exception {
        try (Target target = Target.sleeping(Map.of()); Target tracer = program(Map.of(), "tracer", pid(target))) {
            assertEquals(pid(tracer), target.status("TracerPid"));
            refuses(5, "already traced, by process " + tracer.pid() + " (inspected)", "inspect", pid(target));
            assertEquals(pid(tracer), target.status("TracerPid"));
        }
    }

    @Test
    void refusesAProcessThatHasEnded() throws Exception {
        int pid;
        try (Target target = Target.sleeping(Map.of())) {
            pid = target.pid();
        }
        refuses("pid=" + pid + ": there is no such process", "inspect", Integer.toString(pid));
    }

    @Test
    void refusesAZombie() throws Exception {
        List<String> command = List.of(Target.compile(folder, "inspected").toString(), "zombie");
        try (Target target = new Target(Map.of(), command)) {
            String pid = target.line().replace("zombie ", "");
            refuses("pid=" + pid + " (inspected) has ended, and its parent has yet to wait for it", "inspect", pid);
        }
    }

    @Test
    void refusesItself() {
        String self = Long.toString(ProcessHandle.current().pid());
        refuses("pid=" + self + " is rseq4j itself, and a process cannot trace itself", "inspect", self);
    }

    @Test
    void refusesAThreadAndNamesItsProcess() throws Exception {
        try (Target target = program(Map.of(), "churning"); Stream<Path> tasks =
                Files.list(Path.of("/proc/self/task"))) {
            String self = Long.toString(ProcessHandle.current().pid());
            String tid = tasks.map(task -> task.getFileName().toString()).filter(id -> !id.equals(self)).findFirst()
                    .orElseThrow();
            refuses("is rseq4j itself", "inspect", tid);
            refuses("is a thread of process " + target.pid() + "; inspect that process", "inspect", lastThread(target));
        }
    }

    /** The second thread lives as long as the process; the threads that it creates do not. */
    private static String lastThread(Target target) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + target.pid() + "/task"))) {
            // In the order of their creation: the kernel may use low ids again.
            return tasks.map(task -> task.getFileName().toString()).skip(1).findFirst().orElseThrow();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "2147483647"})
    void refusesAnIdWithoutAProcess(String pid) {
        refuses("pid=" + pid + ": there is no such process", "inspect", "--", pid);
    }

    @ParameterizedTest
    @ValueSource(strings = {"many", "", "99999999999"})
    void refusesATextThatIsNotANumber(String pid) {
        refuses("see rseq4j inspect --help", "inspect", pid);
    }
}
