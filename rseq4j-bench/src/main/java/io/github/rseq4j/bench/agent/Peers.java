package io.github.rseq4j.bench.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.EventSettings;
import jdk.jfr.Recording;
import one.profiler.AsyncProfiler;

/**
 * The peers that run in the program itself, by their names among a program's arguments: {@code timing} is JFR's
 * {@code jdk.MethodTiming}, {@code trace} its {@code jdk.MethodTrace} of every call without stacks, {@code over} the
 * same of calls over 10 ms, and {@code async} is async-profiler's {@code trace} of such calls.
 */
final class Peers implements AutoCloseable {
    private static final Duration OVER = Duration.ofMillis(10);
    private static final long MAX_BYTES = 64L << 20;

    private final List<Recording> recordings = new ArrayList<>();
    private boolean isProfiling;

    /**
     * Starts a peer.
     *
     * @param peer its name, or any other one for no peer
     * @param methods the methods as JFR takes them, {@code CLASS::METHOD}, or classes
     * @param folder the folder of async-profiler's file
     */
    static Peers start(String peer, List<String> methods, Path folder) throws IOException {
        Peers started = new Peers();
        String filter = String.join(";", methods);
        switch (peer) {
            case "timing" -> started.record("jdk.MethodTiming", filter);
            case "trace" -> started.record("jdk.MethodTrace", filter).withThreshold(Duration.ZERO).withoutStackTrace();
            case "over" -> started.record("jdk.MethodTrace", filter).withThreshold(OVER);
            case "async" -> {
                StringBuilder command = new StringBuilder("start");
                for (String each : methods) {
                    command.append(",trace=").append(each.replace("::", ".")).append(":10ms");
                }
                AsyncProfiler.getInstance().execute(command + ",jfr,file=" + folder.resolve("trace.jfr"));
                started.isProfiling = true;
            }
            default -> {
                // An agent traces the program from outside, or nothing does.
            }
        }
        started.recordings.forEach(Recording::start);
        return started;
    }

    private EventSettings record(String event, String filter) {
        Recording recording = new Recording();
        recording.setMaxSize(MAX_BYTES);
        recordings.add(recording);
        return recording.enable(event).with("filter", filter);
    }

    @Override
    public void close() throws IOException {
        recordings.forEach(Recording::close);
        if (isProfiling) {
            AsyncProfiler.getInstance().execute("stop");
        }
    }
}
