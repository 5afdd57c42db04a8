package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Commands;
import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands against JVMs of other users, in containers, and of other Java images. */
@Timeout(120)
final class AttachElsewhereTest {
    private static final String USER = "65534";
    private static final List<String> AS_USER =
            List.of("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups");
    /** In the shell's mount namespace, /tmp is another folder; in its PID namespace, the JVM is process 1. */
    private static final String CONTAINER = "mount -t tmpfs -o mode=1777 none /tmp && exec \"$@\"";

    @TempDir
    private Path folder = Path.of("");
    /** A folder that all users can read, and that is not below /tmp. */
    private Path shared = Path.of("");

    @BeforeEach
    void makeFolders() throws IOException {
        System.setProperty(AgentCall.JAR_PROPERTY, Jvm.agentJar(folder.resolve("agent.jar")).toString());
        Path target = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-cli/target").toRealPath();
        shared = Files.createTempDirectory(target, "shared");
        Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void deleteFolders() throws IOException {
        System.clearProperty(AgentCall.JAR_PROPERTY);
        try (Stream<Path> all = Files.walk(shared)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    private static void requireRoot() {
        Jvm.require("root".equals(System.getProperty("user.name")), "root is required");
    }

    private static List<String> command(List<String> first, String... rest) {
        List<String> command = new ArrayList<>(first);
        command.addAll(List.of(rest));
        return command;
    }

    private Jvm start(List<String> first, String... rest) throws IOException {
        return Jvm.start(shared, command(first, rest).toArray(String[]::new));
    }

    /** Checks the answer of the agent, and returns the path of its jar. */
    private static Path assertInside(Run run, String user, String jar) {
        assertEquals(0, run.exit(), run.err());
        List<String> lines = run.out().lines().toList();
        assertEquals("owner " + user, lines.get(1));
        assertEquals(2, lines.get(2).split(",", -1).length, lines.get(2));
        assertTrue(lines.get(3).matches("jar file:" + jar), lines.get(3));
        assertFalse(Files.exists(Path.of(lines.get(4).substring("answer ".length()))), "the answer is deleted");
        return Path.of(lines.get(3).substring("jar file:".length()));
    }

    @Test
    void attachesAsRootToAJvmOfAnotherUser() throws IOException {
        requireRoot();
        String copy = "rseq4j-agent-" + USER + "-[0-9a-f]{16}\\.jar";
        try (Jvm jvm = start(AS_USER, Jvm.java())) {
            Path first = assertInside(Run.of("attach", jvm.pid(), "--method", "Inside"), USER, "/tmp/" + copy);
            Path second = assertInside(Run.of("attach", jvm.pid(), "--method", "Inside"), USER, "/tmp/" + copy);
            assertEquals(first, second);
            assertTrue(Files.exists(first));
            assertEquals(0, Run.of("detach", jvm.pid()).exit());
            assertFalse(Files.exists(first));
        }
    }

    @Test
    void refusesACopyOfTheAgentThatAnotherUserHasLaid() throws IOException {
        requireRoot();
        try (Jvm jvm = start(AS_USER, Jvm.java())) {
            Run first = Run.of("attach", jvm.pid(), "--method", "Inside");
            Path copy = Path.of(first.out().lines().toList().get(3).substring("jar file:".length()));
            try {
                Files.writeString(copy, "no jar");
                Run run = Run.of("attach", jvm.pid(), "--method", "Inside");
                assertEquals(5, run.exit());
                assertTrue(run.onlyError().contains(copy + " is not a copy of the agent that user " + USER
                        + " owns; delete it"), run.err());
                Files.copy(folder.resolve("agent.jar"), copy, StandardCopyOption.REPLACE_EXISTING);
                run = Run.of("attach", jvm.pid(), "--method", "Inside");
                assertTrue(run.onlyError().contains("is not a copy of the agent"), "of user root: " + run);
            } finally {
                Files.delete(copy);
            }
        }
    }

    /** Runs commands in a JVM of other rights, and returns a line for each. */
    private List<String> elsewhere(List<String> rights, String... commands) throws IOException, InterruptedException {
        List<String> words = command(rights, Jvm.java(), "--enable-native-access=ALL-UNNAMED",
                "-Dsun.tools.attach.attachTimeout=1", "-D" + AgentCall.JAR_PROPERTY + "="
                        + shared.resolve("waiting.jar"), "-cp", Run.classPath(), Commands.class.getName());
        Process process = new ProcessBuilder(command(words, commands)).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertEquals(commands.length, said.lines().count(), said);
        return said.lines().toList();
    }

    /** The user has the right to read the class path of this test, and no other right. */
    @Test
    void refusesTheJvmOfAnotherUser() throws IOException, InterruptedException {
        requireRoot();
        try (Jvm jvm = start(List.of(Jvm.java()))) {
            String pid = jvm.pid();
            List<String> said = elsewhere(command(AS_USER, "--inh-caps", "+dac_read_search", "--ambient-caps",
                    "+dac_read_search"), "attach " + pid + " --method a.B", "detach " + pid, "top " + pid,
                    "inspect " + pid);
            for (String attach : said.subList(0, 2)) {
                assertTrue(attach.startsWith("2: ") && attach.endsWith(" runs as user 0 and group 0, and rseq4j as"
                        + " user " + USER + " and group " + USER + "; a JVM answers its own user and group, and root:"
                        + " run rseq4j as that user (sudo -u '#0' -g '#0' rseq4j ...) or as root"), said.toString());
            }
            assertEquals("2: rseq4j: pid=" + pid + ": the process is another user's, root, or may not be inspected: run"
                    + " rseq4j as that user, or as root", said.get(2));
            assertTrue(said.get(3).startsWith("2: rseq4j: pid=" + pid) && said.get(3).endsWith("; run as that user or"
                    + " as root"), said.toString());
            assertEquals(0, Run.of("attach", pid, "--method", "a.B").exit());
        }
    }

    /** A container's root usually lacks the capability. */
    @Test
    void namesTheCapabilityThatRootLacks() throws IOException, InterruptedException {
        requireRoot();
        try (Jvm jvm = start(List.of("unshare", "--mount", "--pid", "--fork", "sh", "-c", CONTAINER, "sh"),
                Jvm.java())) {
            String pid = jvm.childPid();
            List<String> said = elsewhere(List.of("setpriv", "--bounding-set", "-sys_ptrace"),
                    "attach " + pid + " --method a.B", "inspect " + pid);
            assertEquals(List.of("5", "2"), said.stream().map(each -> each.substring(0, 1)).toList());
            for (String each : said) {
                assertTrue(each.contains(": rseq4j: pid=" + pid) && each.endsWith("give rseq4j the capability"
                        + " CAP_SYS_PTRACE (docker run --cap-add SYS_PTRACE), or run it as root outside of the"
                        + " container"), each);
            }
        }
    }

    @Test
    void attachesToAJvmInAContainer() throws IOException {
        requireRoot();
        try (Jvm jvm = start(List.of("unshare", "--mount", "--pid", "--fork", "sh", "-c", CONTAINER, "sh"),
                Jvm.java())) {
            String pid = jvm.childPid();
            Path tmp = Path.of("/proc", pid, "root/tmp");
            String copy = "rseq4j-agent-0-[0-9a-f]{16}\\.jar";
            assertInside(Run.of("attach", pid, "--method", "Inside"), "0", "/tmp/" + copy);
            assertEquals(1, Jvm.exchanged(tmp).size(), "only the copy: " + Jvm.exchanged(tmp));
            assertEquals(0, Run.of("detach", pid).exit());
            assertEquals(List.of(), Jvm.exchanged(tmp));
        }
    }

    @Test
    void saysThatAnOlderJavaIsTooOld() throws IOException {
        try (Jvm jvm = Jvm.startOlder(shared)) {
            Run run = Run.of("attach", jvm.pid(), "--method", "a.B");
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().matches(".* runs on Java 17[0-9.]*, and the agent needs 25 or later; run the"
                    + " program on a JDK 25"), run.err());
            String files = jvm.openFiles();
            assertTrue(files.contains("libjvm") || files.contains("errors"), files);
            assertFalse(files.contains("agent.jar"), files);
        }
    }

    @Test
    void saysThatAJavaImageHasNoAgents() throws IOException, InterruptedException {
        Path image = folder.resolve("image");
        // In a process of its own: jlink refuses to work in a JVM whose modules are patched.
        Process jlink = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                "--add-modules", "java.base", "--output", image.toString()).redirectErrorStream(true).start();
        String said = new String(jlink.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, jlink.waitFor(), said);
        try (Jvm jvm = start(List.of(image.resolve("bin/java").toString()))) {
            Run run = Run.of("attach", jvm.pid(), "--method", "a.B");
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains("without module java.instrument, which agents need"), run.err());
        }
    }
}
