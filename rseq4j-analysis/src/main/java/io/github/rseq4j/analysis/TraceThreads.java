package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The threads of a trace: which one recorded an event, and what it is called. Immutable.
 *
 * @since 0.1
 */
public final class TraceThreads {
    /* How it works
     *
     * Native code and signal handlers record the kernel's number, made negative. The kernel gives numbers again: of the
     * threads that had one, an event is of the last that had it by then; behind that one's end, of the next. What was
     * before all of them is the first one's, which was seen late.
     */
    private static final Pattern RANGE = Pattern.compile("\\G([1-9]\\d{0,14})(?:-([1-9]\\d{0,14}))?(?:,|$)");
    private static final int RANGE_BYTES = 1024;
    private static final int MAX_LANE_CHARS = 120;

    private final Map<Long, TraceThread> byJavaId = new HashMap<>();
    /** By number, and since when it is whose. */
    private final Map<Long, NavigableMap<Long, TraceThread>> byKernelTid = new HashMap<>();
    /** Virtual threads without names: the first and the last of each range. */
    private final TreeMap<Long, Long> virtual = new TreeMap<>();

    /**
     * Takes the threads from a trace's metadata.
     *
     * @param trace what the metadata says
     */
    TraceThreads(TraceDescription trace) {
        for (TraceThread thread : trace.threads()) {
            if (thread.javaId() != TraceThread.NONE) {
                byJavaId.put(thread.javaId(), thread);
            }
            if (thread.kernelTid() != TraceThread.NONE) {
                byKernelTid.computeIfAbsent(thread.kernelTid(), _ -> new TreeMap<>(Long::compareUnsigned))
                        .put(thread.from(), thread);
            }
        }
        Matcher ranges = RANGE.matcher(String.valueOf(trace.environment().getOrDefault(TraceThread.VIRTUAL, "")));
        long maxRanges = Runtime.getRuntime().maxMemory() / RANGE_BYTES;
        while (virtual.size() < maxRanges && ranges.find()) {
            long first = Long.parseLong(ranges.group(1));
            virtual.put(first, ranges.group(2) == null ? first : Long.parseLong(ranges.group(2)));
        }
    }

    /**
     * Returns the thread that recorded an event, or null when nothing is known of it.
     *
     * @param threadId the number that the event has
     * @param timestamp when it was, in cycles, unsigned
     * @return the thread, whose number of Java or of the kernel is {@link TraceThread#NONE} where it is not known
     */
    public @Nullable TraceThread of(long threadId, long timestamp) {
        if (threadId < 0) {
            NavigableMap<Long, TraceThread> owners = byKernelTid.get(-threadId);
            return owners == null ? null : ofKernel(owners, timestamp);
        }
        TraceThread thread = byJavaId.get(threadId);
        if (thread == null) {
            Map.Entry<Long, Long> range = virtual.floorEntry(threadId);
            return range == null || range.getValue() < threadId ? null
                    : new TraceThread(threadId, TraceThread.NONE, true, 0, TraceThread.OPEN, "");
        }
        return thread;
    }

    private static @Nullable TraceThread ofKernel(NavigableMap<Long, TraceThread> threads, long timestamp) {
        Map.Entry<Long, TraceThread> last = threads.floorEntry(timestamp);
        if (last != null && Long.compareUnsigned(timestamp, last.getValue().to()) < 0) {
            return last.getValue();
        }
        Map.Entry<Long, TraceThread> next = threads.higherEntry(timestamp);
        return next == null ? null : next.getValue();
    }

    /**
     * Returns an event with Java's number of its thread, where it has the kernel's of a thread that Java knows.
     *
     * @param event the event
     */
    TraceEvent byJava(TraceEvent event) {
        TraceThread thread = event.threadId() < 0 ? of(event.threadId(), event.timestamp()) : null;
        return thread == null || thread.javaId() == TraceThread.NONE ? event
                : event.withThread(thread.javaId());
    }

    /**
     * Returns what a line calls the thread of an event besides its number: its name in quotation marks, and that it is
     * virtual; or nothing.
     *
     * @param event the event
     */
    String label(TraceEvent event) {
        TraceThread thread = of(event.threadId(), event.timestamp());
        return thread == null || !thread.isVirtual() && thread.name().isEmpty() ? ""
                : (thread.isVirtual() ? "virtual thread" : "thread") + Printable.quoted(thread.name());
    }

    /**
     * Returns the name of the lane of an event's thread: its number, and what it is called.
     *
     * @param event the event
     */
    String lane(TraceEvent event) {
        TraceThread thread = of(event.threadId(), event.timestamp());
        return thread == null ? "thread " + event.threadId() : Printable.cut((thread.isVirtual() ? "virtual thread "
                : "thread ") + event.threadId() + Printable.quoted(thread.name()), MAX_LANE_CHARS);
    }
}
