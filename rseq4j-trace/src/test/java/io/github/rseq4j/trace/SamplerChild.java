package io.github.rseq4j.trace;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;

/** Samples itself in a place of its own, and tells what came of it. */
final class SamplerChild {
    private static final int SIGPROF = 27;

    private SamplerChild() {}

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
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
        System.out.println("handler=" + Linux.handler(Linux.sigaction(SIGPROF, new byte[0])));
    }
}
