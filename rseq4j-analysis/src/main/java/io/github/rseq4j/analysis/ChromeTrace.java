package io.github.rseq4j.analysis;

import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a trace in Chrome's trace event format, which Perfetto and chrome://tracing show. The format is JSON. A span
 * becomes a slice on its thread's track; every other event becomes an instant.
 *
 * <p>Times are microseconds since the first event, with three decimals. Slices of a thread nest: a span that has no end
 * ends with the slice around it, and its end has the argument {@code unfinished}. A span that began before the first
 * event begins there, and has the argument {@code began_before_the_trace}. Up to 1,048,576 threads have names,
 * fewer in a small heap.
 *
 * <p><b>Threads.</b> Any thread may call any method. A trace may be used by one call at a time.
 *
 * @since 0.1.0
 */
public final class ChromeTrace {
    /* How it works
     *
     * The format is an object with a list of events. Times count from the first event, because viewers read them as
     * doubles, and times since the epoch would lose the nanoseconds. A thread is named at its first event. Beyond a
     * limit threads are not named, so that a trace of many virtual threads takes bounded memory.
     *
     * Viewers match an end with the begin before it, so the slices of a thread must nest. When a slice ends, the slices
     * that began inside it and have no end are ended first. Slices that are open at the end of the trace end there. The
     * argument "unfinished" marks these ends. An end that comes later becomes an instant.
     *
     * A pair of events is a pair in the file too: a slice in one piece would have to be kept in memory, with its
     * arguments, until its end. A span that one event records is a slice in one piece, and comes after those in it;
     * viewers sort slices by their begins. Of slices with the same begin, viewers take the first one in the file as the
     * outer one. So slices that begin at the first event are kept until the end of the file, up to MOST_HELD: those
     * that began before it, the outermost first, and then that of the first event.
     */
    private static final int MOST_NAMED_THREADS = 1 << 20;
    private static final int THREAD_BYTES = 512;
    private static final int MOST_HELD = 10_000;
    private static final int BUFFER_CHARS = 1 << 16;
    private static final int NANO_DIGITS = 3;

    private final Trace trace;
    private final Json json;
    private final SpanMatcher pairs;
    private final long maxThreads = Math.min(MOST_NAMED_THREADS, Runtime.getRuntime().maxMemory() / THREAD_BYTES);
    private final Set<Long> threads = new HashSet<>();
    private final Deque<Map<String, @Nullable Object>> held = new ArrayDeque<>();
    private final Object pid;
    private long first;
    private long last;

    private ChromeTrace(Trace trace, Json json) {
        this.trace = trace;
        this.json = json;
        this.pairs = new SpanMatcher(trace, false);
        this.pid = trace.description().environment().getOrDefault("pid", 0L) instanceof Long number ? (Object) number
                : (Object) 0L;
    }

