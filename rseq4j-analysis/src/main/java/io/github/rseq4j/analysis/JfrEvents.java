package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.page.Mark;
import io.github.rseq4j.analysis.page.MarkName;
import io.github.rseq4j.analysis.page.PageData;
import io.github.rseq4j.analysis.page.SpanIndex;
import io.github.rseq4j.analysis.page.Track;
import io.github.rseq4j.analysis.text.Printable;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Timespan;
import jdk.jfr.ValueDescriptor;
import jdk.jfr.consumer.RecordedClass;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedStackTrace;
import jdk.jfr.consumer.RecordedThread;
import org.jspecify.annotations.Nullable;

/** Adds the JVM's events of a recording to a page: those that stop all threads, and those that hold up one thread. */
final class JfrEvents {
    /* How it works
     *
     * Collections and safepoints have a lane of their own. All other events are bars of their threads, in the span that
     * they held up. A thread that has nothing to do waits too, so waits are shown only in spans.
     *
     * A safepoint is two events with the same number: its begin, until all threads have stopped, and its end.
     */
    private static final String SAFEPOINT_BEGIN = "jdk.SafepointBegin";
    private static final String SAFEPOINT_END = "jdk.SafepointEnd";
    private static final String OPERATION = "jdk.ExecuteVMOperation";
    private static final Set<String> OF_THE_JVM = Set.of("jdk.GarbageCollection", "jdk.GCPhasePause", OPERATION,
            SAFEPOINT_BEGIN, SAFEPOINT_END);
    private static final Set<String> OF_A_THREAD = Set.of("jdk.JavaMonitorEnter", "jdk.VirtualThreadPinned",
            "jdk.ZAllocationStall", "jdk.FileRead", "jdk.FileWrite", "jdk.FileForce");
    private static final Set<String> WAITS = Set.of("jdk.JavaMonitorWait", "jdk.ThreadPark", "jdk.ThreadSleep",
            "jdk.SocketRead", "jdk.SocketWrite");
    private static final Set<String> COMMON_FIELDS = Set.of("startTime", "duration", "eventThread", "stackTrace");
    /** The number of the lane's thread: no thread has it. */
    private static final long JVM = -(1L << 40);
    private static final int UNKNOWN_CPU = -1;
    private static final int MOST_SAFEPOINTS = 1 << 16;
    private static final int SHOWN_FRAMES = 8;
    private static final int MAX_FRAMES_CHARS = 600;

    private final PageData data;
    private final ReportMarks marks;
    private final JfrRecording recording;
    private final Track jvm = new Track("JVM", Track.Kind.JVM);
    private final Map<String, MarkName> names = new HashMap<>();
    private final Map<String, Long> counts = new TreeMap<>();
    /** The begins of safepoints whose end was not read yet, or the ends, by number. */
    private final LinkedHashMap<Long, RecordedEvent> halves = new LinkedHashMap<>();
    private @Nullable SpanIndex spans;
    private long outside;
    private long idle;

    /**
     * Creates a reader.
     *
     * @param data the target, which has the spans of the trace
     * @param marks gives the lanes of threads
     * @param recording gives the times and threads of events
     */
    JfrEvents(PageData data, ReportMarks marks, JfrRecording recording) {
        this.data = data;
        this.marks = marks;
        this.recording = recording;
    }

    /** Takes an event of the recording. */
    void add(RecordedEvent event) {
        String type = event.getEventType().getName();
        if (type.equals(SAFEPOINT_BEGIN) || type.equals(SAFEPOINT_END)) {
            safepoint(event);
        } else if (OF_THE_JVM.contains(type)) {
            if (!type.equals(OPERATION) || event.hasField("safepoint") && event.getBoolean("safepoint")) {
                bar(event, name(event, type), recording.nanos(event.getStartTime()),
                        recording.nanos(event.getEndTime()), false);
            }
        } else if (OF_A_THREAD.contains(type) || WAITS.contains(type)) {
            bar(event, name(event, type), recording.nanos(event.getStartTime()),
                    recording.nanos(event.getEndTime()), true);
        }
    }

