package io.github.rseq4j.cli.trace;

import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import io.github.rseq4j.trace.ctf.Truncated;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A trace with known events, for the tests of commands. */
public final class SampleTrace {
    static final EventType BEGIN = new EventType("web:request_begin", 0, 6,
            List.of(new EventType.Field("path", FieldType.Basic.STRING)));
    static final EventType END = new EventType("web:request_end", 1, 6,
            List.of(new EventType.Field("status", FieldType.Basic.INT)));
    static final EventType CACHE = new EventType("cache:hit", 2, 7, List.of(
            new EventType.Field("kind", new FieldType.Enumeration(List.of("FRESH", "STALE"))),
            new EventType.Field("key", FieldType.Basic.BYTES), new EventType.Field("load", FieldType.Basic.DOUBLE)));
    /** From 2025-11-24T16:00:00Z on, a thousand cycles are one microsecond. */
    private static final TraceClock CLOCK = new TraceClock(new UUID(3, 4), 1_000_000_000, 1_764_000_000, 0);
    public static final TraceDescription DESCRIPTION = new TraceDescription(new UUID(1, 2), CLOCK, 2,
            Map.of("hostname", "here", "pid", 77L, "jdk", "25"), List.of(BEGIN, END, CACHE));

    private SampleTrace() {}

    /**
     * Writes the trace: requests of 1 to 9 microseconds, 10 microseconds apart, by two threads on two CPUs, with a
     * cache hit in each.
     */
    public static Path write(Path folder, int requests) {
        try (TraceWriter writer = new TraceWriter(folder, DESCRIPTION, 4096)) {
            for (int i = 0; i < requests; i++) {
                int cpu = i % 2;
                long now = 10_000L * i;
                writer.append(cpu, now, 20 + cpu, BEGIN, Truncated.of("/a\u001b[31m?n=" + i, 12));
                writer.append(cpu, now + 500, 20 + cpu, CACHE, "STALE", new byte[] {1, (byte) 0xAB}, Double.NaN);
                writer.append(cpu, now + 1000L * (1 + i % 9), 20 + cpu, END, 200 + i);
            }
            writer.discard(1, 5);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }
}
