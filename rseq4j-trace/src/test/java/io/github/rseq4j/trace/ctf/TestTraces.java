package io.github.rseq4j.trace.ctf;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Descriptions that tests begin with. */
final class TestTraces {
    static final UUID TRACE = new UUID(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
    static final TraceClock CLOCK = new TraceClock(new UUID(1, 2), 1_000_000_000, 1_764_000_000, 5);

    static final Map<String, Object> ENVIRONMENT = Map.of("domain", "java", "tracer_name", "rseq4j", "tracer_version",
            "0.1", "hostname", "a-host", "pid", 4711L);

    private TestTraces() {}

    static TraceDescription of(int indexCount, EventType... events) {
        return new TraceDescription(TRACE, CLOCK, indexCount, ENVIRONMENT, List.of(events));
    }
}
