package io.github.rseq4j.bench.trace;

import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.TracerStats;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;

/** The tracer of rseq4j: a flight recorder, or streaming to files. */
final class TracerPeer implements Peer {
    private final TracerOptions options;
    private Path folder = Path.of("");
    private boolean isToFiles;
    private Tracer tracer = notStarted();
    private Events events = notStarted();

    /** The events. */
    interface Events {
        /** An event with two longs. */
        void longs(@Field("a") long a, @Field("b") long b);

        /** A span. */
        Span span(@Field("id") long id);

        /** An event with a text. */
        void text(@Field("text") String text);
    }

    TracerPeer(TracerOptions options) {
        this.options = options;
    }

    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // start() comes first.
    private static <T> T notStarted() {
        return null;
    }

    @Override
    public String title() {
        return "rseq4j" + (options.isTimeOrdered() ? "" : ", unordered time")
                + (options.blocking().isZero() ? "" : ", waits for room");
    }

    @Override
    public void start(Path inFolder, boolean toFiles) throws IOException {
        folder = inFolder;
        isToFiles = toFiles;
        Path trace = folder.resolve("trace");
        tracer = isToFiles ? Tracer.streaming(trace, options) : Tracer.flightRecorder(trace, options);
        events = tracer.probes(Events.class);
    }

    @Override
    public void longs(long a, long b) {
        events.longs(a, b);
    }

    @Override
    public void span(long id) {
        events.span(id).close();
    }

    @Override
    public void text(String text) {
        events.text(text);
    }

    @Override
    public String consumer() {
        return "rseq4j-tracer";
    }

    @Override
    public void stop() throws IOException {
        Path written = tracer.folder();
        if (!isToFiles) {
            written = folder.resolve("snapshot");
            tracer.snapshot(written);
        }
        tracer.close();
        requireEvents(tracer.stats(), written);
    }

    /** Fails if a tracer has lost events, or its trace has none. */
    static void requireEvents(TracerStats stats, Path trace) {
        try (TraceReader reader = new TraceReader(trace)) {
            if (stats.lost() > 0 || stats.failures() > 0 || reader.events().findAny().isEmpty()) {
                throw new IllegalStateException(stats + ", " + reader.problems());
            }
        }
    }

    @Override
    public long arrived(Kind kind, long emitted) {
        // Of a span that found no room only one event is discarded, because no end follows.
        return emitted - tracer.stats().discarded();
    }
}