    /**
     * Reads the events of a trace that are not read yet, and writes them.
     *
     * @param trace the trace; it stays open
     * @param out the target of the JSON text, in UTF-8; it is flushed and stays open
     * @throws IOException if the target cannot be written
     */
    public static void write(Trace trace, OutputStream out) throws IOException {
        Writer writer = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), BUFFER_CHARS);
        write(trace, writer);
        writer.flush();
    }

    /**
     * Reads the events of a trace that are not read yet, and writes them.
     *
     * @param trace the trace; it stays open
     * @param out the target of the JSON text
     * @throws IOException if the target cannot be written
     */
    public static void write(Trace trace, Appendable out) throws IOException {
        new ChromeTrace(trace, Json.compact(out)).write();
    }

    private void write() throws IOException {
        json.beginObject();
        json.entry("displayTimeUnit", "ns");
        json.entry("otherData", trace.description().environment());
        json.name("traceEvents");
        json.beginArray();
        metadata("process_name", 0, "java " + pid);
        TraceEvent event = trace.next();
        first = event == null ? 0 : event.timestamp();
        for (; event != null; event = trace.next()) {
            event(event);
        }
        pairs.forEachOpen(begun -> unfinished(begun, last));
        for (Map<String, @Nullable Object> each : held) {
            json.value(each);
            json.line();
        }
        json.endArray();
        json.endObject();
    }

    private void metadata(String what, long thread, String name) throws IOException {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("ph", "M");
        object.put("name", what);
        object.put("pid", pid);
        object.put("tid", thread);
        object.put("args", Map.of("name", name));
        json.value(object);
        json.line();
    }

    private void event(TraceEvent event) throws IOException {
        if (threads.size() < maxThreads && threads.add(event.threadId())) {
            TraceThread thread = trace.threads().of(event.threadId(), event.timestamp());
            metadata("thread_name", event.threadId(), thread == null || thread.name().isEmpty()
                    ? (thread != null && thread.isVirtual() ? "virtual thread " : "thread ") + event.threadId()
                    : thread.name());
        }
        last = Long.compareUnsigned(event.timestamp(), last) > 0 ? event.timestamp() : last;
        SpanNode span = pairs.take(event);
        for (SpanNode inner : pairs.left()) {
            unfinished(inner, event.timestamp());
        }
        Map<String, @Nullable Object> arguments = EventText.fields(event);
        arguments.put("cpu", event.cpu());
        if (span == null || !span.isNested) {
            write("i", event.type().name(), event.timestamp(), event.threadId(), arguments);
        } else if (span.isComplete()) {
            complete(span, arguments);
        } else if (span.number() == 1 && span.endNumber() == 0 && pairs.hasComplete()) {
            Map<String, @Nullable Object> object = object("B", span.name(), event.timestamp(), event.threadId());
            object.put("args", arguments);
            held.addLast(object);
        } else if (span.endNumber() == 0) {
            write("B", span.name(), event.timestamp(), event.threadId(), arguments);
        } else {
            write("E", span.name(), span.end(), event.threadId(), arguments);
        }
    }

    private void complete(SpanNode span, Map<String, @Nullable Object> arguments) throws IOException {
        boolean isCut = Long.compareUnsigned(span.begin(), first) < 0;
        if (isCut) {
            arguments.put("began_before_the_trace", true);
        } else {
            arguments.remove(SpanMatcher.DURATION);
        }
        long begin = isCut ? first : span.begin();
        Map<String, @Nullable Object> object = object("X", span.name(), begin, span.threadId());
        object.put("dur", micros(span.end()).subtract(micros(begin)));
        if (isCut && held.size() < MOST_HELD) {
            object.put("args", arguments);
            held.addFirst(object);
        } else {
            write(object, arguments);
        }
    }

    private void unfinished(SpanNode begun, long timestamp) throws IOException {
        write("E", begun.name(), later(timestamp, begun.begin()), begun.threadId(), Map.of("unfinished", true));
    }

    private static long later(long one, long other) {
        return Long.compareUnsigned(one, other) > 0 ? one : other;
    }

    private void write(String phase, String name, long timestamp, long thread, Map<String, @Nullable Object> arguments)
            throws IOException {
        Map<String, @Nullable Object> object = object(phase, name, timestamp, thread);
        if (phase.equals("i")) {
            object.put("s", "t");
        }
        write(object, arguments);
    }

    private Map<String, @Nullable Object> object(String phase, String name, long timestamp, long thread) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("ph", phase);
        object.put("name", name);
        object.put("cat", name.substring(0, name.indexOf(':')));
        object.put("ts", micros(timestamp));
        object.put("pid", pid);
        object.put("tid", thread);
        return object;
    }

    private void write(Map<String, @Nullable Object> object, Map<String, @Nullable Object> arguments)
            throws IOException {
        object.put("args", arguments);
        json.value(object);
        json.line();
    }

    private BigDecimal micros(long timestamp) {
        boolean isBefore = Long.compareUnsigned(timestamp, first) < 0;
        long nanos = trace.clock().nanos(isBefore ? first - timestamp : timestamp - first);
        return BigDecimal.valueOf(isBefore ? -nanos : nanos, NANO_DIGITS);
    }
}
