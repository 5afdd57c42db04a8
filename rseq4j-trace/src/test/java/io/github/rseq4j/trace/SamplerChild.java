package io.github.rseq4j.trace;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Samples itself in a place of its own, and tells what came of it. */
final class SamplerChild {
    private static final int SIGPROF = 27;

    private SamplerChild() {}

    /** Tells whether this thread has its number of the kernel's, and each sample a thread. */
    private static boolean isNamed(Path folder) {
        try (TraceReader reader = new TraceReader(folder)) {
            List<TraceThread> threads = Objects.requireNonNull(reader.description()).threads();
            Set<Long> tids = threads.stream().map(TraceThread::kernelTid).collect(Collectors.toSet());
            boolean isNamed = threads.stream().anyMatch(each -> each.javaId() == Thread.currentThread().threadId()
                    && each.kernelTid() == Linux.gettid());
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                isNamed &= event.threadId() > 0 || tids.contains(-event.threadId());
            }
            return isNamed;
        }
    }

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        try (Tracer tracer = Tracer.streaming(folder)) {
            CpuSampler sampler = tracer.sampleCpu(1000);
            long until = System.nanoTime() + 400_000_000;
            while (System.nanoTime() < until) {
                Thread.onSpinWait();
            }
            sampler.close();
            System.out.print("failures of " + tracer.stats());
            tracer.flush();
            boolean hasSamples = false;
            try (TraceReader reader = new TraceReader(folder)) {
                for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                    hasSamples |= event.type().name().equals("cpu:sample");
                }
            }
            System.out.println(" samples=" + hasSamples + " failures=" + tracer.stats().failures());
            System.out.println("named=" + isNamed(folder));
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
        System.out.println("handler=" + Signals.handler(Signals.sigaction(SIGPROF, new byte[0])));
    }
}
