package io.github.rseq4j.bench.trace;

import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.TracerStats;
import java.io.IOException;
import java.nio.file.Path;

/** The tracer of rseq4j: a flight recorder, or streaming to files. */
final class TracerPeer implements Peer {
    private final TracerOptions options;
    private Path folder = Path.of("");
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
        return "rseq4j" + (options.isTimeOrdered() ? "" : ", unordered time");
    }

    @Override
    public void start(Path inFolder, boolean isToFiles) throws IOException {
        folder = inFolder;
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
        Path snapshot = folder.resolve("snapshot");
        try {
            tracer.snapshot(snapshot);
        } catch (IllegalStateException _) {
            // It streams.
        }
        tracer.close();
        TracerStats stats = tracer.stats();
        if (Folders.bytes(folder) < TracerOptions.MIN_SUB_BUFFER_BYTES || stats.lost() > 0
                || stats.failures() > 0) {
            throw new IllegalStateException(stats.toString());
        }
    }

    @Override
    public long arrived(Kind kind, long emitted) {
        // Of a span that found no room only one event is discarded, because no end follows.
        return emitted - tracer.stats().discarded();
    }
}
