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
 * The threads that a trace names. Immutable, so any thread may use it.
 *
 * @since 0.1.0
 */
public final class TraceThreads {
    /* How it works
     *
     * Native code and signal handlers record the kernel's number, negated. The kernel uses numbers again. An event
     * belongs to the last thread that had the number at the event's time. If that thread had ended by then, the event
     * belongs to the next thread with the number, which was noticed late; so does an event before the first one.
     */
    private static final Pattern RANGE = Pattern.compile("\\G([1-9]\\d{0,14})(?:-([1-9]\\d{0,14}))?(?:,|$)");
    private static final int RANGE_BYTES = 1024;
    private static final int MAX_LANE_CHARS = 120;

    private final Map<Long, TraceThread> byJavaId = new HashMap<>();
    /** The key is the kernel's number; the inner key is the time from which the thread has it, in cycles. */
    private final Map<Long, NavigableMap<Long, TraceThread>> byKernelTid = new HashMap<>();
    /** Virtual threads without names: the first and the last number of each range. */
    private final TreeMap<Long, Long> virtual = new TreeMap<>();

    /** @param trace the content of the metadata */
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
     * Returns the thread that recorded an event.
     *
     * @param threadId the thread's number, as in {@link TraceEvent#threadId}
     * @param timestamp the time of the event, in cycles, unsigned
     * @return the thread, or null if the trace does not name it; a number of the thread that is not known is
     *     {@link TraceThread#NONE}
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
     * Returns an event with Java's number of its thread, if the event has the kernel's number of a Java thread.
     *
     * @param event the event
     */
    TraceEvent byJava(TraceEvent event) {
        TraceThread thread = event.threadId() < 0 ? of(event.threadId(), event.timestamp()) : null;
        return thread == null || thread.javaId() == TraceThread.NONE ? event
                : event.withThread(thread.javaId());
    }

    /**
     * Returns the end of an event's line: the kind of the thread and its name in quotation marks, or an empty text.
     *
     * @param event the event
     */
    String label(TraceEvent event) {
        TraceThread thread = of(event.threadId(), event.timestamp());
        return thread == null || !thread.isVirtual() && thread.name().isEmpty() ? ""
                : (thread.isVirtual() ? "virtual thread" : "thread") + Printable.quoted(thread.name());
    }

    /**
     * Returns the name of the lane of a thread: the thread's kind, number and name.
     *
     * @param threadId the thread's number
     * @param timestamp the time of one of its events, in cycles
     */
    String lane(long threadId, long timestamp) {
        TraceThread thread = of(threadId, timestamp);
        return thread == null ? "thread " + threadId : Printable.cut((thread.isVirtual() ? "virtual thread "
                : "thread ") + threadId + Printable.quoted(thread.name()), MAX_LANE_CHARS);
    }
}
