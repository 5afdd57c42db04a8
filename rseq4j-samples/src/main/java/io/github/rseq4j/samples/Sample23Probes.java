package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Level;
import io.github.rseq4j.trace.Probe;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.time.Duration;

/**
 * The switches and limits of events; and a tracer with small rings, short texts, and threads that wait for room.
 *
 * <pre>
 * batch:detail (disabled)
 * batch:detail (enabled)
 * left out: 990 calls of batch:done
 * recorded: 11 events
 * </pre>
 */
final class Sample23Probes {
    /** The events, with the name of their provider, and a level and a limit of their own. */
    @Provider("batch")
    interface Jobs {
        /** One call of a hundred is recorded. */
        @Event(oneIn = 100)
        void done(long id);

        /** Off at first. */
        @Event(level = Level.DEBUG)
        void detail(String text);
    }

    static void main() throws IOException {
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 16, 4).withFieldBytes(256)
                .withFlushInterval(Duration.ofMillis(200)).withBlocking(Duration.ofSeconds(1));
        try (Temporary temporary = Temporary.folder()) {
            try (Tracer tracer = Tracer.streaming(temporary.inside("trace"), options)) {
                tracer.disable("batch:detail");                // also before the provider is there
                Jobs jobs = tracer.probes(Jobs.class);
                Probe detail = tracer.probe("batch:detail");
                System.out.println(detail);
                for (long id = 0; id < 1_000; id++) {
                    jobs.detail("not recorded");
                    jobs.done(id);
                }
                detail.enable();
                System.out.println(detail);
                jobs.detail("the last job is done");
                System.out.println("left out: " + tracer.probe("batch:done").omitted() + " calls of batch:done");
            }
            try (TraceReader reader = new TraceReader(temporary.inside("trace"))) {
                System.out.println("recorded: " + reader.events().count() + " events");
            }
        }
    }
}
