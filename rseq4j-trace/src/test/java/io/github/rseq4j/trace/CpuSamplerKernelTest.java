package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples of CPU time, by signals of the kernel. */
final class CpuSamplerKernelTest {
    private static final int HZ = 1000;

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "handlers record with rseq alone");
    }

    /** Uses CPU time, and returns the thread. */
    private static int burn(long millis) {
        long until = System.nanoTime() + millis * 1_000_000;
        long x = 1;
        while (System.nanoTime() < until) {
            for (int i = 0; i < 10_000; i++) {
                x = x * 6364136223846793005L + 1442695040888963407L;
            }
        }
        // The result is needed, so that the loop is.
        return x == 0 ? 0 : Linux.gettid();
    }

    @Test
    void samplesThreadsThatUseCpuTimeWhereTheyAre(@TempDir Path folder) throws Exception {
        int[] tid = new int[1];
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            try (CpuSampler _ = tracer.sampleCpu(HZ)) {
                assertThrows(IllegalStateException.class, () -> tracer.sampleCpu(HZ));
                Thread burner = Thread.ofPlatform().start(() -> tid[0] = burn(400));
                burner.join();
            }
            int _ = burn(100);
        }
        List<TraceEvent> events = TracerTest.read(folder, 0);
        List<TraceEvent> code = events.stream().filter(each -> each.type().name().equals("cpu:mapping")).toList();
        List<TraceEvent> samples = events.stream().filter(each -> each.type().name().equals("cpu:sample")
                && each.threadId() == tid[0]).toList();
        // 400 ms of CPU time, were the machine idle, at the slowest tick that kernels have: 40. It may be busy.
        assertTrue(samples.size() >= 5, samples.size() + " samples of " + events.size() + " events");
        for (TraceEvent sample : samples) {
            long ip = (long) sample.values().getFirst();
            assertTrue(code.stream().anyMatch(each -> (long) each.values().get(0) <= ip
                    && ip < (long) each.values().get(1)) || ip < 0, Long.toHexString(ip) + " is in no code");
        }
        assertTrue(code.stream().anyMatch(each -> String.valueOf(each.values().get(3)).endsWith("libjvm.so")));
        assertEquals(0, samples.stream().filter(each -> each.cpu() < 0).count());
    }

    @Test
    void anotherTracerMaySampleLater(@TempDir Path folder) throws Exception {
        for (int i = 0; i < 2; i++) {
            Path each = folder.resolve("trace" + i);
            try (Tracer tracer = Tracer.flightRecorder(each, TracerOptions.defaults())) {
                CpuSampler _ = tracer.sampleCpu(HZ);
                int tid = burn(200);
                Path snapshot = folder.resolve("snapshot" + i);
                tracer.snapshot(snapshot);
                List<TraceEvent> events = TracerTest.read(snapshot, 0);
                assertTrue(events.stream().anyMatch(event -> event.type().name().equals("cpu:sample")
                        && event.threadId() == tid), events.size() + " events");
                assertTrue(events.getLast().type().name().equals("cpu:mapping")
                        || events.stream().filter(event -> event.type().name().equals("cpu:mapping")).count() > 10);
            }
        }
    }

    @Test
    void refusesRatesThatCannotBe(@TempDir Path folder) throws Exception {
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            for (int hz : new int[] {0, -1, CpuSampler.MAX_HZ + 1}) {
                IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                        () -> tracer.sampleCpu(hz));
                assertEquals("hz=" + hz + ", must be 1 to 10000", refused.getMessage());
            }
        }
    }
}
