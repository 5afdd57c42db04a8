package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.Rseq;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events of primitives allocate nothing, sub-buffers that are crossed included. */
final class AllocationKernelTest {
    private static final int CALLS = 20_000;
    private static final int MAX_ROUNDS = 100;

    /** The events. */
    interface Numbers {
        void none();

        void two(long a, long b);

        void narrow(int a, byte b, short c, boolean d, char e);

        void eight(long a, long b, long c, long d, double e, float f, int g, int h);

        Span span(long a);
    }

    @Test
    void primitiveEventsAllocateNothing(@TempDir Path folder) throws IOException {
        assumeTrue(Rseq.availability().available(), "the fallback's calls are not so cheap");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("recorder"))) {
            Numbers numbers = tracer.probes(Numbers.class);
            long perRound = -1;
            // Until the compiler has done its work; what is allocated by then is its own affair.
            for (int round = 0; round < MAX_ROUNDS && perRound != 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < CALLS; i++) {
                    numbers.none();
                    numbers.two(i, -i);
                    numbers.narrow(i, (byte) i, (short) i, true, 'c');
                    numbers.eight(i, i, i, i, i, i, i, i);
                    numbers.span(i).close();
                }
                perRound = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
            }
            assertEquals(0, perRound, "bytes a round");
            Path snapshot = folder.resolve("snapshot");
            tracer.snapshot(snapshot);
            assertTrue(TracerTest.read(snapshot, 0).size() > CALLS, "they were recorded");
        }
    }
}
