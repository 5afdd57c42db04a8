package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ring.TraceRing;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A thread migrates to a CPU that has no ring yet. */
final class NewCpuKernelTest {
    /**
     * A thread found the ring of its former CPU full, and counts the event on a CPU that has no ring. The section exits
     * there. On a CPU that has a ring it counts the event.
     */
    @Test
    void countsADiscardedEventOnlyInARing(@TempDir Path folder) throws Throwable {
        assumeTrue(Rseq.availability().available(), "rings of the fallback belong to stripes, not to CPUs");
        long[] allowed = Linux.sched_getaffinity(0);
        int first = Long.numberOfTrailingZeros(allowed[0]);
        int second = Long.numberOfTrailingZeros(allowed[0] & -2L << first);
        assumeTrue(second < Long.SIZE, "there are two CPUs");
        Tracer tracer;
        try {
            assertEquals(0, Linux.sched_setaffinity(0, first));
            tracer = Tracer.streaming(folder, TracerOptions.defaults());
            assertEquals(1, tracer.recording.rings.opened().size());
            assertEquals(0, Linux.sched_setaffinity(0, second));
            MethodHandle discard = Engine.get().handle(TraceRing.DISCARD);
            long refused = (long) discard.invokeExact(tracer.recording.channel().cells(), 1L);
            assertTrue(refused < 0, "counted on a CPU that has no ring");
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            assertEquals(2, tracer.recording.rings.opened().size());
            assertEquals(0, (long) discard.invokeExact(tracer.recording.channel().cells(), 3L));
        } finally {
            assertEquals(0, Linux.sched_setaffinity(0, allowed));
        }
        assertEquals(3,
                tracer.recording.rings.opened().stream().mapToLong(ring -> ring.get(TraceRing.DISCARDED)).sum());
        tracer.close();
        assertEquals(1, TracerTest.read(folder, 3).size());
        assertEquals(3, tracer.stats().discarded());
    }

    /** Native code cannot make a ring. It counts the event, and the tracer's thread makes the ring. */
    @Test
    void makesARingSoonAfterNativeCodeMissedIt(@TempDir Path folder) throws Throwable {
        assumeTrue(Rseq.availability().available(), "native code records only with rseq");
        assumeTrue(!TraceTime.isGiven(), "native code reads the processor's counter");
        long[] allowed = Linux.sched_getaffinity(0);
        int first = Long.numberOfTrailingZeros(allowed[0]);
        int second = Long.numberOfTrailingZeros(allowed[0] & -2L << first);
        assumeTrue(second < Long.SIZE, "there are two CPUs");
        EventType event = new EventType("test:native", 8, 6, List.of());
        Tracer tracer;
        long missed = 0;
        try {
            assertEquals(0, Linux.sched_setaffinity(0, first));
            tracer = Tracer.streaming(folder, TracerOptions.defaults());
            tracer.recording.add(List.of(event));
            long address = tracer.recording.natives().address(event, true);
            assertEquals(1, tracer.recording.rings.opened().size());
            assertEquals(0, Linux.sched_setaffinity(0, second));
            long until = System.nanoTime() + 60_000_000_000L;
            while (Native.call(address).value() < 0 && System.nanoTime() < until) {
                missed++;
            }
            assertEquals(2, tracer.recording.rings.opened().size());
        } finally {
            assertEquals(0, Linux.sched_setaffinity(0, allowed));
        }
        assertEquals(missed, tracer.stats().lost());
        assertTrue(missed > 0);
        tracer.close();
        assertEquals(missed, tracer.stats().lost(), "the count stays after the close");
        assertEquals(1, TracerTest.read(folder, 0).size());
    }
}
