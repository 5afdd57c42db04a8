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
    private @Nullable JvmEvents jvmEvents;
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
        if (now == null) {
            return "";
        }
        String refused = options.trace() != null && !options.trace().equals(folder)
                ? "the events go on to where they went: detach before another trace is given\n" : "";
        if (folder != null) {
            return refused + (options.snapshot() == null ? "" : "no snapshots are written, because all events are:"
                    + " detach before snapshots are asked for\n") + "events are written to " + now.folder() + "\n";
        }
        String jfr = use(options, now);
        SnapshotTrigger used = trigger;
        return refused + jfr + "events are kept in memory; " + (used == null ? "give snapshot=DIR to write them"
                : "they are written to " + used.folder()) + " after slow calls\n";
    }

    /** Lets snapshots go to the folder that options name, as often as they tell. Returns a note on JFR. */
    private String use(AgentOptions options, Tracer recorder) {
        Path snapshots = options.snapshot();
        if (snapshots == null) {
            return "";
        }
        String note = "";
        if (options.jfr() && jvmEvents == null) {
            try {
                jvmEvents = JvmEvents.start();
            } catch (IOException e) {
                note = "snapshots have no events of the JVM: " + e.getMessage() + "\n";
                if (options.answer() == null) {
                    failed(note.strip());
                }
            }
        }
        SnapshotTrigger former = trigger;
        if (former == null || !former.isLike(snapshots, options.snapshotsPerMinute(), jvmEvents)) {
            trigger = new SnapshotTrigger(recorder, snapshots, options.snapshotsPerMinute(), jvmEvents, this::failed);
            if (former != null) {
                former.close();
            }
        }
        return note;
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
        JvmEvents recording = jvmEvents;
        jvmEvents = null;
        if (recording != null) {
            recording.close();
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
