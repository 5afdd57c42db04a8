package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.tools.attach.VirtualMachine;
import io.opentelemetry.javaagent.OpenTelemetryAgent;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import one.profiler.AsyncProfiler;
import org.example.calls.Program;
import org.example.calls.Redefining;
import org.example.calls.Stepped;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Other tools instrument the same methods, before our agent or after it: counts are exact, nothing else changes. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class BesideTest {
    private static final String WORK = Program.Work.class.getName();
    private static final String ATTACH = "method=" + Program.class.getName() + "$**,mode=time";
    private static final int TIMES = 100;
    @TempDir
    private Path folder;
    private Path jar;

    @BeforeEach
    void makeTheJar() throws Exception {
        jar = AgentJar.make(folder);
    }

    /** The other tool. */
    private interface Peer {
        void start(Child child) throws Exception;

        void stop(Child child) throws Exception;
    }

    /** Lets the program work in rounds, and compares what it counts and what the agent counts. */
    private final class Rounds {
        private final Child child;
        private final List<String> hashes = new ArrayList<>();
        private final List<String> others = new ArrayList<>();
        private final Map<String, Long> expected = new HashMap<>();
        private Map<String, Long> before = new HashMap<>();
        private boolean isAttached;

        Rounds(Child child) {
            this.child = child;
        }

        void attach() throws Exception {
            String answer = child.agent(jar, ATTACH);
            assertTrue(answer.startsWith("ok\n"), answer);
            isAttached = true;
        }

        void detach() throws Exception {
            String answer = child.agent(jar, "detach");
            assertTrue(answer.startsWith("ok\n") && answer.contains(" classes are restored"), answer);
            isAttached = false;
        }

        void round() throws Exception {
            child.say(String.valueOf(TIMES));
            List<String> lines = child.linesTo("counts ");
            Map<String, Long> now = Child.counted(lines.getLast());
            lines.removeLast();
            lines.stream().filter(line -> line.startsWith("hash ")).forEach(hashes::add);
            lines.stream().filter(line -> !line.startsWith("hash ")).forEach(others::add);
            assertEquals(1, hashes.stream().distinct().count(), hashes + " " + others);
            if (isAttached) {
                now.forEach((name, calls) -> expected.merge(name, calls - before.getOrDefault(name, 0L), Long::sum));
            }
            before = now;
            if (!expected.isEmpty()) {
                Map<String, Long> counted = child.calls();
                expected.forEach((name, calls) -> assertEquals(calls, counted.get(name), name));
            }
        }

        /** Returns the lines that neither the program's work nor its end has printed. */
        List<String> end() throws Exception {
            others.addAll(child.end());
            assertTrue(others.remove("ended"), others.toString());
            return others;
        }
    }

    private List<String> run(boolean isOursFirst, Peer peer) throws Exception {
        try (Child child = Child.start(List.of("-XX:+EnableDynamicAgentLoading", "-Xverify:all"), Stepped.class)) {
            child.linesTo("ready");
            Rounds rounds = new Rounds(child);
            rounds.round();
            if (isOursFirst) {
                rounds.attach();
                rounds.round();
                peer.start(child);
                rounds.round();
                rounds.detach();
                rounds.round();
                rounds.attach();
                rounds.round();
                peer.stop(child);
            } else {
                peer.start(child);
                rounds.round();
                rounds.attach();
                rounds.round();
                peer.stop(child);
            }
            rounds.round();
            rounds.detach();
            rounds.round();
            return rounds.end();
        }
    }

    private static String execute(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    private static void requireTracedCalls(Path recording, boolean isOursFirst) throws Exception {
        String traced = execute(Child.jdk("jfr"), "summary", recording.toString());
        // With our agent first, the recording has three rounds, otherwise two.
        int rounds = isOursFirst ? 3 : 2;
        assertTrue(traced.lines().anyMatch(line -> line.matches(" jdk.MethodTrace +" + rounds * TIMES + " .*")),
                traced);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsBesideJfrsMethodTimingAndTracing(boolean isOursFirst) throws Exception {
        Path file = folder.resolve("beside.jfr");
        assertEquals(List.of(), run(isOursFirst, new Peer() {
            @Override
            public void start(Child child) throws Exception {
                String said = execute(Child.jdk("jcmd"), String.valueOf(child.process().pid()), "JFR.start",
                        "name=beside", "method-timing=" + WORK, "method-trace=" + WORK + "::all");
                assertTrue(said.contains("Started recording"), said);
            }

            @Override
            public void stop(Child child) throws Exception {
                execute(Child.jdk("jcmd"), String.valueOf(child.process().pid()), "JFR.stop", "name=beside",
                        "filename=" + file);
            }
        }));
        requireTracedCalls(file, isOursFirst);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsBesideAsyncProfiler(boolean isOursFirst) throws Exception {
        Path library = folder.resolve("libasyncProfiler.so");
        String resource = "/linux-" + (System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64") + "/"
                + library.getFileName();
        try (InputStream in = Objects.requireNonNull(AsyncProfiler.class.getResourceAsStream(resource))) {
            Files.copy(in, library);
        }
        Path file = folder.resolve("beside.jfr");
        List<String> others = run(isOursFirst, new Peer() {
            @Override
            public void start(Child child) throws Exception {
                load(child, "start,event=ctimer,interval=1ms,trace=" + WORK + ".all,jfr,file=" + file);
            }

            @Override
            public void stop(Child child) throws Exception {
                load(child, "stop,file=" + file);
            }

            private void load(Child child, String options) throws Exception {
                VirtualMachine machine = VirtualMachine.attach(String.valueOf(child.process().pid()));
                try {
                    machine.loadAgentPath(library.toString(), options);
                } finally {
                    machine.detach();
                }
            }
        });
        others.removeIf(line -> line.matches("Profiling (started|stopped.*)"));
        assertEquals(List.of(), others);
        requireTracedCalls(file, isOursFirst);
    }

    /** An agent that gives a class its own code again: the JVM lets our agent instrument that too. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsWhenAnotherAgentRedefinesAClass(boolean isOursFirst) throws Exception {
        Path redefining = folder.resolve("redefining.jar");
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Agent-Class", Redefining.class.getName());
        manifest.getMainAttributes().putValue("Can-Redefine-Classes", "true");
        String name = Redefining.class.getName().replace('.', '/') + ".class";
        try (OutputStream out = Files.newOutputStream(redefining);
                JarOutputStream to = new JarOutputStream(out, manifest);
                InputStream in = Objects.requireNonNull(Redefining.class.getResourceAsStream("/" + name))) {
            to.putNextEntry(new JarEntry(name));
            in.transferTo(to);
        }
        assertEquals(List.of(), run(isOursFirst, new Peer() {
            @Override
            public void start(Child child) throws Exception {
                VirtualMachine machine = VirtualMachine.attach(String.valueOf(child.process().pid()));
                try {
                    machine.loadAgent(redefining.toString(), WORK);
                } finally {
                    machine.detach();
                }
            }

            @Override
            public void stop(Child child) throws Exception {
                start(child);
            }
        }));
    }

    /** Most instrumentations are off, which halves the time of the start. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void countsBesideOpenTelemetry(boolean isOursFirst) throws Exception {
        String ours = "-javaagent:" + jar + "=" + ATTACH;
        String other = "-javaagent:" + Child.place(OpenTelemetryAgent.class);
        List<String> others;
        int rounds = 3;
        try (Child child = Child.start(List.of("-XX:+EnableDynamicAgentLoading", isOursFirst ? ours : other,
                isOursFirst ? other : ours, "-Dotel.instrumentation.common.default-enabled=false",
                "-Dotel.instrumentation.methods.enabled=true", "-Dotel.metrics.exporter=none",
                "-Dotel.logs.exporter=none", "-Dotel.traces.exporter=logging", "-Dotel.bsp.max.queue.size=10000",
                "-Dotel.bsp.schedule.delay=100", "-Dotel.instrumentation.methods.include=" + WORK + "[all]"),
                Stepped.class)) {
            Rounds made = new Rounds(child);
            made.others.addAll(child.linesTo("ready"));
            made.isAttached = true;
            made.round();
            made.detach();
            made.round();
            made.attach();
            made.round();
            others = made.end();
        }
        others.remove("ready");
        assertEquals((long) rounds * TIMES, others.stream().filter(line -> line.contains("'Work.all'")).count());
        others.removeIf(line -> line.startsWith("[otel.javaagent ") && line.contains(" INFO ")
                || line.contains("warning: Sharing is only supported for boot loader classes"));
        assertEquals(List.of(), others);
    }
}
