package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.Writer;
import java.math.BigDecimal;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes a trace as trace events of Chrome: pairs begin and end a slice of their thread, all else is an instant. */
final class ChromeTrace {
    /* How it works
     *
     * The format is an object with a list of events. Times are microseconds since the first event, with a fraction that
     * keeps the nanoseconds: as doubles, times since the epoch would not. Threads are named when they are first seen;
     * beyond a limit they are not, so that a trace of many virtual threads needs no more memory.
     */
    private static final int MAX_NAMED_THREADS = 1 << 20;
    private static final int NANO_DIGITS = 3;

    private final TraceDescription trace;
    private final JsonGenerator json;
    private final TracePairs pairs = new TracePairs();
    private final Set<Long> threads = new HashSet<>();
    private final Object pid;
    private long first;

    private ChromeTrace(TraceDescription trace, JsonGenerator json) {
        this.trace = trace;
        this.json = json;
        this.pid = trace.environment().getOrDefault("pid", 0L) instanceof Long number ? (Object) number : (Object) 0L;
    }

    /**
     * Writes a trace.
     *
     * @param trace what its metadata says
     * @param input its events
     * @param writer where to; it is not closed
     */
    static void write(TraceDescription trace, TraceInput input, Writer writer) {
        try (JsonGenerator json = JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build()
                .createGenerator(writer)) {
            ChromeTrace chrome = new ChromeTrace(trace, json);
            json.writeStartObject();
            json.writeStringProperty("displayTimeUnit", "ns");
            json.writePOJOProperty("otherData", trace.environment());
            json.writeArrayPropertyStart("traceEvents");
            chrome.metadata("process_name", 0, "java " + chrome.pid);
            boolean isFirst = true;
            for (TraceEvent event = input.next(); event != null; event = input.next()) {
                chrome.first = isFirst ? event.timestamp() : chrome.first;
                isFirst = false;
                chrome.event(event);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
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
        if (threads.size() < MAX_NAMED_THREADS && threads.add(event.threadId())) {
            metadata("thread_name", event.threadId(), "thread " + event.threadId());
        }
        TracePairs.Role role = pairs.role(event.type());
        Long start = pairs.begunAt(event);
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        boolean isEnd = start != null;
        object.put("ph", isEnd ? "E" : role.kind() == TracePairs.Kind.BEGINS ? "B" : "i");
        object.put("name", isEnd || role.kind() == TracePairs.Kind.BEGINS ? role.pair() : event.type().name());
        object.put("cat", event.type().provider());
        object.put("ts", micros(event.timestamp()));
        object.put("pid", pid);
        object.put("tid", event.threadId());
        if (object.get("ph").equals("i")) {
            object.put("s", "t");
        }
        Map<String, @Nullable Object> arguments = EventText.fields(event);
        arguments.put("cpu", event.cpu());
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
