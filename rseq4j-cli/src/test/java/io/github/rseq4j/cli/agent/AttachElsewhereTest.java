package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The command attach against JVMs of other users, in containers, and of other Java images. */
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
                assertEquals(2, run.exit());
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

    /** The user has the right to read the class path of this test, and no other right. */
    @Test
    void refusesTheJvmOfAnotherUser() throws IOException, InterruptedException {
        requireRoot();
        try (Jvm jvm = start(List.of(Jvm.java()))) {
            List<String> command = command(AS_USER, "--inh-caps", "+dac_read_search", "--ambient-caps",
                    "+dac_read_search", Jvm.java(), "-D" + AgentCall.JAR_PROPERTY + "=" + shared.resolve("waiting.jar"),
                    "-cp", Run.classPath(), "io.github.rseq4j.cli.Main", "attach", jvm.pid(), "--method", "a.B");
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(2, process.waitFor(), said);
            assertTrue(said.contains(" runs as user 0 and group 0, and rseq4j as user " + USER + " and group " + USER
                    + "; a JVM answers its own user and group, and root: run rseq4j as that user (sudo -u '#0' -g '#0"),
                    said);
            assertEquals(0, Run.of("attach", jvm.pid(), "--method", "a.B").exit());
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
        String java = "";
        try (Stream<Path> images = Files.list(Path.of("/usr/lib/jvm"))) {
            for (Path image : images.filter(each -> each.toString().matches(".*-17(-.*)?")).toList()) {
                java = Files.isExecutable(image.resolve("bin/java")) ? image.resolve("bin/java").toString() : java;
            }
        }
        Jvm.require(!java.isEmpty(), "a Java 17 in /usr/lib/jvm is required: install openjdk-17-jre-headless");
        try (Jvm jvm = start(List.of(java), "-cp", old(), "Old")) {
            Run run = Run.of("attach", jvm.pid(), "--method", "a.B");
            assertEquals(2, run.exit());
            assertTrue(run.onlyError().matches(".* runs on Java 17[0-9.]*, and the agent needs 25 or later; run the"
                    + " program on a JDK 25"), run.err());
        }
    }

    /** Compiles a program that any Java can run since 8, and returns its class path. */
    private String old() throws IOException {
        Path source = Files.writeString(folder.resolve("Old.java"), """
                public class Old {
                    public static void main(String[] arguments) throws Exception {
                        System.out.println("ready");
                        while (System.in.read() >= 0) {}
                    }
                }
                """);
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "--release", "17", "-d",
                shared.toString(), source.toString()));
        return shared.toString();
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
            assertEquals(2, run.exit());
            assertTrue(run.onlyError().contains("without module java.instrument, which agents need"), run.err());
        }
    }
}
