package io.github.rseq4j.trace.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import org.junit.jupiter.api.Test;

/** The choice of the clock. The tests of the module run with each clock. */
final class TraceTimeTest {
    @Test
    void usesTheClockThatThePropertySelects() {
        assumeTrue("monotonic".equals(System.getProperty("rseq4j.trace.clock")), "the property selects no clock");
        assumeTrue(Rseq.availability().available(), "the fallback has no other clock");
        assertTrue(TraceTime.isGiven());
        assertEquals(1_000_000_000, TraceTime.clock().frequencyHz());
        long before = System.nanoTime();
        long time = TraceTime.now();
        assertTrue(before <= time && time <= System.nanoTime(), time + " after " + before);
    }
}
