package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.Babeltrace;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Babeltrace 2 merges traces of several hosts and tracers by the command of docs/trace-sql.md. */
class MergedTracesTest {
    private static final String[] OPTIONS = {"--clock-force-correlate", "--clock-seconds", "--no-delta"};
    private static final int COUNT = 20;
    private static final String TICKS = """
            #include <lttng/tracef.h>
            int main(void) { for (int i = 0; i < 20; i++) tracef("tick %d", i); return 0; }
            """;

    @TempDir
    private Path folder = Path.of("");

    /** The events of the tracer. */
    @Provider("ours")
    interface Ours {
        void before();

        void after();
    }

    private Path written(String host, long frequency, int offsetMillis) throws IOException {
        EventType tick = new EventType("p:tick", 0, 6, List.of());
        TraceClock clock = new TraceClock(new UUID(1, frequency), frequency, 1_764_000_000,
                offsetMillis * frequency / 1000);
        TraceDescription description = new TraceDescription(new UUID(offsetMillis, 2), clock, 1,
                Map.of("hostname", host), List.of(tick));
        Path trace = folder.resolve(host);
        try (TraceWriter writer = new TraceWriter(trace, description, 1024)) {
            for (int i = 0; i < COUNT; i++) {
                writer.append(0, i * frequency / 10, 1, tick);
            }
        }
        return trace;
    }

    @Test
    void tracesOfTwoHostsAreMergedByTheirClocks() throws IOException, InterruptedException {
        Path first = written("alpha", 1_000_000_000, 0);
        Path second = written("beta", 2_400_000_000L, 50);
        List<String> options = new ArrayList<>(List.of(OPTIONS));
        options.add(second.toString());
        List<String> lines = Babeltrace.lines(first, options.toArray(String[]::new));
        assertEquals(2 * COUNT, lines.size());
        for (int i = 0; i < lines.size(); i++) {
            String expected = String.format("[%d.%02d0000000] %s p:tick:", 1_764_000_000 + i / 20, i % 20 * 5,
                    i % 2 == 0 ? "alpha" : "beta");
            assertTrue(lines.get(i).startsWith(expected), expected + " of " + lines.get(i));
        }
    }

    private static void lttng(Path home, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("lttng", "--no-sessiond"));
        command.addAll(List.of(arguments));
        Child.output(Map.of("LTTNG_HOME", home.toString()), command);
    }

    @Test
    void eventsOfLttngAreMergedWithOurs() throws Exception {
        Child.require("lttng is missing: install lttng-tools", Child.succeeds(List.of("lttng", "--version")));
        Path source = Files.writeString(folder.resolve("ticks.c"), TICKS);
        Path program = folder.resolve("ticks");
        Child.require("lttng/tracef.h or gcc is missing: install gcc and liblttng-ust-dev", Child.succeeds(List.of(
                "gcc", "-o", program.toString(), source.toString(), "-llttng-ust", "-ldl")));
        Path home = Files.createDirectory(folder.resolve("home"));
        ProcessBuilder builder = new ProcessBuilder("lttng-sessiond", "--no-kernel").redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile());
        builder.environment().put("LTTNG_HOME", home.toString());
        Process daemon = builder.start();
        try (Tracer tracer = Tracer.streaming(folder.resolve("ours"))) {
            Ours ours = tracer.probes(MethodHandles.lookup(), Ours.class);
            awaitDaemon(home, daemon);
            lttng(home, "create", "s", "--output=" + folder.resolve("lttng"));
            lttng(home, "enable-event", "--userspace", "lttng_ust_tracef:*");
            lttng(home, "start");
            ours.before();
            Child.output(Map.of("LTTNG_HOME", home.toString()), List.of(program.toString()));
            ours.after();
            lttng(home, "stop");
            lttng(home, "destroy", "s");
        } finally {
            daemon.destroy();
            daemon.waitFor();
        }
        requireMerged(Babeltrace.program(TraceFormat.CTF_1_8));
    }

    @ParameterizedTest
    @EnumSource
    void eventsOfTheNewestLttngAreMergedWithOurs(TraceFormat format) throws Exception {
        String babeltrace = Babeltrace.newest();
        String lttng = Babeltrace.lttng();
        Files.writeString(folder.resolve("ticks.c"), TICKS);
        Path script = Files.writeString(folder.resolve("record.sh"), """
                cd "$1"
                gcc -o ticks ticks.c -llttng-ust -ldl
                lttng-sessiond --no-kernel --background --pidfile="$1/pid"
                trap 'kill $(busybox cat "$1/pid")' EXIT
                lttng --no-sessiond create s --output="$1/lttng"
                lttng --no-sessiond enable-event --userspace 'lttng_ust_tracef:*'
                lttng --no-sessiond start
                ./ticks
                lttng --no-sessiond stop
                lttng --no-sessiond destroy s
                """);
        try (Tracer tracer = Tracer.streaming(folder.resolve("ours"), TracerOptions.defaults().withFormat(format))) {
            Ours ours = tracer.probes(MethodHandles.lookup(), Ours.class);
            ours.before();
            Child.output(Map.of("WRITABLE_BIND", folder.toString()), List.of(lttng, "sh", "-eu", script.toString(),
                    folder.toString()));
            ours.after();
        }
        Path metadata = folder.resolve("lttng/ust/uid/0/64-bit/metadata");
        assertTrue(Files.readString(metadata, StandardCharsets.ISO_8859_1).contains("\"type\": \"preamble\""),
                "it writes CTF 2");
        requireMerged(babeltrace);
    }

    private void requireMerged(String babeltrace) throws IOException, InterruptedException {
        List<String> options = new ArrayList<>(List.of(OPTIONS));
        options.add(folder.resolve("lttng").toString());
        List<String> lines = Babeltrace.linesOf(babeltrace, folder.resolve("ours"), options.toArray(String[]::new));
        assertEquals(COUNT + 2, lines.size(), String.join("\n", lines));
        assertTrue(lines.getFirst().contains("ours:before"), lines.getFirst());
        for (int i = 0; i < COUNT; i++) {
            assertTrue(lines.get(i + 1).contains("tick " + i + '"'), lines.get(i + 1));
        }
        assertTrue(lines.getLast().contains("ours:after"), lines.getLast());
    }

    private void awaitDaemon(Path home, Process daemon) throws IOException, InterruptedException {
        for (int i = 0; i < 400; i++) {
            ProcessBuilder list = new ProcessBuilder("lttng", "--no-sessiond", "list").redirectErrorStream(true);
            list.environment().put("LTTNG_HOME", home.toString());
            Process process = list.start();
            process.getInputStream().readAllBytes();
            if (process.waitFor() == 0) {
                return;
            }
            assertTrue(daemon.isAlive(), Files.readString(folder.resolve("log"), StandardCharsets.UTF_8));
            Thread.sleep(50);
        }
        throw new AssertionError(Files.readString(folder.resolve("log"), StandardCharsets.UTF_8));
    }
}
