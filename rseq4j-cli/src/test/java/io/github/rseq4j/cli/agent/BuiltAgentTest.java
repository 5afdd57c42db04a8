package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.tools.attach.VirtualMachine;
import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands attach and detach with the agent that the build has made. */
@Timeout(120)
final class BuiltAgentTest {
    private static final String NAME = Waiting.class.getName();

    @TempDir
    private Path folder = Path.of("");

    private static String out(String... arguments) {
        Run run = Run.of(arguments);
        assertEquals(0, run.exit(), run.err());
        return run.out();
    }

    private static Path jar() {
        Path jar = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-agent/target/rseq4j-agent.jar");
        Jvm.require(Files.exists(jar), "the agent is built: mvn -DskipTests package");
        return jar;
    }

    /** A JVM that is too old runs its program, and says why the agent does nothing. */
    @Test
    void saysWhatItNeedsInAnOlderJvm() throws Exception {
        Path jar = jar();
        String message = "it does nothing, because this program runs on Java 17[0-9.]* and the agent needs 25 or later;"
                + " run the program on a JDK 25\n";
        try (Jvm jvm = Jvm.startOlder(folder, "-javaagent:" + jar + "=method=Old")) {
            assertTrue(jvm.errorText().matches("rseq4j agent: " + message), jvm.errorText());
            Path answer = Files.createFile(folder.resolve("answer"));
            VirtualMachine machine = VirtualMachine.attach(jvm.pid());
            machine.loadAgent(jar.toString(), "answer=" + answer + ";method=Old");
            machine.detach();
            String answered = Files.readString(answer);
            assertTrue(answered.matches("error: " + message), answered);
            jvm.process().getOutputStream().close();
            assertEquals(0, jvm.process().waitFor());
            assertEquals(1, jvm.errorText().lines().count(), jvm.errorText());
        }
    }

    @Test
    void listsTracesAndRestoresAWaitingProgram() throws IOException {
        Path jar = jar();
        System.setProperty(AgentCall.JAR_PROPERTY, jar.toString());
        try (Jvm jvm = Jvm.start(folder, Jvm.java())) {
            String list = out("attach", jvm.pid(), "--dry-run", "--method", NAME + "::m*", "--mode", "count",
                    "--method", "java.util.HashMap::get", "--method", "java.io.Closeable+");
            assertTrue(list.lines().anyMatch((NAME + "::main count")::equals), list);
            assertTrue(list.contains("left alone: java.util.HashMap: "), list);
            assertFalse(list.contains("java.util.TreeMap"), "named by no rule: " + list);
            assertTrue(out("detach", jvm.pid()).contains("nothing"), "a dry run attaches nothing");
            assertTrue(out("attach", jvm.pid(), "--method", NAME).startsWith("2 methods of 1 "));
            assertTrue(out("detach", jvm.pid()).startsWith("1 class"));
            assertTrue(jvm.process().isAlive());
        } finally {
            System.clearProperty(AgentCall.JAR_PROPERTY);
        }
    }
}