    private void safepoint(RecordedEvent event) {
        long number = event.hasField("safepointId") ? event.getLong("safepointId") : -1;
        RecordedEvent other = halves.remove(number);
        if (other == null || other.getEventType().equals(event.getEventType())) {
            halves.put(number, event);
            if (other != null || halves.size() > MOST_SAFEPOINTS) {
                half(other != null ? other : halves.pollFirstEntry().getValue());
            }
            return;
        }
        boolean isBegin = event.getEventType().getName().equals(SAFEPOINT_BEGIN);
        RecordedEvent begin = isBegin ? event : other;
        RecordedEvent end = isBegin ? other : event;
        bar(begin, name(begin, "jdk.Safepoint"), recording.nanos(begin.getStartTime()),
                recording.nanos(end.getEndTime()), false);
    }

    private void half(RecordedEvent event) {
        bar(event, name(event, event.getEventType().getName()), recording.nanos(event.getStartTime()),
                recording.nanos(event.getEndTime()), false);
    }

    private MarkName name(RecordedEvent event, String type) {
        return names.computeIfAbsent(type, _ -> new MarkName(type.replace('.', ':'), MarkName.Kind.JVM, Stream.concat(
                fields(event).map(ValueDescriptor::getName), Stream.of("at")).toList(), 0));
    }

    private void bar(RecordedEvent event, MarkName name, long begin, long end, boolean isOfThread) {
        if (end < 0 || begin > recording.lastNanos() || end < begin) {
            outside++;
            return;
        }
        long from = Math.max(begin, 0);
        long length = Math.max(Math.min(end, recording.lastNanos()) - from, 0);
        RecordedThread thread = isOfThread ? JfrRecording.thread(event) : null;
        Mark mark = isOfThread ? marks.sample(name, JfrRecording.id(thread), JfrRecording.name(thread), from)
                : new Mark(name, jvm, JVM);
        mark.time(from, length).whole(end - begin).cpus(UNKNOWN_CPU, UNKNOWN_CPU).flags(begin < 0 ? Mark.CUT : 0);
        String type = event.getEventType().getName();
        if (isOfThread) {
            SpanIndex index = spans == null ? new SpanIndex(data) : spans;
            spans = index;
            if (!index.fit(mark) && WAITS.contains(type)) {
                idle++;
                return;
            }
        }
        counts.merge(type.substring(type.indexOf('.') + 1), 1L, Long::sum);
        data.add(mark.arguments(values(event)));
    }

    private static Stream<ValueDescriptor> fields(RecordedEvent event) {
        return event.getFields().stream().filter(field -> !COMMON_FIELDS.contains(field.getName()));
    }

    private static String values(RecordedEvent event) {
        StringBuilder text = new StringBuilder();
        fields(event).forEach(field -> text.append(Printable.cut(Printable.text(value(event, field)),
                ReportMarks.MAX_VALUE_CHARS)).append(Mark.VALUE_END));
        RecordedStackTrace stack = event.getStackTrace();
        List<RecordedFrame> frames = stack == null ? List.of() : stack.getFrames();
        return text.append(Printable.cut(frames.stream().limit(SHOWN_FRAMES).map(JfrRecording::frame)
                .collect(Collectors.joining(" < ")), MAX_FRAMES_CHARS)).append(Mark.VALUE_END).toString();
    }

    private static String value(RecordedEvent event, ValueDescriptor field) {
        Object value = event.getValue(field.getName());
        return switch (value) {
            case null -> "";
            case RecordedClass type -> type.getName();
            case RecordedThread thread -> JfrRecording.name(thread) + " (" + JfrRecording.id(thread) + ")";
            case Long address when field.getAnnotation(MemoryAddress.class) != null -> "0x" + Long.toHexString(address);
            case Long _ when field.getAnnotation(Timespan.class) != null -> duration(event.getDuration(
                    field.getName()));
            default -> value.toString();
        };
    }

    private static String duration(Duration duration) {
        // JFR has the least and the greatest value for none and for endless.
        return duration.isNegative() || duration.toDays() > Short.MAX_VALUE ? "" : duration.toString();
    }

    /** Adds the safepoints of which one event is missing; returns sentences on all events. */
    List<String> finish() {
        halves.values().forEach(this::half);
        halves.clear();
        if (counts.isEmpty() && outside == 0 && idle == 0) {
            return List.of();
        }
        String merged = counts.entrySet().stream().map(each -> each.getKey() + " " + each.getValue())
                .collect(Collectors.joining(", "));
        return List.of(counts.values().stream().mapToLong(Long::longValue).sum()
                + " JVM events of the recording are merged" + (merged.isEmpty() ? "" : " (" + merged + ")") + ", "
                + outside + " others lie outside the trace's time, and " + idle + " waits of threads lie in no span");
    }
}
