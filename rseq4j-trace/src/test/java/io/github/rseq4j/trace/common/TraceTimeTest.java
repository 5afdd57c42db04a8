package io.github.rseq4j.trace.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import org.junit.jupiter.api.Test;

/** Which clock it is. These tests run with each. */
final class TraceTimeTest {
    @Test
    void theClockIsTheOneThatIsAskedFor() {
        assumeTrue("monotonic".equals(System.getProperty("rseq4j.trace.clock")), "no clock is asked for");
        assumeTrue(Rseq.availability().available(), "the fallback has that clock alone");
        assertTrue(TraceTime.isGiven());
        assertEquals(1_000_000_000, TraceTime.clock().frequencyHz());
        long before = System.nanoTime();
        long time = TraceTime.now();
        assertTrue(before <= time && time <= System.nanoTime(), time + " behind " + before);
    }
}
