package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A test that asserts on the events of a program. It runs the program, reads the trace, and checks events, fields and
 * times. The sample prints:
 *
 * <pre>
 * requests:request_begin [42]
 * requests:cacheMiss [user:42]
 * requests:request_end []
 * one miss, of user:42, on the thread of the request, within it
 * </pre>
 */
public final class Sample08ReadTrace {
    private Sample08ReadTrace() {}

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

    private static void check(boolean holds, Object what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    private static void check(Path folder) {
        try (TraceReader reader = new TraceReader(folder)) {
            List<TraceEvent> events = reader.events().toList();
            check(reader.problems().isEmpty(), reader.problems());
            for (TraceEvent event : events) {
                System.out.println(event.name() + " " + event.values());
            }
            List<TraceEvent> misses = events.stream().filter(e -> e.name().equals("requests:cacheMiss")).toList();
            check(misses.size() == 1 && "user:42".equals(misses.getFirst().value("key")), misses);
            check(misses.getFirst().threadId() == Thread.currentThread().threadId(), misses);
            TraceClock clock = Objects.requireNonNull(reader.description()).clock();
            check(!clock.instant(misses.getFirst().timestamp()).isAfter(clock.instant(events.getLast().timestamp())),
                    events);
            System.out.println("one miss, of user:42, on the thread of the request, within it");
        }
    }

    /**
     * Runs the sample.
     *
     * @param arguments none
     * @throws IOException if the trace cannot be written
     */
    public static void main(String[] arguments) throws IOException {
        Path folder = Files.createTempDirectory("rseq4j-sample").resolve("trace");
        record(folder);
        check(folder);
        try (Stream<Path> files = Files.walk(folder.getParent())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
