package io.github.rseq4j.trace.ctf;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Descriptions that tests begin with. */
final class TestTraces {
    static final UUID TRACE = new UUID(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
    static final TraceClock CLOCK = new TraceClock(new UUID(1, 2), 1_000_000_000, 1_764_000_000, 5);

    private TestTraces() {}

    static TraceDescription of(int indexCount, EventType... events) {
        return new TraceDescription(TRACE, CLOCK, indexCount, TraceDescription.environment("0.1", Instant.EPOCH),
                List.of(events));
    }
}
