package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.agent.ManyClasses;
import io.github.rseq4j.bench.agent.Traced;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A way to trace the calls of a program: rseq4j's agent in a mode, or a peer.
 *
 * @param title the row
 * @param options the options of the program's JVM
 * @param environment its environment
 * @param inside the peer that the program starts in itself, or {@link #NONE}
 * @param isDetached whether rseq4j's agent detaches before the measurement
 * @param isTracing whether each call must cost more than it does without an agent
 * @param missing why it cannot be measured, or null
 */
public record AgentPeer(String title, List<String> options, Map<String, String> environment, String inside,
        boolean isDetached, boolean isTracing, @Nullable String missing) {
    static final String NONE = "none";
    private static final String AGENT = "rseq4j-agent";
    private static final String JACKSON = "tools.jackson.";
    /** Other versions are not measured, so that figures of two runs can be compared. */
    private static final Artifact KIEKER = new Artifact("net.kieker-monitoring", "kieker", "2.0.2", "bytebuddy");
    private static final Artifact OPEN_TELEMETRY =
            new Artifact("io.opentelemetry.javaagent", "opentelemetry-javaagent", "2.33.1", "");
    /** Kieker's queue that drops all records. Its default queue hangs with the writer that drops them. */
    private static final List<String> KIEKER_OPTIONS = List.of("-Dnet.bytebuddy.experimental=true",
            "-Dkieker.monitoring.writer=kieker.monitoring.writer.dump.DumpWriter",
            "-Dkieker.monitoring.core.controller.WriterController.RecordQueueFQN="
                    + "kieker.monitoring.writer.dump.DumpQueue");
    private static final List<String> OPEN_TELEMETRY_OPTIONS = List.of("-Dotel.traces.exporter=none",
            "-Dotel.metrics.exporter=none", "-Dotel.logs.exporter=none");

    /** A jar of Maven's local repository. */
    private record Artifact(String group, String name, String version, String classifier) {
        Path file() {
            Path root = Path.of(Objects.requireNonNullElse(System.getProperty("maven.repo.local"),
                    System.getProperty("user.home") + "/.m2/repository"));
            return root.resolve(group.replace('.', '/')).resolve(name).resolve(version)
                    .resolve(name + "-" + version + (classifier.isEmpty() ? "" : "-" + classifier) + ".jar");
        }

        @Nullable String missing() {
            return Files.exists(file()) ? null : "run mvn dependency:get -Dtransitive=false -Dartifact=" + group + ":"
                    + name + ":" + version + (classifier.isEmpty() ? "" : ":jar:" + classifier);
        }
    }

    /** Returns the agent's jar of this build. */
    static Path agentJar() {
        try {
            Path own = Path.of(AgentPeer.class.getProtectionDomain().getCodeSource().getLocation().toURI());
            Path module = Objects.requireNonNull(Objects.requireNonNull(own.getParent()).getParent());
            return Path.of(System.getProperty("rseq4j.agent",
                    module.resolveSibling(AGENT).resolve("target").resolve(AGENT + ".jar").toString()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static @Nullable String whyNoAgent() {
        return Files.exists(agentJar()) ? null : "run mvn -DskipTests package, which makes " + agentJar();
    }

    private static AgentPeer rseq4j(String title, String rules) {
        return new AgentPeer(title, List.of("-javaagent:" + agentJar() + "=" + rules), Map.of(), NONE, false, true,
                whyNoAgent());
    }

    private AgentPeer detached() {
        return new AgentPeer(title, options, environment, inside, true, false, missing);
    }

    private AgentPeer untraced() {
        return new AgentPeer(title, options, environment, inside, isDetached, false, missing);
    }

    private static AgentPeer inside(String title, String peer) {
        return new AgentPeer(title, List.of(), Map.of(), peer, false, true, null);
    }

    private static AgentPeer refused(String title, String reason) {
        return new AgentPeer(title, List.of(), Map.of(), NONE, false, true, reason);
    }

    private static AgentPeer artifact(String title, Artifact jar, List<String> options,
            Map<String, String> environment) {
        List<String> all = new ArrayList<>(List.of("-javaagent:" + jar.file()));
        all.addAll(options);
        return new AgentPeer(title, all, environment, NONE, false, true, jar.missing());
    }

    private static AgentPeer kieker(String classes) {
        return artifact("Kieker 2.0.2, ByteBuddy, to nowhere", KIEKER, KIEKER_OPTIONS,
                Map.of("KIEKER_SIGNATURES_INCLUDE", classes));
    }

    private static AgentPeer openTelemetry() {
        List<String> options = new ArrayList<>(OPEN_TELEMETRY_OPTIONS);
        options.add("-Dotel.instrumentation.methods.include=" + Traced.class.getName() + "[work,recursion]");
        return artifact("OpenTelemetry's agent 2.33.1, to nowhere", OPEN_TELEMETRY, options, Map.of());
    }

    /** {@return the ways to trace the methods of {@link Traced}} */
    public static List<AgentPeer> ofCalls() {
        String methods = "method=" + Traced.class.getName() + "::*,mode=";
        return List.of(
                inside("no agent", NONE).untraced(),
                rseq4j("rseq4j, attached, the method not traced", "method=none.**::*,mode=count").untraced(),
                rseq4j("rseq4j, detached", methods + "count").detached(),
                rseq4j("rseq4j, count", methods + "count"),
                rseq4j("rseq4j, time", methods + "time"),
                rseq4j("rseq4j, over 10 ms", methods + "event,over=10ms"),
                rseq4j("rseq4j, event", methods + "event"),
                inside("JFR, method-timing", "timing"),
                inside("JFR, method-trace, every call, no stacks", "trace"),
                inside("JFR, method-trace, over 10 ms", "over"),
                inside("async-profiler, trace, over 10 ms", "async"),
                kieker(Traced.class.getName()),
                openTelemetry());
    }

    /** Returns the ways to trace all methods of jackson-core and jackson-databind. */
    static List<AgentPeer> ofDocuments() {
        String methods = "method=" + JACKSON + "core.**::*,mode=%1$s;method=" + JACKSON + "databind.**::*,mode=%1$s";
        return List.of(
                inside("no agent", NONE).untraced(),
                rseq4j("rseq4j, count", methods.formatted("count")),
                rseq4j("rseq4j, time", methods.formatted("time")),
                inside("JFR, method-timing, all classes named", "timing"),
                kieker(JACKSON + "*"),
                refused("async-profiler, trace", "it takes the name of each class, and a threshold"),
                refused("OpenTelemetry's agent", "it takes the name of each method"));
    }

    /** Returns the agent's options that trace the methods of {@link ManyClasses}. */
    static String ofManyClasses() {
        return "method=" + ManyClasses.TRACED + ".*::applyAsLong,mode=count;method=" + ManyClasses.TRACED
                + ".*::method*,mode=count";
    }
}
