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
import java.util.List;
import java.util.Set;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/** Adds the samples of a recording of JFR, or of async-profiler, to a page, with their stacks. */
final class JfrStacks {
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
    JfrStacks(PageData data, ReportMarks marks, Instant start, long lastNanos) {
        this.data = data;
        this.marks = marks;
        this.start = start;
        this.lastNanos = lastNanos;
        this.root = data.sampleTree().child(data.sampleTree().root(), "samples of the recording");
    }

    /**
     * Reads a recording.
     *
     * @return a sentence on the samples
     */
    String read(Path recording) {
        String trouble = "";
        try (RecordingFile file = new RecordingFile(recording)) {
            while (file.hasMoreEvents()) {
                RecordedEvent event = file.readEvent();
                if (SAMPLES.contains(event.getEventType().getName())) {
                    add(event);
                }
            }
        } catch (IOException | RuntimeException e) {
            // The parser of recordings throws such exceptions for damaged files.
            trouble = "; the rest of the recording cannot be read: " + Printable.name(String.valueOf(e.getMessage()));
        }
        return merged + " CPU samples of " + Printable.name(recording.toString()) + " are merged, " + outside
                + " others lie outside the trace's time" + trouble;
    }

    private void add(RecordedEvent event) {
        Duration since = Duration.between(start, event.getStartTime());
        long nanos = Math.abs(since.toSeconds()) > Integer.MAX_VALUE ? -1 : since.toNanos();
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
        long id = thread == null ? 0 : thread.getJavaThreadId() > 0 ? thread.getJavaThreadId()
                : -thread.getOSThreadId();
        String threadName = thread == null ? "unknown" : thread.getJavaName() == null ? thread.getOSName()
                : thread.getJavaName();
        data.add(marks.sample(name, id, String.valueOf(threadName), nanos).stack(node.index())
                .arguments(event.getEventType().getName() + Mark.VALUE_END));
    }

    private static @Nullable RecordedThread thread(RecordedEvent event) {
        return event.hasField(SAMPLED_THREAD) ? event.getThread(SAMPLED_THREAD)
                : event.hasField(EVENT_THREAD) ? event.getThread(EVENT_THREAD) : null;
    }

    private static String frame(RecordedFrame frame) {
        RecordedMethod method = frame.getMethod();
        if (method == null) {
            return "unknown";
        }
        String type = method.getType() == null ? "" : method.getType().getName();
        return Printable.cut(Printable.text((type.isEmpty() ? "" : type + ".") + method.getName()), MAX_FRAME_CHARS);
    }
}
