package io.github.rseq4j.trace;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.ctf.EventType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Gets the address of a probe, for which rings are made in advance, where many more CPUs are possible than exist. */
final class ManyCpusChild {
    private ManyCpusChild() {}

    /** Takes a folder as its argument. */
    public static void main(String[] arguments) throws IOException {
        try (Tracer tracer = Tracer.streaming(Path.of(arguments[0]), KilledChild.OPTIONS)) {
            EventType event = new EventType("test:native", 8, 6, List.of());
            tracer.recording.add(List.of(event));
            long _ = tracer.recording.natives().address(event, true);
            System.out.println(Rseq.availability().limit() + " " + tracer.recording.rings.opened().size());
        }
    }
}
