package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A test that asserts on the events of a program. It runs the program, reads the trace, and checks events, fields and
 * times. The sample prints:
 *
 * <pre>
 * requests:request_begin [42]
 * requests:cacheMiss [user:42]
 * requests:request_end []
 * one miss, of user:42, on the thread of the request, within it: true
 * </pre>
 */
final class Sample08ReadTrace {
    /** The events. The compiler's option -parameters keeps the names of the fields; @Field gives others. */
    interface Requests {
        /** A request, from its begin to its end. */
        Span request(long id);

        /** A key that is not in the cache. */
        void cacheMiss(@Field("key") String key);
    }

    private static void record(Path folder) throws IOException {
        try (Tracer tracer = Tracer.streaming(folder)) {
            Requests events = tracer.probes(Requests.class);
            try (Span _ = events.request(42)) {
                events.cacheMiss("user:42");
            }
        }
    }

    static void main() throws IOException {
        try (Temporary temporary = Temporary.folder()) {
            record(temporary.inside("trace"));
            try (TraceReader reader = new TraceReader(temporary.inside("trace"))) {
                List<TraceEvent> events = reader.events().toList();
                events.forEach(event -> System.out.println(event.name() + " " + event.values()));
                TraceEvent miss = events.get(1);
                System.out.println("one miss, of user:42, on the thread of the request, within it: "
                        + (events.size() == 3 && reader.problems().isEmpty() && "user:42".equals(miss.value("key"))
                        && miss.threadId() == events.getFirst().threadId()
                        && miss.timestamp() <= events.getLast().timestamp()));
            }
        }
    }
}
