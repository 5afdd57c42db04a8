package io.github.rseq4j.trace;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;

/** Counts and traces: the program of which {@link AotCacheTest} trains a cache, and which it runs from the cache. */
final class AotChild {
    private static final int COUNT = 1000;

    private AotChild() {}

    /** The events. */
    interface Events {
        void happened(long number, String text);
    }

    /** Takes the folder of a trace as its argument. */
    public static void main(String[] arguments) throws IOException {
        PerCpuCounter counter = new PerCpuCounter();
        Path folder = Path.of(arguments[0]);
        try (Tracer tracer = Tracer.streaming(folder)) {
            Events events = tracer.probes(Events.class);
            for (int i = 0; i < COUNT; i++) {
                counter.increment();
                events.happened(i, "text");
            }
        }
        System.out.println("engine=" + Rseq.availability().available());
        System.out.println("counted=" + counter.sum());
        System.out.println("read=" + read(folder));
    }

    private static long read(Path folder) throws IOException {
        long read = 0;
        try (TraceReader reader = new TraceReader(folder)) {
            while (reader.next() != null) {
                read++;
            }
        }
        return read;
    }
}
