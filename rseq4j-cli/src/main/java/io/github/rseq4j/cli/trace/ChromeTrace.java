package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.Printable;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Writes a trace as trace events of Chrome: pairs begin and end a slice of their thread, all else is an instant. */
final class ChromeTrace {
    /* How it works
     *
     * The format is an object with a list of events. Times are microseconds since the first event, with a fraction that
     * keeps the nanoseconds: as doubles, times since the epoch would not. Threads are named when they are first seen;
     * beyond a limit they are not, so that a trace of many virtual threads needs no more memory.
     *
     * Slices of a thread lie in each other, because viewers match an end with the begin before it: when one ends,
     * those that began in it and have no end yet end before it, and those that are open at the trace's end end there;
     * their end has an argument that says so. An end that comes later is an instant. Refused: complete slices, which
     * would be kept in memory with their arguments until they end.
     */
    private static final int MOST_NAMED_THREADS = 1 << 20;
    private static final int THREAD_BYTES = 512;
    private static final int ASK_MASK = (1 << 12) - 1;
    private static final int NANO_DIGITS = 3;

    private final TraceDescription trace;
    private final TraceThreads named;
    private final JsonGenerator json;
    private final TracePairs pairs = new TracePairs();
    private final long maxThreads = Math.min(MOST_NAMED_THREADS, Runtime.getRuntime().maxMemory() / THREAD_BYTES);
    private final Set<Long> threads = new HashSet<>();
    private final Object pid;
    private long first;
    private long last;

    private ChromeTrace(TraceDescription trace, TraceThreads named, JsonGenerator json) {
        this.trace = trace;
        this.named = named;
        this.json = json;
        this.pid = trace.environment().getOrDefault("pid", 0L) instanceof Long number ? (Object) number : (Object) 0L;
    }

    /**
     * Writes a trace.
     *
     * @param trace what its metadata says
     * @param input its events
     * @param json where to; it is not closed
     * @param isLost asks now and then whether what is written is lost, so that there is no use in going on
     */
    static void write(TraceDescription trace, TraceInput input, JsonGenerator json, BooleanSupplier isLost) {
        ChromeTrace chrome = new ChromeTrace(trace, input.threads(), json);
        json.writeStartObject();
        json.writeStringProperty("displayTimeUnit", "ns");
        json.writePOJOProperty("otherData", trace.environment());
        json.writeArrayPropertyStart("traceEvents");
        chrome.metadata("process_name", 0, "java " + chrome.pid);
        long read = 0;
        for (TraceEvent event = input.next(); event != null; event = input.next()) {
            chrome.first = read == 0 ? event.timestamp() : chrome.first;
            chrome.event(event);
            if ((++read & ASK_MASK) == 0 && isLost.getAsBoolean()) {
                break;
            }
        }
        chrome.pairs.forEachOpen((thread, begun) -> chrome.unfinished(begun, thread, chrome.last));
        json.writeEndArray();
        json.writeEndObject();
        json.flush();
    }

    private void metadata(String what, long thread, String name) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("ph", "M");
        object.put("name", what);
        object.put("pid", pid);
        object.put("tid", thread);
        object.put("args", Map.of("name", name));
        json.writePOJO(object);
        json.writeRaw('\n');
    }

    private void event(TraceEvent event) {
        if (threads.size() < maxThreads && threads.add(event.threadId())) {
            TraceThread thread = named.of(event.threadId(), event.timestamp());
            metadata("thread_name", event.threadId(), thread == null || thread.name().isEmpty()
                    ? (thread != null && thread.isVirtual() ? "virtual thread " : "thread ") + event.threadId()
                    : Printable.wellFormed(thread.name()));
        }
        last = Long.compareUnsigned(event.timestamp(), last) > 0 ? event.timestamp() : last;
        TracePairs.Begun half = pairs.take(event);
        for (TracePairs.Begun inner : pairs.left()) {
            unfinished(inner, event.threadId(), event.timestamp());
        }
        boolean isSlice = half != null && half.isNested();
        boolean isEnd = isSlice && pairs.role(event.type()).kind() == TracePairs.Kind.ENDS;
        Map<String, @Nullable Object> arguments = EventText.fields(event);
        arguments.put("cpu", event.cpu());
        if (isSlice && half != null) {
            write(isEnd ? "E" : "B", half.pair(), event.type().provider(),
                    isEnd ? later(event.timestamp(), half.timestamp()) : event.timestamp(), event.threadId(),
                    arguments);
        } else {
            write("i", event.type().name(), event.type().provider(), event.timestamp(), event.threadId(), arguments);
        }
    }

    private void unfinished(TracePairs.Begun begun, long thread, long timestamp) {
        write("E", begun.pair(), begun.pair().substring(0, begun.pair().indexOf(':')),
                later(timestamp, begun.timestamp()), thread, Map.of("unfinished", true));
    }

    private static long later(long one, long other) {
        return Long.compareUnsigned(one, other) > 0 ? one : other;
    }

    private void write(String phase, String name, String category, long timestamp, long thread,
            Map<String, @Nullable Object> arguments) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        object.put("ph", phase);
        object.put("name", name);
        object.put("cat", category);
        object.put("ts", micros(timestamp));
        object.put("pid", pid);
        object.put("tid", thread);
        if (phase.equals("i")) {
            object.put("s", "t");
        }
        object.put("args", arguments);
        json.writePOJO(object);
        json.writeRaw('\n');
    }

    private BigDecimal micros(long timestamp) {
        boolean isBefore = Long.compareUnsigned(timestamp, first) < 0;
        long nanos = trace.clock().nanos(isBefore ? first - timestamp : timestamp - first);
        return BigDecimal.valueOf(isBefore ? -nanos : nanos, NANO_DIGITS);
    }
}
