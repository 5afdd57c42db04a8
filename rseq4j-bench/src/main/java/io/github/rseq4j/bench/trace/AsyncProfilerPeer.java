package io.github.rseq4j.bench.trace;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import one.profiler.AsyncProfiler;
import one.profiler.Span;

/**
 * async-profiler's spans. A span has a text and no other field, and there are no events without a duration. The
 * profiler always writes to a file; it samples once a second of CPU time meanwhile.
 */
final class AsyncProfilerPeer implements Peer {
    private static final String NAME = "profiler.Span";

    private JfrFile written = JfrFile.EMPTY;
    private Path file = Path.of("");

    @Override
    public Set<Kind> kinds() {
        return EnumSet.of(Kind.SPAN, Kind.TEXT);
    }

    @Override
    public String title() {
        return "async-profiler's Span, to a file";
    }

    @Override
    public void start(Path folder, boolean isToFiles) throws IOException {
        file = folder.resolve("trace.jfr");
        AsyncProfiler.getInstance().execute("start,event=ctimer,interval=1s,jfr,file=" + file);
    }

    @Override
    public void longs(long a, long b) {
        throw new UnsupportedOperationException("async-profiler has no event with fields");
    }

    @Override
    public void span(long id) {
        Span.end(Span.start(), "span");
    }

    @Override
    public void text(String text) {
        Span.end(Span.start(), text);
    }

    @Override
    public String consumer() {
        return "Async-profiler";
    }

    @Override
    public void stop() throws IOException, InterruptedException {
        AsyncProfiler.getInstance().execute("stop");
        written = JfrFile.of(file);
        if (written.count(NAME) == 0) {
            throw new IllegalStateException("async-profiler has recorded nothing");
        }
    }

    @Override
    public long arrived(Kind kind, long emitted) {
        return written.count(NAME);
    }
}
