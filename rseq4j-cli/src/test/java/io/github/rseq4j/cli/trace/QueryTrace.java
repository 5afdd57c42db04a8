package io.github.rseq4j.cli.trace;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.EventType.Field;
import io.github.rseq4j.trace.ctf.FieldType.Basic;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A trace of which the answers of the ready queries are known. A cycle is a nanosecond. */
final class QueryTrace {
    private static final EventType REQUEST = begin("web:request", 0, new Field("id", Basic.LONG));
    private static final EventType REQUEST_END = end("web:request", 1);
    private static final EventType LOCK = begin("db:lock", 2, new Field("name", Basic.STRING));
    private static final EventType LOCK_END = end("db:lock", 3);
    private static final EventType TICK = new EventType("web:tick", 4, 7, List.of());
    private static final EventType SEVERE = new EventType("jul:severe", 5, 3, List.of(new Field("level", Basic.INT),
            new Field("level_name", Basic.STRING), new Field("logger", Basic.STRING),
            new Field("message", Basic.STRING), new Field("thrown", Basic.STRING)));
    private static final EventType SAMPLE = new EventType("cpu:sample", 6, 6, List.of(new Field("ip", Basic.LONG)));
    private static final EventType MAPPING = new EventType("cpu:mapping", 7, 6, List.of(new Field("start", Basic.LONG),
            new Field("end", Basic.LONG), new Field("offset", Basic.LONG), new Field("path", Basic.STRING)));
    /** A minute after the first events. */
    static final long LATE = 61_000_000_000L;

    private QueryTrace() {}

    private static EventType begin(String span, int id, Field field) {
        return new EventType(span + "_begin", id, 6, List.of(field));
    }

    private static EventType end(String span, int id) {
        return new EventType(span + "_end", id, 6, List.of());
    }

    /**
     * Writes the trace.
     *
     * @param folder its folder
     * @param host the name of the host
     * @param number distinguishes traces
     * @param offsetSeconds the seconds from 2025-11-24T16:00:00Z to cycle 0 of its clock
     */
    static Path write(Path folder, String host, int number, long offsetSeconds) {
        TraceClock clock = new TraceClock(new UUID(3, number), 1_000_000_000, 1_764_000_000 + offsetSeconds, 0);
        TraceDescription description = new TraceDescription(new UUID(number, 2), clock, 2,
                Map.of("hostname", host, "pid", 7L, "clock_offset_error_ns", 250L * number),
                List.of(new TraceThread(1, 101, false, 0, TraceThread.OPEN, "main"),
                        new TraceThread(2, TraceThread.NONE, true, 0, TraceThread.OPEN, "v")),
                List.of(REQUEST, REQUEST_END, LOCK, LOCK_END, TICK, SEVERE, SAMPLE, MAPPING));
        try (TraceWriter writer = new TraceWriter(folder, description, 4096)) {
            writer.append(0, 1000, 1, REQUEST, 1L);
            writer.append(1, 1500, 2, REQUEST, 2L);
            writer.append(0, 2000, 1, LOCK, "A");
            writer.append(1, 2500, 2, LOCK, "B");
            writer.append(1, 2600, 2, LOCK, "A");
            writer.append(1, 2700, 2, LOCK_END);
            writer.append(1, 2800, 2, LOCK_END);
            writer.append(0, 3000, 1, LOCK, "B");
            writer.append(0, 4000, 1, LOCK_END);
            writer.append(0, 5000, 1, LOCK_END);
            writer.append(0, 6000, 2, TICK);
            writer.append(1, 7000, 3, SEVERE, 1000, "SEVERE", "app", "boom", null);
            writer.append(1, 8000, 3, REQUEST, 3L);
            writer.append(1, 8050, 3, MAPPING, 0x1000L, 0x2000L, 0L, "/lib/libx.so");
            writer.append(1, 8100, 3, SAMPLE, 0x1005L);
            writer.append(1, 8200, 3, SAMPLE, 0x5000L);
            writer.append(0, 9000, 1, REQUEST_END);
            writer.flush(1);
            writer.discard(1, 5);
            writer.append(1, LATE, 2, REQUEST_END);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }
}
