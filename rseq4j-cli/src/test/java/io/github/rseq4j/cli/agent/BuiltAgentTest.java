package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    @Test
    void listsTracesAndRestoresAWaitingProgram() throws IOException {
        Path jar = Path.of(System.getProperty("rseq4j.root", ".."), "rseq4j-agent/target/rseq4j-agent.jar");
        Jvm.require(Files.exists(jar), "the agent is built: mvn -DskipTests package");
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
