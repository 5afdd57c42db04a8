package io.github.rseq4j.agent;

import io.github.rseq4j.agent.rule.AgentOptions;
import io.github.rseq4j.agent.rule.Rule;
import io.github.rseq4j.agent.rule.RuleSet;
import io.github.rseq4j.agent.site.EventContext;
import io.github.rseq4j.agent.site.Events;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.TracerStats;
import io.github.rseq4j.trace.common.TraceTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The trace of the agent's events, from the first rule that records some until the agent detaches. */
final class AgentTrace {
    private static final int FIELD_BYTES = 16_384;
    /** Sub-buffers that hold the last seconds of a busy program. */
    private static final int SUB_BUFFER_BYTES = 1 << 20;
    private static final int SUB_BUFFERS = 8;

    private final MethodRegistry methods;
    private @Nullable Tracer tracer;
    private @Nullable Path folder;
    private @Nullable EventContext context;
    private @Nullable Thread atExit;
    private volatile @Nullable SnapshotTrigger trigger;

    /**
     * Makes an object without a trace.
     *
     * @param methods gets the events
     */
    AgentTrace(MethodRegistry methods) {
        this.methods = methods;
    }

    /**
     * Opens the trace if rules record events and it is not open.
     *
     * @return a note on the trace for the answer
     * @throws IOException if the trace cannot be written
     */
    String open(RuleSet asked) throws IOException {
        AgentOptions options = asked.options();
        if (tracer == null) {
            if (asked.rules().stream().noneMatch(Rule::isRecording)) {
                return "";
            }
            start(options);
        }
        Tracer now = tracer;
        Path snapshots = options.snapshot();
        if (now == null) {
            return "";
        }
        String jfr = "";
        if (snapshots != null && folder == null && trigger == null) {
            JvmEvents events = null;
            try {
                events = options.jfr() ? JvmEvents.start() : null;
            } catch (IOException e) {
                jfr = "snapshots have no events of the JVM: " + e.getMessage() + "\n";
                if (options.answer() == null) {
                    failed(jfr.strip());
                }
            }
            trigger = new SnapshotTrigger(now, snapshots, options.snapshotsPerMinute(), events, this::failed);
        } else if (options.jfr()) {
            jfr = "jfr changes nothing, because " + (folder != null ? "events are streamed, not kept for snapshots"
                    : "snapshots are written already") + ": detach first\n";
        }
        String refused = options.trace() != null && !options.trace().equals(folder)
                ? "the events go on to where they went: detach before another trace is given\n" : "";
        return refused + jfr + (folder != null ? "events are written to " + now.folder() + "\n"
                : "events are kept in memory; " + (trigger == null ? "give snapshot=DIR to write them after slow calls"
                        : "they are written to " + snapshots + " after slow calls") + "\n");
    }

    private void start(AgentOptions options) throws IOException {
        TracerOptions sizes = TracerOptions.defaults().withUnorderedTime().withFieldBytes(FIELD_BYTES)
                .withSubBuffers(SUB_BUFFER_BYTES, SUB_BUFFERS);
        Path wanted = options.trace();
        // No other user can have made this folder before, nor look into it.
        Tracer made = wanted != null ? Tracer.streaming(wanted, sizes) : Tracer.flightRecorder(
                Files.createTempDirectory("rseq4j-agent-" + ProcessHandle.current().pid() + "-"), sizes);
        tracer = made;
        folder = wanted;
        if (wanted == null) {
            atExit = new Thread(null, () -> delete(made), "rseq4j-agent-exit", 0, false);
            Runtime.getRuntime().addShutdownHook(atExit);
        }
        EventContext events = new EventContext(made, TraceTime.clock().frequencyHz(), this::slow);
        context = events;
        methods.use(new Events(events));
    }

    private void slow() {
        SnapshotTrigger now = trigger;
        if (now != null) {
            now.fire();
        }
    }

    private void failed(String why) {
        System.err.println("rseq4j agent: " + why);
    }

    /** Ends the trace, and returns what to say of it. */
    String close() {
        SnapshotTrigger ending = trigger;
        trigger = null;
        if (ending != null) {
            ending.close();
        }
        methods.use(null);
        Tracer closing = tracer;
        EventContext ended = context;
        tracer = null;
        context = null;
        if (closing == null || ended == null) {
            return "";
        }
        closing.close();
        Thread hook = atExit;
        atExit = null;
        if (hook != null) {
            delete(closing);
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException _) {
                // The JVM is exiting, and the hook finds nothing.
            }
        }
        TracerStats stats = closing.stats();
        Throwable failure = ended.failure();
        return (folder == null ? "" : "the trace is in " + closing.folder() + "\n")
                + (stats.discarded() + stats.lost() == 0 ? "" : stats.discarded() + " events were discarded, "
                        + stats.lost() + " were lost" + (failure == null ? "" : ", first by " + failure) + "\n");
    }

    /** Closes a flight recorder, and deletes its folder unless that holds more than the description of the events. */
    private static void delete(Tracer recorder) {
        try {
            recorder.close();
            Path description = recorder.folder().resolve("metadata");
            try (Stream<Path> files = Files.list(recorder.folder())) {
                if (files.anyMatch(each -> !each.equals(description))) {
                    return;
                }
            }
            Files.deleteIfExists(description);
            Files.delete(recorder.folder());
        } catch (IOException | RuntimeException _) {
            // Its file system refuses, or it is deleted already.
        }
    }
}
