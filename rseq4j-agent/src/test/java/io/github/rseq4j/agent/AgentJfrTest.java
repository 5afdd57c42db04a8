package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.layout.TraceFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.example.calls.Steady;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The trigger writes the JVM's events beside a snapshot. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class AgentJfrTest {
    @TempDir
    private Path folder;

    /** Runs the program until there is what the test waits for, and returns what it printed at its end. */
    private List<String> run(Callable<Boolean> isThere, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx32m", "-XX:+UseSerialGC"));
        command.addAll(List.of(options));
        command.addAll(List.of("-javaagent:" + AgentJar.make(folder) + "=snapshot=" + folder.resolve("snapshots")
                + ";snapshots=60/min;jfr;method=" + Steady.class.getName() + "::slow,over=1ms", "-cp",
                Steady.class.getProtectionDomain().getCodeSource().getLocation().getPath(), Steady.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            while (!isThere.call()) {
                assertTrue(process.isAlive());
                Thread.sleep(20);
            }
            process.outputWriter().write('\n');
            process.outputWriter().close();
            List<String> lines = process.inputReader().lines().toList();
            assertEquals(0, process.waitFor(), lines.toString());
            assertTrue(lines.contains("ended, 0 wrong"), lines.toString());
            return lines;
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private List<Path> written() throws Exception {
        if (!Files.exists(folder.resolve("snapshots"))) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(folder.resolve("snapshots"))) {
            return all.filter(each -> Files.exists(each.resolve("metadata"))).toList();
        }
    }

    private static Set<String> events(Path recording) throws Exception {
        Set<String> names = new TreeSet<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(recording)) {
            names.add(event.getEventType().getName());
        }
        return names;
    }

    /** Tells whether a recording has a collection, so that the program has run for some time. */
    private boolean hasCollection() throws Exception {
        for (Path each : written()) {
            Path recording = each.resolve(TraceFiles.JVM_EVENTS);
            if (Files.exists(recording) && events(recording).containsAll(Set.of("jdk.GarbageCollection",
                    "jdk.SafepointBegin"))) {
                return true;
            }
        }
        return false;
    }

    @Test
    void writesTheJvmsEventsBesideASnapshot() throws Exception {
        List<String> lines = run(this::hasCollection);
        assertFalse(lines.toString().contains("rseq4j"), lines.toString());
    }

    @Test
    void leavesARecordingOfTheProgramAsItIs() throws Exception {
        Path own = folder.resolve("own.jfr");
        List<String> lines = run(this::hasCollection, "-XX:StartFlightRecording:filename=" + own
                + ",settings=profile");
        assertFalse(lines.toString().contains("rseq4j"), lines.toString());
        assertTrue(events(own).containsAll(Set.of("jdk.GarbageCollection", "jdk.JVMInformation")));
    }

    @Test
    void goesOnWithoutJfr() throws Exception {
        List<String> lines = run(() -> !written().isEmpty(), "--limit-modules",
                "java.base,java.instrument,jdk.unsupported");
        assertTrue(lines.toString().contains("rseq4j agent: snapshots have no events of the JVM: module jdk.jfr is not"
                + " in this JVM: start the program with --add-modules jdk.jfr"), lines.toString());
        assertFalse(Files.exists(written().getFirst().resolve(TraceFiles.JVM_EVENTS)));
    }
}
