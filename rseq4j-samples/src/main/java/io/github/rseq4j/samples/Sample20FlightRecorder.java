package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A flight recorder keeps the newest events in memory. When something goes wrong, here a payment that fails, it writes
 * them to a folder, which {@code rseq4j trace view} shows.
 *
 * <pre>
 * the last event is payments:failed [card declined]
 * the recorder kept the newest events, and overwrote the first: true
 * </pre>
 */
final class Sample20FlightRecorder {
    /** The events. */
    interface Payments {
        /** A step of a payment. */
        void step(long number);

        /** A payment that failed. */
        void failed(String reason);
    }

    static void main() throws IOException {
        try (Temporary temporary = Temporary.folder();
                Tracer recorder = Tracer.flightRecorder(temporary.inside("recorder"))) {
            Payments events = recorder.probes(Payments.class);
            for (long i = 0; i < 1_000_000; i++) {
                events.step(i);
            }
            events.failed("card declined");
            recorder.snapshot(temporary.inside("failure"));
            show(temporary.inside("failure"));
        }
    }

    private static void show(Path snapshot) {
        String[] last = new String[1];
        long[] count = new long[1];
        try (TraceReader reader = new TraceReader(snapshot)) {
            reader.events().forEach(event -> {
                last[0] = event.name() + " " + event.values();
                count[0]++;
            });
        }
        System.out.println("the last event is " + last[0]);
        System.out.println("the recorder kept the newest events, and overwrote the first: "
                + (count[0] > 1000 && count[0] < 1_000_000));
    }
}
