package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A trace of requests on virtual threads, in the Common Trace Format. {@code ./rseq4j trace report FOLDER --html FILE}
 * shows such a folder as a timeline, and {@code babeltrace2 FOLDER} as text. The sample prints:
 *
 * <pre>
 * metadata is there: true
 * streams are there: true
 * discarded 0, lost 0
 * </pre>
 */
public final class Sample07Tracer {
    private static final int REQUESTS = 1000;

    private Sample07Tracer() {}

    /** The events. Each method is an event, and its parameters are the fields. */
    interface Requests {
        /** A request, from its begin to its end. */
        Span request(long id);

        /** A key that is not in the cache. */
        void cacheMiss(String key);
    }

    private static void serve(Requests events, long id) {
        try (Span _ = events.request(id)) {
            if (id % 10 == 0) {
                events.cacheMiss("user:" + id);
            }
        }
    }

    /**
     * Runs the sample.
     *
     * @param arguments none
     * @throws IOException if the trace cannot be written
     * @throws InterruptedException if the thread is interrupted
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("rseq4j-sample").resolve("trace");
        TracerStats stats;
        try (Tracer tracer = Tracer.streaming(folder)) {
            Requests events = tracer.probes(Requests.class);
            List<Thread> threads = Stream.iterate(0L, id -> id + 1).limit(REQUESTS)
                    .map(id -> Thread.startVirtualThread(() -> serve(events, id))).toList();
            for (Thread thread : threads) {
                thread.join();
            }
            tracer.flush();
            stats = tracer.stats();
        }
        System.out.println("metadata is there: " + Files.exists(folder.resolve("metadata")));
        System.out.println("streams are there: " + (stats.packets() > 0));
        System.out.println("discarded " + stats.discarded() + ", lost " + stats.lost());
        try (Stream<Path> files = Files.walk(folder.getParent())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
