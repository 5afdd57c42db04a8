package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.page.CallTree;
import io.github.rseq4j.analysis.page.Mark;
import io.github.rseq4j.analysis.page.MarkName;
import io.github.rseq4j.analysis.page.PageData;
import io.github.rseq4j.analysis.text.Printable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/** Adds a recording of JFR, or of async-profiler, to a page: CPU samples with their stacks, and the JVM's events. */
final class JfrRecording {
    /* How it works
     *
     * Times of a recording and of a trace are mapped by the realtime clock. A recording has the thread of a sample by
     * Java's number, as the trace has; a thread that Java does not know has the kernel's number.
     */
    private static final Set<String> SAMPLES =
            Set.of("jdk.ExecutionSample", "jdk.CPUTimeSample", "jdk.NativeMethodSample");
    private static final String SAMPLED_THREAD = "sampledThread";
    private static final String EVENT_THREAD = "eventThread";
    private static final int MAX_FRAMES = 512;
    private static final int MAX_FRAME_CHARS = 300;

    private final PageData data;
    private final ReportMarks marks;
    private final Instant start;
    private final long lastNanos;
    private final CallTree.Node root;
    private final MarkName name = new MarkName("jfr:sample", MarkName.Kind.SAMPLE, List.of("event"), 0);
    private final JfrEvents events;
    private long merged;
    private long outside;

    /**
     * Creates a reader.
     *
     * @param data the target
     * @param marks gives the lanes of threads
     * @param start the time of the trace's first event
     * @param lastNanos the time of the trace's last event, in nanoseconds since the first one
     */
    JfrRecording(PageData data, ReportMarks marks, Instant start, long lastNanos) {
        this.data = data;
        this.marks = marks;
        this.start = start;
        this.lastNanos = lastNanos;
        this.events = new JfrEvents(data, marks, this);
        this.root = data.sampleTree().child(data.sampleTree().root(), "samples of the recording");
    }

    /**
     * Tries to read a recording.
     *
     * @throws IOException if no event of it can be read
     */
    static void check(Path recording) throws IOException {
        try (RecordingFile file = new RecordingFile(recording)) {
            if (file.hasMoreEvents()) {
                file.readEvent();
            }
        } catch (RuntimeException e) {
            // The parser of recordings throws such exceptions for damaged files.
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Reads a recording.
     *
     * @return sentences on the samples and events
     */
    List<String> read(Path recording) {
        String trouble = "";
        try (RecordingFile file = new RecordingFile(recording)) {
            while (file.hasMoreEvents()) {
                RecordedEvent event = file.readEvent();
                if (SAMPLES.contains(event.getEventType().getName())) {
                    add(event);
                } else {
                    events.add(event);
                }
            }
        } catch (IOException | RuntimeException e) {
            // The parser of recordings throws such exceptions for damaged files.
            trouble = "; the rest of the recording cannot be read: " + Printable.name(String.valueOf(e.getMessage()));
        }
        List<String> sentences = new ArrayList<>();
        sentences.add(merged + " CPU samples of " + Printable.name(recording.toString()) + " are merged, " + outside
                + " others lie outside the trace's time" + trouble);
        sentences.addAll(events.finish());
        return sentences;
    }

    /** Returns a time in nanoseconds since the first event of the trace; far away times are cut. */
    long nanos(Instant time) {
        Duration since = Duration.between(start, time);
        return Math.abs(since.toSeconds()) > Integer.MAX_VALUE ? since.isNegative() ? Long.MIN_VALUE / 4
                : Long.MAX_VALUE / 4 : since.toNanos();
    }

    /** Returns the time of the trace's last event, in nanoseconds since the first one. */
    long lastNanos() {
        return lastNanos;
    }

    private void add(RecordedEvent event) {
        long nanos = nanos(event.getStartTime());
        RecordedStackTrace stack = event.getStackTrace();
        if (nanos < 0 || nanos > lastNanos || stack == null) {
            outside += stack == null ? 0 : 1;
            return;
        }
        merged++;
        CallTree.Node node = root;
        List<RecordedFrame> frames = stack.getFrames();
        for (int i = Math.min(frames.size(), MAX_FRAMES) - 1; i >= 0; i--) {
            node = data.sampleTree().child(node, frame(frames.get(i)));
        }
        node.add(1, 1, 1);
        RecordedThread thread = thread(event);
        data.add(marks.sample(name, id(thread), name(thread), nanos).stack(node.index())
                .arguments(event.getEventType().getName() + Mark.VALUE_END));
    }

    /** Returns the number of a thread as a trace has it, or 0. */
    static long id(@Nullable RecordedThread thread) {
        return thread == null ? 0 : thread.getJavaThreadId() > 0 ? thread.getJavaThreadId()
                : -thread.getOSThreadId();
    }

    /** Returns the name of a thread. */
    static String name(@Nullable RecordedThread thread) {
        return thread == null ? "unknown" : String.valueOf(thread.getJavaName() == null ? thread.getOSName()
                : thread.getJavaName());
    }

    /** Returns the thread of an event, or null. */
    static @Nullable RecordedThread thread(RecordedEvent event) {
        return event.hasField(SAMPLED_THREAD) ? event.getThread(SAMPLED_THREAD)
                : event.hasField(EVENT_THREAD) ? event.getThread(EVENT_THREAD) : null;
    }

    static String frame(RecordedFrame frame) {
        RecordedMethod method = frame.getMethod();
        if (method == null) {
            return "unknown";
        }
        String type = method.getType() == null ? "" : method.getType().getName();
        return Printable.cut(Printable.text((type.isEmpty() ? "" : type + ".") + method.getName()), MAX_FRAME_CHARS);
    }
}
