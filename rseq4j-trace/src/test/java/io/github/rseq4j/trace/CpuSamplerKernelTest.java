package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Samples of CPU time, by signals of the kernel. */
final class CpuSamplerKernelTest {
    private static final int HZ = 1000;
    private static final int SIGPROF = 27;

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "handlers record with rseq alone");
        assumeTrue(TraceTime.isCounter(), TraceTime::whyNoCounter);
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
                && each.threadId() == -tid[0]).toList();
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
    void theThreadsOfSamplesAreKnownWhetherJavaKnowsThemOrNot(@TempDir Path folder) throws Exception {
        int[] tid = new int[1];
        Thread burner;
        try (Tracer tracer = Tracer.streaming(folder); CpuSampler _ = tracer.sampleCpu(HZ)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            burner = Thread.ofPlatform().name("a name of more than fifteen").start(() -> {
                int _ = burn(50);
                TracerTest.record(tracer, 0, 0);
                tid[0] = burn(50);
            });
            burner.join();
        }
        List<TraceThread> threads = TracedThreadsTest.description(folder).threads();
        TraceThread own = threads.stream().filter(each -> each.kernelTid() == tid[0]).reduce((a, b) -> {
            throw new AssertionError(a + " and " + b);
        }).orElseThrow();
        assertEquals(burner.threadId(), own.javaId());
        assertEquals(burner.getName(), own.name());
        for (TraceEvent event : TracerTest.read(folder, 0)) {
            if (event.threadId() == -tid[0]) {
                assertTrue(event.timestamp() >= own.from() && event.timestamp() < own.to() || own.to() == -1,
                        () -> event + " of " + own);
            }
            assertTrue(event.threadId() > 0 || threads.stream().anyMatch(
                    each -> each.kernelTid() == -event.threadId()), () -> event + " is of nobody");
        }
        assertTrue(threads.stream().anyMatch(each -> each.javaId() == TraceThread.NONE
                && each.name().equals("VM Thread")), threads::toString);
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
                        && event.threadId() == -tid), events.size() + " events");
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

    private static long handler() {
        return Signals.handler(Signals.sigaction(SIGPROF, new byte[0]));
    }

    /** Its default, ignored, and ignored by the time that a sampler ends. */
    @Test
    void theSignalIsGivenBackAsItWasFound(@TempDir Path folder) throws Exception {
        for (long action : new long[] {0, 1}) {
            byte[] former = Signals.sigaction(SIGPROF, action);
            try (Tracer tracer = Tracer.streaming(folder.resolve("trace" + action))) {
                for (int i = 0; i < 3; i++) {
                    CpuSampler sampler = tracer.sampleCpu(CpuSampler.MAX_HZ);
                    assertTrue(handler() > 1);
                    int _ = burn(20);
                    sampler.close();
                    assertEquals(action, handler());
                    sampler.close();
                }
            } finally {
                Signals.sigaction(SIGPROF, former);
            }
        }
    }

    @Test
    void anotherProfilersHandlerIsLeftAlone(@TempDir Path folder) throws Exception {
        byte[] former = Signals.sigaction(SIGPROF, new byte[0]);
        try (Tracer tracer = Tracer.streaming(folder)) {
            CpuSampler sampler = tracer.sampleCpu(HZ);
            // A function that is there for ever, and is never called: no timer is left when it is the handler.
            long other = handler() + 1;
            sampler.close();
            try {
                Signals.sigaction(SIGPROF, other);
                for (int i = 0; i < 2; i++) {
                    IllegalStateException refused = assertThrows(IllegalStateException.class,
                            () -> tracer.sampleCpu(HZ));
                    assertEquals("SIGPROF has a handler already: another profiler runs in this process",
                            refused.getMessage());
                    assertEquals(other, handler());
                }
            } finally {
                Signals.sigaction(SIGPROF, former);
            }
            CpuSampler late = tracer.sampleCpu(HZ);
            Signals.sigaction(SIGPROF, 1);
            late.close();
            assertEquals(1, handler(), "it is somebody else's by then");
        } finally {
            Signals.sigaction(SIGPROF, former);
        }
    }

    @Test
    void threadsThatEndWhileTheyAreArmedAreNoFailures(@TempDir Path folder) throws Exception {
        try (Tracer tracer = Tracer.streaming(folder); CpuSampler _ = tracer.sampleCpu(HZ)) {
            long until = System.nanoTime() + 500_000_000;
            for (int i = 0; i < 3000 && System.nanoTime() < until; i++) {
                Thread.ofPlatform().start(() -> {}).join();
            }
            assertEquals(0, tracer.stats().failures(), () -> tracer.stats().toString());
        }
    }

    /** A copy of this library in another class loader is another user of the signal, until its sampler has ended. */
    @Test
    void aSecondCopyMaySampleAfterTheFirst(@TempDir Path folder) throws Exception {
        try (Tracer tracer = Tracer.streaming(folder.resolve("first")); URLClassLoader loader = copy()) {
            Class<?> type = loader.loadClass(Tracer.class.getName());
            try (AutoCloseable second = (AutoCloseable) Objects.requireNonNull(type.getMethod("streaming", Path.class)
                    .invoke(null, folder.resolve("second")))) {
                Method sample = type.getMethod("sampleCpu", int.class);
                CpuSampler first = tracer.sampleCpu(HZ);
                InvocationTargetException refused = assertThrows(InvocationTargetException.class,
                        () -> sample.invoke(second, HZ));
                assertTrue(refused.getCause() instanceof IllegalStateException,
                        () -> String.valueOf(refused.getCause()));
                first.close();
                ((AutoCloseable) Objects.requireNonNull(sample.invoke(second, HZ))).close();
                tracer.sampleCpu(HZ).close();
            }
        }
    }

    private static URLClassLoader copy() throws Exception {
        Path root = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
        return new URLClassLoader(new URL[] {root.resolve("rseq4j-core/target/classes/").toUri().toURL(),
            root.resolve("rseq4j-trace/target/classes/").toUri().toURL()}, ClassLoader.getPlatformClassLoader());
    }

    /** /proc is that of the outer namespace there, and numbers threads otherwise. */
    @Test
    void samplesInANamespaceOfNumbersWithTheOuterProc(@TempDir Path folder) throws Exception {
        String output = Child.output(Map.of(), Child.unshared("--pid", "\"$@\"; exit $?",
                Child.java(List.of(), SamplerChild.class, folder.resolve("trace").toString())));
        assertTrue(output.contains("samples=true failures=0"), output);
        assertTrue(output.contains("named=true"), output);
    }

    @Test
    void tellsWhereNoThreadCanHaveATimer(@TempDir Path folder) throws Exception {
        List<String> command = new ArrayList<>(List.of("prlimit", "--sigpending=0"));
        Child.require("limits need prlimit(1) of util-linux", Child.succeeds(List.of("prlimit", "--version")));
        command.addAll(Child.java(List.of(), SamplerChild.class, folder.resolve("trace").toString()));
        String output = Child.output(Map.of(), command);
        assertTrue(output.contains("no thread can be given a timer of its CPU time: timer_create answered EAGAIN"),
                output);
        assertTrue(output.contains("handler=0"), output);
    }
}
